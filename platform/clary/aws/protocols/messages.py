"""What goes into a protocol and what comes out, whatever the transport."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.model import OperationModel

from clary.kernel.errors import ServiceError

Members = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request for a known operation: ``query`` in decoded pairs, ``headers`` by lower-case names."""

    headers: Mapping[str, str]
    body: bytes
    query: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """An answer, ready to send."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class ErrorContext:
    """What an error's rendering may show beside the error. ``service`` is a botocore name, or ``""``."""

    service: str
    request_id: str
    resource: str = ""
    content_type: str = ""


class WireProtocol(Protocol):
    """One protocol of the AWS wire."""

    def parse(self, request: WireRequest, operation: OperationModel) -> Members:
        """The input, by the model's member names; SerializationException where it can't be read."""

    def render(
        self, output: Members, operation: OperationModel, request: WireRequest, request_id: str
    ) -> WireAnswer:
        """The answer for an output that fits the operation's output shape."""

    def render_error(self, error: ServiceError, context: ErrorContext) -> WireAnswer:
        """The answer for an error."""
