"""Which of XGBoost's errors are the user's to mend."""

from collections.abc import Iterator
from contextlib import contextmanager

from clary_algorithms.contract.errors import AlgorithmError, JobError, UserError

_USER_FAULTS = (
    "label must be in [0,1] for logistic regression",
    "label must be in [0, num_class)",
    "Target is multiclass but average='binary'",
    "feature_names mismatch",
    "Check failed: preds.size() == info.labels_.size()",
    "the dataset only contains pos or neg samples",
    "base_score must be in (0,1)",
    "label must be nonnegative",
    "Parameter reg_lambda should be greater equal to 0",
)
_SAID_OTHERWISE_NOW = {
    "SoftmaxMultiClassObj: label must be in": "label must be in [0, num_class)",
}


@contextmanager
def blame_training_errors() -> Iterator[None]:
    """Raise what XGBoost raises as a :class:`UserError` where the user can mend it, else an AlgorithmError."""
    try:
        yield
    except JobError:
        raise
    except Exception as error:  # a library's errors, of any kind
        text = _strip_stack_trace(str(error))
        if any(fault in text for fault in _USER_FAULTS):
            raise UserError(text) from error
        raise AlgorithmError(f"XGB train call failed with exception:\n {text}") from error


def _strip_stack_trace(text: str) -> str:
    return text.partition("\nStack trace:")[0].strip()
