"""What the name in a path means to the operation behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from clary.aws.protocols.messages import Members
from clary.kernel.errors import ServiceError

_LOG_MEMBERS = frozenset(
    {
        "interleaved",
        "logGroupIdentifier",
        "logGroupName",
        "logStreamNamePrefix",
        "logStreamNames",
        "unmask",
    }
)

Run = Callable[[str, str, Members], Members]
"""Has an operation, by its service and name, answer in the request's context."""


class Binding(Protocol):
    """Turns the path's name into input members; ``members`` are the ones that a request can't give itself.

    ``needs`` are further SageMaker operations that must be there.
    """

    @property
    def members(self) -> frozenset[str]:
        """The input members that the path decides."""

    @property
    def named(self) -> "Named":
        """The operation's input member that the name must fit."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Other operations that the answer takes."""

    def answer(self, run: Run, name: str, given: Members) -> Members:
        """The operation's output for the resource of that name and the members given beside it."""


@dataclass(frozen=True, slots=True)
class Named:
    """The name is an input member."""

    service: str
    operation: str
    member: str
    needs: tuple[str, ...] = ()

    @property
    def named(self) -> "Named":
        return self

    @property
    def members(self) -> frozenset[str]:
        return frozenset({self.member})

    def answer(self, run: Run, name: str, given: Members) -> Members:
        return run(self.service, self.operation, {self.member: name, **given})


@dataclass(frozen=True, slots=True)
class Tagged:
    """The operations on tags want the resource's ARN, which its description tells."""

    service: str
    operation: str
    named: Named
    arn_member: str

    @property
    def members(self) -> frozenset[str]:
        return frozenset({"ResourceArn"})

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.named.operation,)

    def answer(self, run: Run, name: str, given: Members) -> Members:
        arn = self.named.answer(run, name, {})[self.arn_member]
        return run(self.service, self.operation, {"ResourceArn": arn, **given})


@dataclass(frozen=True, slots=True)
class Logged:
    """A resource's log lines: those of its streams, in the group where SageMaker puts them.

    ``group`` and ``prefix`` (of the streams' names) have the resource's name for ``{}``.
    """

    service: str
    operation: str
    named: Named
    group: str
    prefix: str

    @property
    def members(self) -> frozenset[str]:
        return _LOG_MEMBERS

    @property
    def needs(self) -> tuple[str, ...]:
        return (self.named.operation,)

    def answer(self, run: Run, name: str, given: Members) -> Members:
        self.named.answer(run, name, {})
        wanted = {"logGroupName": self.group.format(name)}
        if self.prefix:
            wanted["logStreamNamePrefix"] = self.prefix.format(name)
        try:
            return run(self.service, self.operation, wanted | given)
        except ServiceError as error:
            # The group appears with the first line.
            if error.code == "ResourceNotFoundException":
                return {"events": []}
            raise
