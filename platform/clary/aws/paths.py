"""From method, path and query to an operation, for services whose operations have paths of their own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from botocore.model import OperationModel

from clary.aws.models import load_service

_LABEL = re.compile(r"\{(\w+)(\+?)\}")
# Added by SDKs to tell operations apart in logs; it has no meaning to the service.
_IGNORED_QUERY = "x-id"


@dataclass(frozen=True, slots=True)
class PathMatch:
    """An operation and the labels of its path, decoded."""

    operation: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    operation: str
    method: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    literals: int
    greedy: int
    query: tuple[tuple[str, str], ...]
    required_query: frozenset[str]
    required_headers: frozenset[str]

    @property
    def rank(self) -> tuple[int, ...]:
        """Sorts the most telling rule first."""
        return (
            self.greedy,
            -self.literals,
            -len(self.query),
            -len(self.required_query | self.required_headers),
        )

    def fits(self, query: Mapping[str, str]) -> bool:
        return all(name in query and value in {"", query[name]} for name, value in self.query)

    def is_complete(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return self.required_query <= query.keys() and self.required_headers <= headers.keys()


@cache
def load_paths(service: str) -> tuple[_Rule, ...]:
    """The path rules of a service, most literal first."""
    model = load_service(service)
    rules = (_compile(model.operation_model(name)) for name in model.operation_names)
    return tuple(sorted(rules, key=lambda rule: rule.rank))


def match_path(
    service: str, method: str, raw_path: bytes, query: Mapping[str, str], headers: Mapping[str, str]
) -> PathMatch | None:
    """The operation that the request names: the longest, most literal rule whose query keys are all there.

    Among rules with one path, one whose required query and header members are present wins (UploadPart over
    PutObject); where none is complete the least demanding one is taken, and validation names what is missing.
    """
    path = raw_path.decode("latin-1")
    incomplete: PathMatch | None = None
    for rule in load_paths(service):
        if rule.method != method or not rule.fits(query):
            continue
        if matched := rule.path.fullmatch(path):
            found = PathMatch(rule.operation, _labels(rule, matched))
            if rule.is_complete(query, headers):
                return found
            incomplete = found
    return incomplete


def _labels(rule: _Rule, matched: re.Match[str]) -> dict[str, str]:
    return {name: unquote(value) for name, value in zip(rule.labels, matched.groups(), strict=True)}


def _compile(operation: OperationModel) -> _Rule:
    path, _, query = operation.http["requestUri"].partition("?")
    segments = [segment for segment in path.split("/") if segment]
    labels = _LABEL.findall(path)
    return _Rule(
        operation=operation.name,
        method=operation.http["method"],
        path=re.compile(_pattern(path)),
        labels=tuple(name for name, _ in labels),
        literals=sum("{" not in segment for segment in segments),
        greedy=sum(1 for _, plus in labels if plus),
        query=tuple(_required_pairs(query)),
        required_query=frozenset(_required_members(operation, "querystring")),
        required_headers=frozenset(name.lower() for name in _required_members(operation, "header")),
    )


def _pattern(path: str) -> str:
    pieces = []
    position = 0
    for label in _LABEL.finditer(path):
        pieces += [re.escape(path[position : label.start()]), "(.+)" if label[2] else "([^/]+)"]
        position = label.end()
    pieces.append(re.escape(path[position:]))
    pattern = "".join(pieces)
    return pattern if pattern.endswith(("/", "(.+)")) else f"{pattern}/?"


def _required_pairs(query: str) -> Iterable[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name != _IGNORED_QUERY:
            yield name, value


def _required_members(operation: OperationModel, location: str) -> Iterable[str]:
    shape = operation.input_shape
    if shape is None:
        return
    for name in shape.required_members:
        serialization = shape.members[name].serialization
        if serialization.get("location") == location:
            yield serialization.get("name", name)
