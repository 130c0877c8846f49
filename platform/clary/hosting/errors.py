"""The errors of sagemaker-runtime, in AWS's words where those are known."""

from clary.hosting.snapshot import Key
from clary.kernel.errors import ServiceError, UnsupportedOperation

_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. "
    "Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def endpoint_not_found(key: Key) -> ServiceError:
    """No such endpoint in the call's account and region, or none that serves."""
    account, _, name = key
    return ServiceError(f"Endpoint {name} of account {account} not found.", code="ValidationError")


def variant_not_found(key: Key, variant: str) -> ServiceError:
    """The target variant is none of the endpoint's."""
    account, _, name = key
    return ServiceError(
        f"Variant {variant} of endpoint {name} of account {account} not found.", code="ValidationError"
    )


def not_supported(header: str, key: Key) -> UnsupportedOperation:
    """The request asks for a way of hosting that the endpoint does not have."""
    return UnsupportedOperation(f"Endpoint {key[2]} does not support the header {header}.")


def unavailable(key: Key) -> ServiceError:
    """No instance can take the request now."""
    return ServiceError(
        f"Endpoint {key[2]} has no instance that can take the request. Try again later.",
        code="ServiceUnavailable",
        status=503,
    )


def throttled(key: Key) -> ServiceError:
    """Every instance has as many requests waiting as it may have."""
    return ServiceError(
        f"Rate exceeded: every instance of endpoint {key[2]} has its queue full.", code="ThrottlingException"
    )


def model_error(key: Key, status: int, text: str | None) -> ServiceError:
    """The container answered with an error; ``text`` is its body, None where that could not be read."""
    said = f'from primary with message "{text}"'
    if text is None:
        said = "from primary and could not load the entire response body"
    side = "client" if 400 <= status < 500 else "server"
    return _model_error(key, f"Received {side} error ({status}) {said}.", status, text or "")


def model_timed_out(key: Key) -> ServiceError:
    """The container did not answer in time."""
    return _model_error(
        key, f'Received server error (0) from primary with message "{_TIMED_OUT}".', 0, _TIMED_OUT
    )


def model_broke_off(key: Key) -> ServiceError:
    """The container closed the connection after the request was sent: it may have acted on it."""
    text = "The container closed the connection before it answered."
    return _model_error(key, f'Received server error (0) from primary with message "{text}".', 0, text)


def _model_error(key: Key, sentence: str, status: int, text: str) -> ServiceError:
    account, region, name = key
    group = f"/aws/sagemaker/Endpoints/{name}"
    console = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group}"
    return ServiceError(
        f"{sentence} See {console} in account {account} for more information.",
        code="ModelError",
        status=424,
        OriginalStatusCode=status,
        OriginalMessage=text,
        LogStreamArn=f"arn:aws:logs:{region}:{account}:log-group:{group}",
    )
