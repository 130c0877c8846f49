"""The demo's data: scikit-learn's breast cancer set, split once, as the CSV that XGBoost takes."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SEED = 7
HELD_OUT = 0.25


@dataclass(frozen=True, slots=True)
class Split:
    """Features (rows, 30) and labels (rows,) for training, and the same for what is held out."""

    train_features: Any
    train_labels: Any
    test_features: Any
    test_labels: Any


def load_split() -> Split:
    """569 tumours, 30 measurements each, labelled malignant (0) or benign (1)."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    features, labels = load_breast_cancer(return_X_y=True)
    train_features, test_features, train_labels, test_labels = train_test_split(
        features, labels, test_size=HELD_OUT, random_state=SEED, stratify=labels
    )
    return Split(train_features, train_labels, test_features, test_labels)


def to_csv(features: Any, labels: Sequence[Any] | None = None) -> bytes:
    """Rows without a header; the label, where given, comes first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for index, row in enumerate(features.tolist()):
        writer.writerow(row if labels is None else [labels[index], *row])
    return text.getvalue().encode()
