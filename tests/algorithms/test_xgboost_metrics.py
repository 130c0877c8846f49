"""The metrics that XGBoost does not compute itself, against scikit-learn's."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics

from clary_algorithms.xgboost.library import xgboost
from clary_algorithms.xgboost.metrics import CUSTOM, MAXIMIZED, MINIMIZED, evaluate_with, is_maximized

BINARY = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1": lambda truth, predicted: metrics.f1_score(truth, predicted, average="macro"),
    "f1_binary": metrics.f1_score,
    "f1_macro": lambda truth, predicted: metrics.f1_score(truth, predicted, average="macro"),
    "precision": metrics.precision_score,
    "precision_macro": lambda truth, predicted: metrics.precision_score(truth, predicted, average="macro"),
    "precision_micro": lambda truth, predicted: metrics.precision_score(truth, predicted, average="micro"),
    "recall": metrics.recall_score,
    "recall_macro": lambda truth, predicted: metrics.recall_score(truth, predicted, average="macro"),
    "recall_micro": lambda truth, predicted: metrics.recall_score(truth, predicted, average="micro"),
}
MULTICLASS = {name: BINARY[name] for name in BINARY if name not in ("f1_binary", "precision", "recall")}
REGRESSION = {"mse": metrics.mean_squared_error, "r2": metrics.r2_score}
Score = Callable[[np.ndarray, np.ndarray], float]


@pytest.mark.parametrize(("name", "expected"), BINARY.items())
def test_metric_of_two_classes(name: str, expected: Score) -> None:
    random = np.random.default_rng(1)
    labels = (random.random(500) > 0.7).astype(np.float32)
    predictions = np.clip(labels * 0.4 + random.random(500) * 0.6, 0, 1)
    assert CUSTOM[name](labels, predictions) == pytest.approx(expected(labels, predictions > 0.5))


@pytest.mark.parametrize(("name", "expected"), MULTICLASS.items())
def test_metric_of_many_classes(name: str, expected: Score) -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 4, 500).astype(np.float32)
    predictions = random.random((500, 4)) + 0.5 * np.eye(4)[labels.astype(int)]
    assert CUSTOM[name](labels, predictions) == pytest.approx(expected(labels, predictions.argmax(axis=1)))


@pytest.mark.parametrize(("name", "expected"), REGRESSION.items())
def test_metric_of_regression(name: str, expected: Score) -> None:
    random = np.random.default_rng(3)
    labels = random.normal(size=500).astype(np.float32)
    predictions = labels + random.normal(size=500)
    assert CUSTOM[name](labels, predictions) == pytest.approx(expected(labels, predictions), rel=1e-5)


@pytest.mark.parametrize("name", ["f1_binary", "precision", "recall"])
def test_metric_of_the_positive_class_refuses_others(name: str) -> None:
    with pytest.raises(ValueError, match="Target is multiclass but average='binary'"):
        CUSTOM[name](np.array([0, 1, 2], dtype=np.float32), np.eye(3))


def test_raw_scores_are_classes_by_their_sign() -> None:
    evaluate = evaluate_with(["accuracy"], objective="binary:logitraw")
    assert evaluate
    matrix = xgboost.DMatrix(np.zeros((2, 1)), np.array([0, 1]))
    assert evaluate(np.array([-0.1, 0.1]), matrix) == [("accuracy", 1.0)]


def test_direction_of_metrics() -> None:
    assert all(map(is_maximized, MAXIMIZED))
    assert not any(map(is_maximized, MINIMIZED))
    assert is_maximized("ndcg@5")
    assert not is_maximized("error@0.3")
