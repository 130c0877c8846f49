"""Which failures of training are the user's to mend, and the texts that say so."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from clary_algorithms.contract.errors import AlgorithmError, JobError, UserError

_USER_FAULTS = (
    "Target is multiclass but average='binary'",
    "base_score must be in (0,1)",
    "`base_score` must be greater than 0",
    "feature_names mismatch",
    "label must be non-negative",
    "Label contains NaN, infinity or a value too large",
    "can only be used with binary labels",
    "should be greater equal to",
)
"""Parts of the texts of XGBoost's own errors."""


def check_labels(labels: npt.NDArray[np.float32], *, objective: str, num_class: int | None) -> None:
    """Raise :class:`UserError` for labels outside what the objective takes.

    XGBoost checks them too, in words that change from release to release.
    """
    if objective in ("binary:logistic", "binary:logitraw", "reg:logistic"):
        if not np.all((labels >= 0) & (labels <= 1)):
            raise UserError("label must be in [0,1] for logistic regression")
    elif objective.startswith("multi:"):
        if not np.all((labels >= 0) & (labels < (num_class or 0)) & (labels == np.floor(labels))):
            raise UserError("SoftmaxMultiClassObj: label must be in [0, num_class).")
    elif objective == "count:poisson" and np.any(labels < 0):
        raise UserError("PoissonRegression: label must be nonnegative")
    elif objective == "reg:tweedie" and np.any(labels < 0):
        raise UserError("TweedieRegression: label must be nonnegative")


def check_both_classes(labels: npt.NDArray[np.float32], values: Mapping[str, Any]) -> None:
    """Raise :class:`UserError` where AUC is asked for and all labels are the same: it has no value then."""
    metrics = (*values.get("eval_metric", ()), values.get("_tuning_objective_metric", "").partition(":")[2])
    if "auc" in metrics and values.get("objective", "").startswith("binary:") and np.ptp(labels) == 0:
        raise UserError("Check failed: !auc_error AUC: the dataset only contains pos or neg samples")


@contextmanager
def blame_training_errors() -> Iterator[None]:
    """Turn what XGBoost raises into a :class:`UserError` if the user can mend it, else an AlgorithmError."""
    try:
        yield
    except JobError:
        raise
    except Exception as error:  # a library's errors, of any kind
        text = str(error).partition("\nStack trace:")[0].strip()
        if any(fault in text for fault in _USER_FAULTS):
            raise UserError(text) from error
        raise AlgorithmError(f"XGB train call failed with exception:\n {text}") from error
