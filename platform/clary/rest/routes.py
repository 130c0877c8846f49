"""Methods and paths of the REST API, derived from the names of SageMaker's operations.

    CreateTrainingJob                  POST   /training-jobs
    ListTrainingJobs                   GET    /training-jobs
    DescribeTrainingJob                GET    /training-jobs/{name}
    UpdateTrainingJob                  PATCH  /training-jobs/{name}
    DeleteTrainingJob                  DELETE /training-jobs/{name}
    StopTrainingJob                    POST   /training-jobs/{name}/stop
    UpdateEndpointWeightsAndCapacities PATCH  /endpoints/{name}/weights-and-capacities
    Search                             POST   /search

Beside them each kind has its tags (AddTags, ListTags, DeleteTags), and kinds whose containers write to
CloudWatch Logs have their lines (FilterLogEvents). Every operation of the model has its path, so that paths
stay what they are whatever is registered. Another service would get paths of its own in :func:`_derive`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from botocore.model import ListShape, OperationModel, Shape

from clary.aws import operations
from clary.aws.models import load_operation, load_service
from clary.rest.bindings import Binding, Logged, Named, Tagged
from clary.rest.errors import MethodNotAllowed, NoSuchPage
from clary.rest.naming import SERVICE, Vocabulary, Words, find_name_member, to_path

NAME = "{name}"
# Verbs that are methods; every other one ends a path that takes POST.
_METHODS = {
    "Describe": "GET",
    "Get": "GET",
    "List": "GET",
    "Put": "PUT",
    "Update": "PATCH",
    "Delete": "DELETE",
}
_TAGS = {"ListTags": "GET", "AddTags": "PUT", "DeleteTags": "DELETE"}
# Log group, and the beginning of the streams' names, by kind.
_LOGS = {
    "Endpoint": ("/aws/sagemaker/Endpoints/{}", ""),
    "ProcessingJob": ("/aws/sagemaker/ProcessingJobs", "{}/"),
    "TrainingJob": ("/aws/sagemaker/TrainingJobs", "{}/"),
    "TransformJob": ("/aws/sagemaker/TransformJobs", "{}/"),
}
_SIMPLE = frozenset({"string", "integer", "long", "float", "double", "boolean", "timestamp"})

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and the operation behind it.

    ``binding`` is what the path's name means to it; None where the path has no name. ``kind`` is the kind of
    resource that it is about, if any.
    """

    method: str
    path: Path
    service: str
    operation: str
    kind: str = ""
    binding: Binding | None = None

    @property
    def model(self) -> OperationModel:
        """The operation's model."""
        return load_operation(self.service, self.operation)

    @property
    def status(self) -> int:
        """The HTTP status of success."""
        if self.method == "DELETE" or self.model.output_shape is None:
            return 204
        return 201 if self.operation == f"Create{self.kind}" else 200

    @property
    def is_served(self) -> bool:
        """Whether everything that the answer takes is registered."""
        needed = [(SERVICE, name) for name in (self.binding.needs if self.binding else ())]
        return all(operations.find(*key) for key in [(self.service, self.operation), *needed])

    @property
    def takes_body(self) -> bool:
        """Whether members come as a JSON document; else they come in the query."""
        return self.method not in {"GET", "DELETE"}

    @property
    def members(self) -> dict[str, Shape]:
        """The input members that a request may give beside its path."""
        shape = self.model.input_shape
        bound = self.binding.members if self.binding else frozenset()
        return {
            name: member
            for name, member in (shape.members if shape else {}).items()
            if name not in bound and (self.takes_body or _fits_query(member))
        }


class RouteTable:
    """Every route, by path and method."""

    def __init__(self) -> None:
        self._paths: dict[Path, dict[str, Route]] = {}
        for route in _derive():
            self._paths.setdefault(route.path, {}).setdefault(route.method, route)

    def __iter__(self) -> Iterator[Route]:
        for path in sorted(self._paths):
            yield from self._paths[path].values()

    def find(self, method: str, path: Path) -> tuple[Route, str]:
        """The route, and the name in the path (empty where it has none); an error where there is none."""
        name = ""
        methods = self._paths.get(path)
        if methods is None and len(path) > 1:
            name = path[1]
            methods = self._paths.get((path[0], NAME, *path[2:]))
        if methods is None:
            raise NoSuchPage(f"There is nothing at /{'/'.join(path)}.")
        route = methods.get(method)
        if route is None:
            served = tuple(sorted(methods))
            raise MethodNotAllowed(f"{method} is not one of {', '.join(served)}.", allowed=served)
        return route, name


@cache
def load_routes() -> RouteTable:
    """The table, made when it is first asked for."""
    return RouteTable()


def _derive() -> Iterator[Route]:
    vocabulary = Vocabulary()
    for operation in load_service(SERVICE).operation_names:
        words = vocabulary.split(operation)
        collection = to_path(vocabulary.kinds.get(words.kind, ""))
        if operation in _TAGS:
            yield Route(_TAGS[operation], ("tags",), SERVICE, operation)
        else:
            yield _place(operation, words, collection)
        if words.verb == "Describe" and not words.rest:
            yield from _add_views(words.kind, collection)


def _place(operation: str, words: Words, collection: str) -> Route:
    if words.kind and not words.rest and words.verb in {"Create", "List"}:
        method = "POST" if words.verb == "Create" else "GET"
        return Route(method, (collection,), SERVICE, operation, words.kind)
    named = _name(operation, words.kind) if words.kind else None
    method = _METHODS.get(words.verb, "POST")
    if named is None or not _is_sendable(method, operation, named):
        return Route("POST", (to_path(operation),), SERVICE, operation)
    last = words.rest if words.verb in _METHODS else words.verb + words.rest
    path = (collection, NAME, *([to_path(last)] if last else []))
    return Route(method, path, SERVICE, operation, words.kind, named)


def _add_views(kind: str, collection: str) -> Iterator[Route]:
    described = _name(f"Describe{kind}", kind)
    output = load_operation(SERVICE, f"Describe{kind}").output_shape
    arn_member = f"{kind}Arn"
    if described is None or not _is_sendable("GET", described.operation, described):
        return
    if output and arn_member in output.members:
        for operation, method in _TAGS.items():
            tagged = Tagged(SERVICE, operation, described, arn_member)
            yield Route(method, (collection, NAME, "tags"), SERVICE, operation, kind, tagged)
    if kind in _LOGS:
        logged = Logged("logs", "FilterLogEvents", described, *_LOGS[kind])
        yield Route("GET", (collection, NAME, "logs"), "logs", "FilterLogEvents", kind, logged)


def _name(operation: str, kind: str) -> Named | None:
    member = find_name_member(kind, load_operation(SERVICE, operation))
    return Named(SERVICE, operation, member) if member else None


def _is_sendable(method: str, operation: str, named: Named) -> bool:
    shape = load_operation(SERVICE, operation).input_shape
    if shape is None or method not in {"GET", "DELETE"}:
        return True
    return all(_fits_query(shape.members[name]) for name in shape.required_members if name != named.member)


def _fits_query(shape: Shape) -> bool:
    if isinstance(shape, ListShape):
        return shape.member.type_name in _SIMPLE
    return shape.type_name in _SIMPLE
