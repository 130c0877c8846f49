"""CloudWatch's errors: the codes of its query protocol, which its JSON answers carry too."""

from clary.kernel.errors import ServiceError


class InvalidParameterValue(ServiceError):
    """A value that breaks a rule."""

    code = "InvalidParameterValue"


class InvalidParameterCombination(ServiceError):
    """Values that don't go together."""

    code = "InvalidParameterCombination"


class InvalidRequest(ServiceError):
    """A request that breaks a rule, in the words of GetMetricData."""

    code = "ValidationError"


class InvalidNextToken(ServiceError):
    """A token that no page gave."""

    code = "InvalidNextToken"
