"""A wire with a few operations of real services, one for every protocol."""

from collections.abc import Iterator
from typing import Any

import pytest

from clary.aws import operations
from clary.aws.exchange import Exchange
from support.wire import WireServer, wire_server


class Calls:
    """What the handlers were given and what they are to answer, by operation."""

    def __init__(self) -> None:
        self.contexts: dict[str, operations.Context] = {}
        self.requests: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, Any] = {}

    def handler(self, name: str) -> operations.Handler:
        """A handler that keeps its input and gives the answer that the test chose, raising exceptions."""

        def handle(context: operations.Context, request: dict[str, Any]) -> Any:
            self.contexts[name], self.requests[name] = context, request
            answer = self.answers.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return handle


class EchoStore:
    """A streaming service that tells who it was called by and what was sent."""

    body_limit = 1024

    async def handle(self, exchange: Exchange) -> None:
        body = await exchange.read_body(2048)
        account = exchange.identity.account if exchange.identity else "anonymous"
        headers = [("x-amz-meta-account", account), ("x-amz-meta-body", body.decode())]
        await exchange.respond(200, headers, b"" if exchange.method in {"HEAD", "PUT"} else body)


_OPERATIONS = (
    ("sagemaker", "DescribeEndpoint"),
    ("sagemaker", "CreateEndpointConfig"),
    ("sagemaker", "CreateTrainingJob"),
    ("sagemaker", "ListTags"),
    ("sts", "GetCallerIdentity"),
    ("sts", "AssumeRole"),
    ("iam", "GetRole"),
    ("iam", "CreateRole"),
    ("iam", "SimulatePrincipalPolicy"),
    ("sagemaker-featurestore-runtime", "GetRecord"),
    ("sagemaker-featurestore-runtime", "PutRecord"),
    ("sagemaker-metrics", "BatchPutMetrics"),
    ("kms", "Encrypt"),
    ("cloudwatch", "PutMetricData"),
    ("cloudwatch", "ListMetrics"),
    ("lambda", "Invoke"),
    ("lambda", "TagResource"),
)


@pytest.fixture(scope="module")
def registry() -> Iterator[Calls]:
    """The operations of this module's tests alone; the registry is as before afterwards."""
    calls = Calls()
    kept = dict(operations._registry)
    operations._registry.clear()
    for service, name in _OPERATIONS:
        operations.register(service, name, calls.handler(name))
    yield calls
    operations._registry.clear()
    operations._registry.update(kept)


@pytest.fixture(scope="module")
def wire(registry: Calls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireServer]:
    """A wire that answers those operations, with an echo where the streaming services are."""
    assert registry.requests == {}
    echo = EchoStore()
    folder = tmp_path_factory.mktemp("wire")
    with wire_server(folder, {"s3": echo, "sagemaker-runtime": echo}) as server:
        yield server


@pytest.fixture
def calls(registry: Calls) -> Calls:
    """The record of what handlers got, empty at the start of every test."""
    registry.contexts.clear()
    registry.requests.clear()
    registry.answers.clear()
    return registry
