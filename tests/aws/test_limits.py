"""What the wire does with requests that are too much, unknown or cut off."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.exceptions import ClientError

from clary.aws.dispatch import BODY_LIMIT
from support.signed import send_signed, sign
from support.wire import WireServer


def test_too_large_a_body_is_refused_before_it_is_sent(wire: WireServer) -> None:
    target = {"X-Amz-Target": "SageMaker.ListTags", "Content-Length": str(BODY_LIMIT + 1)}
    answer = send_signed(sign(f"{wire.url}/", service="sagemaker", headers=target))
    assert (answer.status, answer.code) == (413, "RequestEntityTooLarge")


def test_too_large_a_chunked_body_is_refused(wire: WireServer, calls: Any) -> None:
    with pytest.raises(ClientError) as caught:
        wire.client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"x" * 1025)
    assert caught.value.response["Error"]["Code"] == "RequestEntityTooLarge"
    assert calls.requests == {}


def test_an_operation_of_the_model_that_is_not_here_is_named(wire: WireServer) -> None:
    with pytest.raises(ClientError, match="CreateHub") as caught:
        wire.client("sagemaker").create_hub(HubName="h", HubDescription="d")
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperation"
    with pytest.raises(ClientError, match="ListUsers") as caught:
        wire.client("iam").list_users()
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperation"


@pytest.mark.parametrize("service", ["glue", "ec2", "eks"])
def test_a_service_that_is_not_here(wire: WireServer, service: str) -> None:
    calls = {"glue": "get_databases", "ec2": "describe_instances", "eks": "list_clusters"}
    with pytest.raises(ClientError) as caught:
        getattr(wire.client(service), calls[service])()
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


@pytest.mark.parametrize("body", [b"Action=GetRole&RoleName.a.b=1", b"Action=CreateRole&Tags=1", b"\xff"])
def test_a_form_that_can_t_be_read(wire: WireServer, body: bytes) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = send_signed(sign(f"{wire.url}/", service="iam", body=body, headers=form), body)
    assert (answer.status, answer.code) == (400, "MalformedInput")


def test_a_client_that_goes_away_harms_no_one(wire: WireServer, calls: Any) -> None:
    request = sign(f"{wire.url}/b/k", service="s3", method="PUT", body=b"data", signer=S3SigV4Auth)
    head = "PUT /b/k HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in request.headers.items()
    )
    with socket.create_connection(("127.0.0.1", urlsplit(wire.url).port or 0)) as connection:
        connection.sendall(f"{head}Content-Length: 4\r\n\r\nda".encode())
    wire.client("sts").get_caller_identity()
    assert "GetCallerIdentity" in calls.requests


def test_json_errors_have_the_form_of_aws(wire: WireServer) -> None:
    target = {"X-Amz-Target": "SageMaker.DescribeEndpoint", "Content-Type": "application/x-amz-json-1.1"}
    answer = send_signed(sign(f"{wire.url}/", service="sagemaker", body=b"{}", headers=target), b"{}")
    assert answer.status == 400
    assert json.loads(answer.body) == {
        "__type": "ValidationException",
        "message": "1 validation error detected: Value null at 'endpointName' failed to satisfy constraint: "
        "Member must not be null",
    }
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"]


def test_s3_errors_have_the_form_of_aws(wire: WireServer) -> None:
    request = sign(f"{wire.url}/b/k", service="s3", method="GET", signer=S3SigV4Auth, secret="wrong")
    answer = send_signed(request)
    assert answer.headers["content-type"] == "application/xml"
    request_id = answer.headers["x-amz-request-id"]
    assert f"<Resource>/b/k</Resource><RequestId>{request_id}</RequestId></Error>".encode() in answer.body


def test_head_answers_have_no_body(wire: WireServer) -> None:
    with pytest.raises(ClientError) as caught:
        wire.client("s3", aws_secret_access_key="wrong").head_object(Bucket="b", Key="k")
    assert caught.value.response["Error"]["Code"] == "403"
