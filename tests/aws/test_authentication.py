"""Who may call: signatures, clocks, tokens and presigned URLs, refused with each service's own codes."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from clary.kernel import clock
from support.signed import send, send_signed, sign
from support.waiting import wait_for
from support.wire import ACCESS_KEY_ID, ACCOUNT, REGION, SECRET_ACCESS_KEY, WireServer

Call = Callable[..., Any]

CALLS: dict[str, tuple[str, Call]] = {
    "json": ("sagemaker", lambda client: client.list_tags(ResourceArn="arn:aws:sagemaker:::model/m")),
    "query": ("sts", lambda client: client.get_caller_identity()),
    "rest-json": (
        "sagemaker-featurestore-runtime",
        lambda client: client.get_record(FeatureGroupName="g", RecordIdentifierValueAsString="1"),
    ),
    "s3": ("s3", lambda client: client.put_object(Bucket="b", Key="k", Body=b"x")),
    "streaming": (
        "sagemaker-runtime",
        lambda client: client.invoke_endpoint(EndpointName="e", Body=b"x"),
    ),
}


def refusal(wire: WireServer, kind: str, **options: Any) -> tuple[str, int]:
    """Code and status of the error that the call ends in."""
    service, call = CALLS[kind]
    with pytest.raises(ClientError) as caught:
        call(wire.client(service, **options))
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


@contextlib.contextmanager
def clock_shifted(by: timedelta) -> Iterator[None]:
    """The client's clock goes wrong by ``by``."""
    shifted = datetime.now(UTC) + by

    def now(remove_tzinfo: bool = True) -> datetime:
        return shifted.replace(tzinfo=None) if remove_tzinfo else shifted

    with contextlib.ExitStack() as stack:
        # botocore signs in C where awscrt is installed, and then asks another module for the time.
        for module in ("botocore.auth", "botocore.crt.auth"):
            stack.enter_context(mock.patch(f"{module}.get_current_datetime", now))
        yield


def host_of(wire: WireServer) -> dict[str, str]:
    return {"Host": urlsplit(wire.url).netloc}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("json", ("UnrecognizedClientException", 400)),
        ("query", ("InvalidClientTokenId", 403)),
        ("rest-json", ("UnrecognizedClientException", 403)),
        ("s3", ("InvalidAccessKeyId", 403)),
        ("streaming", ("UnrecognizedClientException", 403)),
    ],
)
def test_unknown_key(wire: WireServer, kind: str, expected: tuple[str, int]) -> None:
    assert refusal(wire, kind, aws_access_key_id="AKIAUNKNOWN") == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("json", ("InvalidSignatureException", 400)),
        ("query", ("SignatureDoesNotMatch", 403)),
        ("rest-json", ("InvalidSignatureException", 403)),
        ("s3", ("SignatureDoesNotMatch", 403)),
        ("streaming", ("InvalidSignatureException", 403)),
    ],
)
def test_wrong_secret(wire: WireServer, kind: str, expected: tuple[str, int]) -> None:
    assert refusal(wire, kind, aws_secret_access_key="wrong") == expected


@pytest.mark.parametrize("minutes", [-16, 16])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("json", ("InvalidSignatureException", 400)),
        ("query", ("SignatureDoesNotMatch", 403)),
        ("rest-json", ("InvalidSignatureException", 403)),
        ("s3", ("RequestTimeTooSkewed", 403)),
    ],
)
def test_clock_skew(wire: WireServer, kind: str, expected: tuple[str, int], minutes: int) -> None:
    with clock_shifted(timedelta(minutes=minutes)):
        assert refusal(wire, kind) == expected


def test_skew_is_explained_and_a_little_is_borne(wire: WireServer, calls: Any) -> None:
    with clock_shifted(timedelta(minutes=-14)):
        wire.client("sts").get_caller_identity()
    with (
        clock_shifted(timedelta(minutes=-20)),
        pytest.raises(ClientError, match=r"Signature expired: \d{8}T"),
    ):
        wire.client("sts").get_caller_identity()
    assert "GetCallerIdentity" in calls.requests


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("json", ("UnrecognizedClientException", 400)),
        ("query", ("InvalidClientTokenId", 403)),
        ("s3", ("InvalidToken", 400)),
    ],
)
@pytest.mark.parametrize("token", [None, "another"])
def test_temporary_key_needs_its_token(
    wire: WireServer, kind: str, expected: tuple[str, int], token: str | None
) -> None:
    key = f"ASIATOKEN{kind.upper()}{token}"
    wire.add_credential(key, "temporary", session_token="right")
    options = {"aws_access_key_id": key, "aws_secret_access_key": "temporary"}
    assert refusal(wire, kind, aws_session_token=token, **options) == expected
    CALLS["s3"][1](wire.client("s3", aws_session_token="right", **options))


def test_lasting_key_takes_no_token(wire: WireServer) -> None:
    assert refusal(wire, "query", aws_session_token="surplus") == ("InvalidClientTokenId", 403)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("json", ("ExpiredTokenException", 400)),
        ("query", ("ExpiredToken", 403)),
        ("s3", ("ExpiredToken", 400)),
    ],
)
def test_expired_key(wire: WireServer, kind: str, expected: tuple[str, int]) -> None:
    key = f"ASIAEXPIRED{kind.upper()}"
    wire.add_credential(key, "old", session_token="token", expires_at=clock.now() - clock.SECOND)
    options = {"aws_access_key_id": key, "aws_secret_access_key": "old", "aws_session_token": "token"}
    assert refusal(wire, kind, **options) == expected


@pytest.mark.parametrize(
    ("headers", "method", "path", "expected"),
    [
        ({"X-Amz-Target": "SageMaker.ListTags"}, "POST", "/", (403, "MissingAuthenticationTokenException")),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            "POST",
            "/",
            (403, "MissingAuthenticationToken"),
        ),
        ({"Host": "sts.eu-west-1.amazonaws.com"}, "POST", "/", (403, "MissingAuthenticationToken")),
        (
            {"Host": "runtime.sagemaker.eu-west-1.amazonaws.com"},
            "POST",
            "/endpoints/e/invocations",
            (403, "MissingAuthenticationTokenException"),
        ),
    ],
)
def test_unsigned(
    wire: WireServer, headers: dict[str, str], method: str, path: str, expected: tuple[int, str]
) -> None:
    answer = send(wire.url + path, method=method, headers={"Host": "localhost"} | headers)
    assert (answer.status, answer.code) == expected


def test_s3_is_asked_anonymously(wire: WireServer) -> None:
    answer = send(f"{wire.url}/bucket/key", method="GET", headers={"Host": "localhost"})
    assert (answer.status, answer.headers["x-amz-meta-account"]) == (200, "anonymous")


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256 Credential=a/20240101/eu-west-1/sagemaker/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=a/20240102/eu-west-1/sagemaker/aws4_request, "
        "SignedHeaders=x-amz-date, Signature=x",
        "AWS4-HMAC-SHA256",
        "Bearer token",
        "AWS key:signature",
    ],
)
def test_incomplete_signature(wire: WireServer, authorization: str) -> None:
    headers = {
        "Host": "localhost",
        "X-Amz-Target": "SageMaker.ListTags",
        "X-Amz-Date": "20240102T000000Z",
        "Authorization": authorization,
    }
    answer = send(f"{wire.url}/", method="POST", headers=headers)
    assert (answer.status, answer.code) == (400, "IncompleteSignatureException")


@pytest.mark.parametrize("changed", ["body", "path", "query", "header", "method", "signature"])
def test_whatever_is_signed_can_t_be_changed(wire: WireServer, calls: Any, changed: str) -> None:
    target = {"X-Amz-Target": "SageMaker.ListTags"}
    body = b'{"ResourceArn":"arn:aws:sagemaker:eu-west-1:123456789012:model/m"}'
    request = sign(f"{wire.url}/", service="sagemaker", body=body, headers=target)
    headers = dict(request.headers.items())
    url, method = request.url, "POST"
    assert send(url, method=method, headers=headers, body=body).status == 200
    match changed:
        case "body":
            body += b" "
        case "path":
            url += "x"
        case "query":
            url += "?a=b"
        case "header":
            headers["X-Amz-Target"] = "SageMaker.DescribeEndpoint"
        case "method":
            method = "PUT"
        case "signature":
            headers["Authorization"] = headers["Authorization"][:-1] + "g"
    calls.requests.clear()
    answer = send(url, method=method, headers=headers, body=body)
    assert (answer.status, answer.code) == (400, "InvalidSignatureException")
    assert calls.requests == {}


def test_scope_of_another_service(wire: WireServer) -> None:
    target = {"X-Amz-Target": "SageMaker.ListTags"}
    answer = send_signed(sign(f"{wire.url}/", service="logs", headers=target))
    assert answer.code == "InvalidSignatureException"
    assert b"scoped to correct service: 'sagemaker'" in answer.body


def test_s3_body_must_have_the_declared_hash(wire: WireServer) -> None:
    request = sign(f"{wire.url}/b/k", service="s3", method="PUT", body=b"data", signer=S3SigV4Auth)
    answer = send_signed(request, b"DATA")
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")


def test_s3_headers_that_matter_must_be_signed(wire: WireServer) -> None:
    request = sign(f"{wire.url}/b/k", service="s3", method="PUT", body=b"data", signer=S3SigV4Auth)
    request.headers["x-amz-copy-source"] = "/other/key"
    answer = send_signed(request, b"data")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert b"x-amz-copy-source" in answer.body


@pytest.mark.parametrize(
    "path", ["/b/a%20b", "/b/a+b", "/b/%7Etilde~", "/b/x//y/../z", "/b/%E2%98%83", "/b/a=b&c"]
)
def test_s3_paths_are_signed_as_they_are(wire: WireServer, path: str) -> None:
    answer = send_signed(sign(wire.url + path, service="s3", method="GET", signer=S3SigV4Auth))
    assert (answer.status, answer.headers["x-amz-meta-account"]) == (200, ACCOUNT)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_s3_urls(wire: WireServer, version: str) -> None:
    client = wire.client("s3", config=Config(signature_version=version))
    parameters = {"Bucket": "b", "Key": "a b/é+c", "ResponseContentType": "text/html; a=b"}
    url = client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=60)
    host = host_of(wire)
    answer = send(url, method="GET", headers=host)
    assert (answer.status, answer.headers["x-amz-meta-account"]) == (200, ACCOUNT)
    tampered = url.replace("response-content-type=text", "response-content-type=txet")
    answer = send(tampered, method="GET", headers=host)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    answer = send(url, method="PUT", headers=host)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")


def test_presigned_put_with_a_session_token(wire: WireServer) -> None:
    wire.add_credential("ASIAPRESIGN", "temporary", session_token="to/ken+=")
    for version in ("s3", "s3v4"):
        client = wire.client(
            "s3",
            aws_access_key_id="ASIAPRESIGN",
            aws_secret_access_key="temporary",
            aws_session_token="to/ken+=",
            config=Config(signature_version=version),
        )
        parameters = {"Bucket": "b", "Key": "k", "ContentType": "text/csv", "Metadata": {"a": "b"}}
        url = client.generate_presigned_url("put_object", Params=parameters)
        headers = host_of(wire) | {"Content-Type": "text/csv", "x-amz-meta-a": "b"}
        answer = send(url, method="PUT", headers=headers, body=b"1,2")
        assert (answer.status, answer.headers["x-amz-meta-account"]) == (200, ACCOUNT)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_s3_url_expires(wire: WireServer, version: str) -> None:
    client = wire.client("s3", config=Config(signature_version=version))
    past = mock.patch("botocore.auth.time.time", return_value=clock.now() / clock.SECOND - 120)
    with clock_shifted(timedelta(seconds=-120)), past:
        url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}, ExpiresIn=60)
    answer = send(url, method="GET", headers=host_of(wire))
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert b"Request has expired" in answer.body


def test_presigned_sts_url(wire: WireServer, calls: Any) -> None:
    calls.answers["GetCallerIdentity"] = {"Account": ACCOUNT}
    host = host_of(wire)
    url = f"{wire.url}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest("GET", url, headers=host)
    signer = SigV4QueryAuth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY), "sts", REGION, expires=60)
    signer.add_auth(request)
    answer = send(request.url, method="GET", headers=host)
    assert answer.status == 200
    assert ACCOUNT.encode() in answer.body
    with clock_shifted(timedelta(seconds=-120)):
        request = AWSRequest("GET", url, headers=host)
        signer.add_auth(request)
    answer = send(request.url, method="GET", headers=host)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("expires", ["0", "604801", "soon", "-5"])
def test_presigned_urls_last_a_week_at_most(wire: WireServer, expires: str) -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20240102%2Feu-west-1%2Fs3%2Faws4_request"
        f"&X-Amz-Date=20240102T000000Z&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=x"
    )
    answer = send(f"{wire.url}/b/k?{query}", method="GET", headers={"Host": "localhost"})
    assert (answer.status, answer.code) == (400, "AuthorizationHeaderMalformed")


def test_a_new_key_is_known_within_seconds(wire: WireServer) -> None:
    assert refusal(wire, "json", aws_access_key_id="AKIALATER")[0] == "UnrecognizedClientException"
    wire.add_credential("AKIALATER", "later")
    client = wire.client("s3", aws_access_key_id="AKIALATER", aws_secret_access_key="later")

    def is_known() -> bool:
        with contextlib.suppress(ClientError):
            client.put_object(Bucket="b", Key="k")
            return True
        return False

    wait_for(is_known, what="the new key")
