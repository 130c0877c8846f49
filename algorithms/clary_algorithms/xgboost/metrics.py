"""Evaluation metrics: the names that are accepted, and those that XGBoost does not have itself."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from xgboost import DMatrix

MAXIMIZED = (
    "accuracy",
    "auc",
    "aucpr",
    "balanced_accuracy",
    "f1",
    "f1_binary",
    "f1_macro",
    "map",
    "ndcg",
    "precision",
    "precision_macro",
    "precision_micro",
    "r2",
    "recall",
    "recall_macro",
    "recall_micro",
)
MINIMIZED = (
    "aft-nloglik",
    "cox-nloglik",
    "error",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "mse",
    "poisson-nloglik",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
)
WITH_THRESHOLD = ("error", "map", "ndcg")

Labels = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating]
Evaluation = Callable[[Numbers, "DMatrix"], list[tuple[str, float]]]


def published_name(metric: str) -> str:
    """A metric's name as the metric regexes have it: without the power that XGBoost adds to one."""
    return "tweedie-nloglik" if metric.startswith("tweedie-nloglik@") else metric


def is_maximized(metric: str) -> bool:
    return metric.partition("@")[0] in MAXIMIZED


def evaluate_with(names: Sequence[str], *, objective: str) -> Evaluation | None:
    """A ``custom_metric`` for ``xgboost.train`` that computes the named metrics; None for no names."""
    if not names:
        return None

    def evaluate(predictions: Numbers, matrix: "DMatrix") -> list[tuple[str, float]]:
        labels = matrix.get_label()
        if objective == "binary:logitraw":
            predictions = (predictions > 0).astype(np.float32)
        return [(name, CUSTOM[name](labels, predictions)) for name in names]

    return evaluate


def mean_squared_error(labels: Labels, predictions: Numbers) -> float:
    return float(np.mean(np.square(labels - predictions, dtype=np.float64)))


def r_squared(labels: Labels, predictions: Numbers) -> float:
    """Coefficient of determination; 0 where the labels do not vary and the predictions miss them."""
    labels = labels.astype(np.float64)
    residual = float(np.sum(np.square(labels - predictions)))
    total = float(np.sum(np.square(labels - labels.mean())))
    if total == 0.0:
        return 1.0 if residual == 0.0 else 0.0
    return 1.0 - residual / total


def to_classes(predictions: Numbers) -> npt.NDArray[np.int64]:
    """The class of each row: the largest of its probabilities, or the one probability rounded."""
    classes = predictions.argmax(axis=1) if predictions.ndim == 2 else np.rint(predictions)
    return np.asarray(classes, dtype=np.int64)


class _Confusion:
    """Counts by class, over the classes that occur in the labels or the predictions."""

    def __init__(self, labels: Labels, predictions: Numbers) -> None:
        self.truth, predicted = labels.astype(np.int64), to_classes(predictions)
        self.correct = self.truth == predicted
        self.classes, rank = np.unique(np.concatenate([self.truth, predicted]), return_inverse=True)
        size, rows = len(self.classes), len(self.truth)
        self.actual = np.bincount(rank[:rows], minlength=size).astype(np.float64)
        self.predicted = np.bincount(rank[rows:], minlength=size).astype(np.float64)
        self.hits = np.bincount(rank[:rows][self.correct], minlength=size).astype(np.float64)

    def precisions(self) -> npt.NDArray[np.float64]:
        return self.hits / np.maximum(self.predicted, 1.0)

    def recalls(self) -> npt.NDArray[np.float64]:
        return self.hits / np.maximum(self.actual, 1.0)

    def f1s(self) -> npt.NDArray[np.float64]:
        return 2.0 * self.hits / np.maximum(self.actual + self.predicted, 1.0)

    def of_positive_class(self, values: npt.NDArray[np.float64]) -> float:
        if np.any(~np.isin(self.classes, (0, 1))):
            raise ValueError("Target is multiclass but average='binary'")
        return float(values[self.classes == 1].sum())


def _accuracy(labels: Labels, predictions: Numbers) -> float:
    return float(np.mean(labels.astype(np.int64) == to_classes(predictions)))


def _balanced_accuracy(labels: Labels, predictions: Numbers) -> float:
    counts = _Confusion(labels, predictions)
    return float(np.mean(counts.recalls()[counts.actual > 0]))


def _f1_binary(labels: Labels, predictions: Numbers) -> float:
    counts = _Confusion(labels, predictions)
    return counts.of_positive_class(counts.f1s())


def _f1_macro(labels: Labels, predictions: Numbers) -> float:
    return float(_Confusion(labels, predictions).f1s().mean())


def _precision(labels: Labels, predictions: Numbers) -> float:
    counts = _Confusion(labels, predictions)
    return counts.of_positive_class(counts.precisions())


def _precision_macro(labels: Labels, predictions: Numbers) -> float:
    return float(_Confusion(labels, predictions).precisions().mean())


def _recall(labels: Labels, predictions: Numbers) -> float:
    counts = _Confusion(labels, predictions)
    return counts.of_positive_class(counts.recalls())


def _recall_macro(labels: Labels, predictions: Numbers) -> float:
    return float(_Confusion(labels, predictions).recalls().mean())


CUSTOM: dict[str, Callable[[Labels, Numbers], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1_macro,
    "f1_binary": _f1_binary,
    "f1_macro": _f1_macro,
    "mse": mean_squared_error,
    "precision": _precision,
    "precision_macro": _precision_macro,
    "precision_micro": _accuracy,
    "r2": r_squared,
    "recall": _recall,
    "recall_macro": _recall_macro,
    "recall_micro": _accuracy,
}
"""By name. Every row has one class, so precision and recall averaged over rows are both the accuracy."""
