"""Which service and operation a request names.

In order: the prefix of ``X-Amz-Target``; the service in the signature's scope (several services may share
one: then their paths tell them apart); the host, for traffic to AWS's own names; else S3, as only S3 serves
requests without a signature.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from clary.aws.canonical import SignedRequest, decode_query
from clary.aws.hosts import endpoint_prefixes, host_name, is_aws, is_beside_s3
from clary.aws.models import load_service
from clary.aws.paths import match_path
from clary.aws.refusals import Dialect
from clary.kernel.errors import ServiceError

S3 = "s3"
_FORM = "application/x-www-form-urlencoded"
_XML_SERVICES = frozenset({S3, "cloudfront", "route53"})
_DIALECTS = {
    "json": Dialect.JSON,
    "rest-json": Dialect.REST_JSON,
    "query": Dialect.QUERY,
    "rest-xml": Dialect.S3,
}


@dataclass(frozen=True, slots=True)
class Service:
    """What routing must know of one service."""

    name: str
    signing_name: str
    endpoint_prefix: str
    target_prefix: str | None
    protocols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes: a service (None: not served here), in one of its protocols."""

    service: Service | None
    protocol: str

    @property
    def dialect(self) -> Dialect:
        """How errors are worded."""
        return _DIALECTS[self.protocol]


@dataclass(frozen=True, slots=True)
class Route:
    """The operation of a request, with the labels of its path."""

    service: str
    operation: str
    labels: dict[str, str] = field(default_factory=dict)


class ServiceCatalog:
    """The services that this platform answers, by every sign that a request may carry."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_target: dict[str, Service] = {}
        self._by_signing_name: dict[str, list[Service]] = {}
        self._by_endpoint_prefix: dict[str, Service] = {}
        for service in map(_describe, sorted(set(names))):
            self._by_signing_name.setdefault(service.signing_name, []).append(service)
            self._by_endpoint_prefix[service.endpoint_prefix] = service
            if service.target_prefix:
                self._by_target[service.target_prefix] = service

    def find(self, request: SignedRequest, scope_service: str | None) -> Address:
        """The service that the request is for. ``scope_service`` comes from its signature, unverified."""
        if target := request.headers.get("x-amz-target"):
            return Address(self._by_target.get(target.rpartition(".")[0]), "json")
        host = host_name(request.headers.get("host", ""))
        if scope_service is None:
            service = self._by_host(host, request)
        elif scope_service == S3 and is_beside_s3(host):
            service = None
        else:
            service = self._by_scope(scope_service, request)
        if service is None:
            return Address(None, _guess_protocol(request, scope_service))
        return _address(service)

    def _by_scope(self, scope_service: str, request: SignedRequest) -> Service | None:
        candidates = self._by_signing_name.get(scope_service, [])
        if len(candidates) <= 1:
            return candidates[0] if candidates else None
        query = decode_query(request.query_string)
        for service in candidates:
            if service.protocols[0].startswith("rest-") and match_path(
                service.name, request.method, request.raw_path, query, request.headers
            ):
                return service
        return None

    def _by_host(self, host: str, request: SignedRequest) -> Service | None:
        if is_aws(host):
            found = (self._by_endpoint_prefix.get(prefix) for prefix in endpoint_prefixes(host))
            return next(filter(None, found), None)
        if is_form(request.headers):
            return None
        return next(iter(self._by_signing_name.get(S3, [])), None)


def find_operation(address: Address, request: SignedRequest, action: str | None) -> Route:
    """The operation in the service's own model. ``action`` is the form's Action, for the query protocol."""
    if address.service is None:
        raise _unknown(request.headers.get("x-amz-target") or request.raw_path.decode("latin-1"))
    service = address.service.name
    if address.protocol == "query":
        return _find_action(service, action)
    if address.protocol == "json":
        name = request.headers["x-amz-target"].rpartition(".")[2]
        if name not in load_service(service).operation_names:
            raise _unknown(name)
        return Route(service, name)
    query = decode_query(request.query_string)
    found = match_path(service, request.method, request.raw_path, query, request.headers)
    if found is None:
        raise _unknown(f"{request.method} {request.raw_path.decode('latin-1')}", status=404)
    return Route(service, found.operation, found.labels)


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether the body is a form, as the query protocol's is."""
    return headers.get("content-type", "").startswith(_FORM)


def _find_action(service: str, action: str | None) -> Route:
    if not action:
        raise ServiceError("The request must contain the parameter Action.", code="MissingAction")
    if action not in load_service(service).operation_names:
        version = load_service(service).api_version
        raise ServiceError(f"Could not find operation {action} for version {version}", code="InvalidAction")
    return Route(service, action)


def _unknown(name: str, status: int = 400) -> ServiceError:
    return ServiceError(f"Unknown operation: {name}", code="UnknownOperationException", status=status)


def _guess_protocol(request: SignedRequest, scope_service: str | None) -> str:
    if is_form(request.headers):
        return "query"
    return "rest-xml" if scope_service is None or scope_service in _XML_SERVICES else "rest-json"


@cache
def _address(service: Service) -> Address:
    # Without X-Amz-Target a request is not in a JSON protocol, whatever the service prefers.
    protocols = (name for name in service.protocols if name in _DIALECTS and name != "json")
    return Address(service, next(protocols, "json"))


def _describe(name: str) -> Service:
    if name == S3:
        # The object store routes by itself: its model, the largest of the REST ones, may stay unloaded.
        return Service(S3, S3, S3, None, ("rest-xml",))
    model = load_service(name)
    metadata = model.metadata
    return Service(
        name=name,
        signing_name=model.signing_name,
        endpoint_prefix=metadata["endpointPrefix"],
        target_prefix=metadata.get("targetPrefix"),
        protocols=tuple(metadata.get("protocols", (metadata["protocol"],))),
    )
