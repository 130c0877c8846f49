"""The usage reports of the SageMaker SDKs, which come here under ``clary run``: taken, and dropped."""

from clary.aws.hosts import host_name, is_telemetry
from clary.gateway.asgi import Receive, Scope, Send

_PATH = "/telemetry"


def is_report(scope: Scope) -> bool:
    """Whether the request is such a report, and no object of that name."""
    if scope["path"] != _PATH:
        return False
    hosts = (value for name, value in scope["headers"] if name == b"host")
    return any(is_telemetry(host_name(host.decode("latin-1"))) for host in hosts)


async def drop_report(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 200, as AWS does."""
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
