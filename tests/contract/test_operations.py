"""Contract tests, generated from botocore's model for every operation that is registered.

They say nothing of what an operation does: only that the wire before it reads valid input, names every broken
constraint, and refuses what can't be read or was not signed.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from clary.aws import operations
from clary.aws.models import load_operation
from clary.aws.operations import Operation
from clary.aws.validation import validation_code
from support.examples import Members, broken_examples, full_example, minimal_example
from support.signed import Answer, send, send_signed, serialize, sign
from support.wire import WireServer

RawClient = Callable[[str], Any]


def model_of(operation: Operation) -> OperationModel:
    """botocore's model of a registered operation."""
    return load_operation(operation.service, operation.name)


def input_members(operation: Operation) -> dict[str, Any]:
    shape = model_of(operation).input_shape
    return dict(shape.members) if shape else {}


def is_json(operation: Operation) -> bool:
    return bool(model_of(operation).service_model.resolved_protocol == "json")


def text_member(operation: Operation) -> str | None:
    """An input member that must be a string."""
    return next(
        (name for name, shape in input_members(operation).items() if shape.type_name == "string"), None
    )


operations.discover()
ALL = [pytest.param(item, id=f"{item.service}.{item.name}") for item in operations.registered()]
WITH_INPUT = [item for item in ALL if input_members(item.values[0])]
JSON = [item for item in ALL if is_json(item.values[0])]
JSON_WITH_TEXT = [item for item in JSON if text_member(item.values[0])]


def call(client: Any, operation: Operation, members: Members) -> dict[str, Any]:
    """The error that the call ends in, or {}; boto3 sends what it is given."""
    try:
        client._make_api_call(operation.name, members)
    except ClientError as error:
        return {**error.response["Error"], "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    return {}


def send_changed(wire: WireServer, operation: Operation, change: Callable[[bytes], bytes]) -> Answer:
    """The operation's minimal request with another body, rightly signed."""
    model = model_of(operation)
    request = serialize(model, minimal_example(model))
    body = change(request["body"])
    signing_name = model.service_model.signing_name
    signed = sign(
        wire.url + request["path"],
        service=signing_name,
        method=request["method"],
        body=body,
        headers=request["headers"],
    )
    return send_signed(signed, body)


def add_unknown_member(body: bytes) -> bytes:
    if body.startswith(b"{"):
        return json.dumps(json.loads(body) | {"NoSuchMember": {"a": [1, None]}}).encode()
    return body + b"&NoSuchMember.member.1=a" if body else body


@pytest.mark.parametrize("operation", ALL)
@pytest.mark.parametrize("example", [minimal_example, full_example])
def test_valid_input_passes_the_wire(raw_client: RawClient, operation: Operation, example: Any) -> None:
    error = call(raw_client(operation.service), operation, example(model_of(operation)))
    assert error.get("Code") not in {"SerializationException", "MalformedInput", "InternalFailure"}, error
    assert "validation error" not in error.get("Message", "")


@pytest.mark.parametrize("operation", WITH_INPUT)
def test_every_broken_constraint_is_named(raw_client: RawClient, operation: Operation) -> None:
    client = raw_client(operation.service)
    for example in broken_examples(model_of(operation)):
        error = call(client, operation, example.members)
        assert error.get("Code") == validation_code(operation.service), (error, example)
        assert error["Status"] == 400
        assert example.report in error["Message"]


@pytest.mark.parametrize("operation", ALL)
def test_unknown_members_are_ignored(platform_wire: WireServer, operation: Operation) -> None:
    answer = send_changed(platform_wire, operation, add_unknown_member)
    assert answer.code not in {"SerializationException", "MalformedInput", "InternalFailure"}
    assert b"validation error" not in answer.body


@pytest.mark.parametrize("operation", JSON)
@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff", b"{'a': 1}", b"[" * 100_000],
    ids=["cut", "a list", "not text", "not JSON", "deep"],
)
def test_a_malformed_body_is_refused(platform_wire: WireServer, operation: Operation, body: bytes) -> None:
    answer = send_changed(platform_wire, operation, lambda _: body)
    assert (answer.status, answer.code) == (400, "SerializationException")


@pytest.mark.parametrize("operation", JSON_WITH_TEXT)
@pytest.mark.parametrize("value", [1, True, ["a"], {"a": "b"}])
def test_a_value_of_the_wrong_type_is_refused(
    platform_wire: WireServer, operation: Operation, value: Any
) -> None:
    body = json.dumps({text_member(operation): value}).encode()
    answer = send_changed(platform_wire, operation, lambda _: body)
    assert (answer.status, answer.code) == (400, "SerializationException")


@pytest.mark.parametrize("operation", ALL)
def test_unsigned_and_wrongly_signed_requests_are_refused(
    platform_wire: WireServer, operation: Operation
) -> None:
    model = model_of(operation)
    request = serialize(model, minimal_example(model))
    wrong = sign(
        platform_wire.url + request["path"],
        service=model.service_model.signing_name,
        method=request["method"],
        body=request["body"],
        headers=request["headers"],
        secret="wrong",
    )
    assert send_signed(wrong, request["body"]).code in {"SignatureDoesNotMatch", "InvalidSignatureException"}
    host = f"{model.service_model.endpoint_prefix}.eu-west-1.amazonaws.com"
    unsigned = send(
        platform_wire.url + request["path"],
        method=request["method"],
        headers=request["headers"] | {"Host": host},
        body=request["body"],
    )
    assert unsigned.status == 403
    assert unsigned.code.startswith("MissingAuthenticationToken")
