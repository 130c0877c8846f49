"""Server-side validation: every constraint that the model declares, all failures in one error.

The wording and the paths (``productionVariants.1.member.modelName``) are AWS's own.
"""

from functools import cache
from typing import Any

from clary.aws.checks import Check, Failure, compile_check
from clary.aws.models import load_operation, load_service
from clary.kernel.errors import ValidationError

# Beyond this many failures no one reads on, and a hostile request would get an answer larger than itself.
MAX_FAILURES = 50
_CODES = ("ValidationException", "ValidationError")


def validate_input(service: str, operation: str, members: dict[str, Any]) -> None:
    """Raise a validation error that lists every broken constraint of the operation's input."""
    check = _input_check(service, operation)
    if check is None:
        return
    failures: list[Failure] = []
    check(members, "", failures)
    if failures:
        raise ValidationError(_describe(failures[:MAX_FAILURES]), code=validation_code(service))


@cache
def validation_code(service: str) -> str:
    """The code of validation errors: what the service's model declares, else its protocol's usual one."""
    model = load_service(service)
    names = {shape.name for shape in model.error_shapes}
    declared = next((code for code in _CODES if code in names), None)
    return declared or ("ValidationError" if model.metadata["protocol"] == "query" else "ValidationException")


@cache
def _input_check(service: str, operation: str) -> Check | None:
    shape = load_operation(service, operation).input_shape
    return None if shape is None else compile_check(shape)


def _describe(failures: list[Failure]) -> str:
    noun = "error" if len(failures) == 1 else "errors"
    return f"{len(failures)} validation {noun} detected: " + "; ".join(str(failure) for failure in failures)
