"""Invocations: the body goes to the container as it is, and its answer comes back."""

import json
from collections.abc import Iterator

import pytest
import requests

from support.endpoints import VARIANT, Endpoints
from support.instances import ProcessMachine
from support.rest import Rest, error_of
from support.running import RunningPlatform

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def endpoint(platform_up: RunningPlatform) -> Iterator[str]:
    """An endpoint whose server obeys."""
    with Endpoints(platform_up, ProcessMachine()).serving_toy() as name:
        yield name


def invoke(rest: Rest, endpoint: str, body: bytes, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return rest.send("POST", f"/endpoints/{endpoint}/invocations", data=body, headers=named)


def test_the_container_gets_body_and_headers_but_not_the_token(rest: Rest, endpoint: str) -> None:
    answer = invoke(
        rest,
        endpoint,
        b"\x00\x01\xff",
        Content_Type="application/x-thing",
        Accept="application/json",
        X_Amzn_SageMaker_Custom_Attributes="trace=7",
    )
    assert answer.status_code == 200
    assert answer.headers["x-Amzn-Invoked-Production-Variant"] == VARIANT
    assert answer.headers["Content-Type"] == "application/json"
    seen = answer.json()
    assert seen["size"] == 3
    assert seen["headers"]["content-type"] == "application/x-thing"
    assert seen["headers"]["x-amzn-sagemaker-custom-attributes"] == "trace=7"
    assert "authorization" not in seen["headers"]


def test_an_error_of_the_model_says_what_the_model_said(rest: Rest, endpoint: str) -> None:
    order = json.dumps({"do": "fail", "status": 418, "text": "short and stout"}).encode()
    failed = invoke(rest, endpoint, order)
    status, code, message = error_of(failed)
    assert (status, code) == (424, "ModelError")
    assert 'Received client error (418) from primary with message "short and stout"' in message
    error = failed.json()["error"]
    assert (error["OriginalStatusCode"], error["OriginalMessage"]) == (418, "short and stout")


def test_a_body_past_the_limit_is_refused(rest: Rest, endpoint: str) -> None:
    assert invoke(rest, endpoint, bytes(7 * MEBIBYTE)).json()["size"] == 7 * MEBIBYTE
    assert error_of(invoke(rest, endpoint, bytes(25 * MEBIBYTE + 1)))[:2] == (413, "RequestEntityTooLarge")


def test_an_endpoint_that_is_not_there_is_not_found(rest: Rest, endpoint: str) -> None:
    assert error_of(invoke(rest, "none", b"1"))[:2] == (404, "ValidationError")
    elsewhere = rest.send(
        "POST", f"/endpoints/{endpoint}/invocations", data=b"1", params={"region": "eu-west-3"}
    )
    assert elsewhere.status_code == 404


def test_without_a_token_no_model_is_asked(platform_up: RunningPlatform, endpoint: str) -> None:
    url = f"{platform_up.url}/api/v1/endpoints/{endpoint}/invocations"
    assert requests.post(url, data=b"1", timeout=30).status_code == 401


def test_an_endpoints_log_is_that_of_its_containers(rest: Rest, endpoint: str) -> None:
    invoke(rest, endpoint, json.dumps({"do": "wait", "seconds": 0}).encode())
    events = rest.get(f"/endpoints/{endpoint}/logs", filterPattern="toy").json()["events"]
    assert "toy waits" in [event["message"] for event in events]
