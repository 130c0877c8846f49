"""docs/coverage.md: every operation of the services that the platform answers, and how far it goes."""

from collections import defaultdict
from collections.abc import Iterable

from clary.aws import operations
from clary.aws.models import load_service
from clary.aws.operations import Support
from clary.objectstore import routes
from pages import NOTICE

# Answered by handlers of the object store that serve more than one operation.
OTHERWISE_NAMED = {"DeleteObject"}

HEAD = """# Coverage

*real*: does what AWS does. *recorded*: validated, stored, listed and deleted, with its states.
An operation that is not named here answers `UnsupportedOperation`; it is never faked.

| service | real | recorded |
|---|---|---|
"""


def render() -> str:
    """The page."""
    found = find_operations()
    summary, details = [], []
    for service in sorted(found):
        real, recorded = (found[service][support] for support in Support)
        # AWS's own count is left out: it changes with every release of botocore, and the page must not.
        summary.append(f"| {service} | {len(real)} | {len(recorded)} |\n")
        details.append(f"\n## {service}\n" + _list("real", real) + _list("recorded", recorded))
    return NOTICE + HEAD + "".join(summary) + "".join(details)


def find_operations() -> dict[str, dict[Support, set[str]]]:
    """Names by service and support, of registered operations and of the services that stream."""
    found: dict[str, dict[Support, set[str]]] = defaultdict(lambda: {support: set() for support in Support})
    operations.discover()
    for operation in operations.registered():
        found[operation.service][operation.support].add(operation.name)
    found["sagemaker-runtime"][Support.REAL].add("InvokeEndpoint")
    # The object store's handlers are called like the operations they answer.
    names = {handler.__name__.title().replace("_", "") for handler in routes.handlers()}
    found["s3"][Support.REAL] |= (names | OTHERWISE_NAMED) & set(load_service("s3").operation_names)
    return found


def _list(word: str, names: Iterable[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in sorted(names))
    return f"\n*{word}*: {listed}\n" if listed else ""
