"""URLs and forms that carry their own permission."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from defusedxml.ElementTree import fromstring

from support.store_process import StoreProcess

VERSIONS = ["s3", "s3v4"]


@pytest.fixture(params=VERSIONS)
def signer(request: pytest.FixtureRequest, store: StoreProcess) -> Any:
    """A client that signs with version 2, and one with version 4."""
    return store.client(signature_version=request.param)


def code_of(answer: requests.Response) -> str:
    """The code of an error document."""
    return str(fromstring(answer.text).findtext("Code"))


def test_a_url_reads_and_writes(signer: Any, s3: Any, bucket: str) -> None:
    named = {"Bucket": bucket, "Key": "a b/ü"}
    put = requests.put(signer.generate_presigned_url("put_object", Params=named), data=b"by url", timeout=30)
    assert put.status_code == 200
    url = signer.generate_presigned_url("get_object", Params={**named, "ResponseContentType": "text/x"})
    got = requests.get(url, timeout=30)
    assert (got.content, got.headers["content-type"]) == (b"by url", "text/x")
    assert requests.get(url.replace("%20b", "%20c"), timeout=30).status_code == 403
    assert requests.put(url, data=b"", timeout=30).status_code == 403
    assert s3.get_object(**named)["Body"].read() == b"by url"


def post(form: dict[str, Any], body: bytes, *, extra: dict[str, str] | None = None) -> requests.Response:
    """Send a form as a browser does."""
    fields = {**form["fields"], **(extra or {})}
    return requests.post(form["url"], data=fields, files={"file": ("report ü.csv", body)}, timeout=30)


@pytest.mark.parametrize("size", [0, 5, 300_000])
def test_a_form_stores_a_file(signer: Any, s3: Any, bucket: str, size: int) -> None:
    form = signer.generate_presigned_post(
        bucket, "dir/${filename}", Conditions=[["content-length-range", 0, 10**6]]
    )
    answer = post(form, b"x" * size)
    assert answer.status_code == 204
    key = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Key"]
    assert key.startswith("dir/report")
    got = s3.get_object(Bucket=bucket, Key=key)
    assert (got["Body"].read(), got["ETag"]) == (b"x" * size, answer.headers["etag"])


def test_a_form_describes_the_object(signer: Any, s3: Any, bucket: str) -> None:
    fields = {"Content-Type": "text/csv", "x-amz-meta-who": "me", "success_action_status": "201"}
    conditions = [{name: value} for name, value in fields.items()]
    form = signer.generate_presigned_post(bucket, "k", Fields=fields, Conditions=conditions)
    answer = post(form, b"1")
    assert (answer.status_code, fromstring(answer.text).findtext("{*}Key")) == (201, "k")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentType"], head["Metadata"]) == ("text/csv", {"who": "me"})


def test_a_form_must_keep_the_policy(signer: Any, s3: Any, bucket: str) -> None:
    conditions = [["content-length-range", 3, 10], ["starts-with", "$key", "in/"]]
    form = signer.generate_presigned_post(bucket, "in/${filename}", Conditions=conditions)
    assert code_of(post(form, b"12")) == "EntityTooSmall"
    assert code_of(post(form, b"x" * 11)) == "EntityTooLarge"
    outside = {**form, "fields": {**form["fields"], "key": "out/k"}}
    assert code_of(post(outside, b"123")) == "AccessDenied"
    assert code_of(post(form, b"123", extra={"x-amz-meta-a": "b"})) == "AccessDenied"
    assert post(form, b"123", extra={"x-ignore-me": "b"}).status_code == 204
    assert len(s3.list_objects_v2(Bucket=bucket)["Contents"]) == 1


def test_a_form_must_be_signed_and_in_time(signer: Any, s3: Any, bucket: str) -> None:
    form = signer.generate_presigned_post(bucket, "k")
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    policy["expiration"] = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    forged = base64.b64encode(json.dumps(policy).encode()).decode()
    assert (
        code_of(post({**form, "fields": {**form["fields"], "policy": forged}}, b"1"))
        == "SignatureDoesNotMatch"
    )
    assert code_of(post({**form, "fields": {"key": "k"}}, b"1")) == "AccessDenied"
    late = signer.generate_presigned_post(bucket, "k", ExpiresIn=-10)
    assert code_of(post(late, b"1")) == "AccessDenied"
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_a_form_without_a_file_is_refused(s3: Any, bucket: str) -> None:
    form = s3.generate_presigned_post(bucket, "k")
    only_fields = {name: (None, value) for name, value in form["fields"].items()}
    assert code_of(requests.post(form["url"], files=only_fields, timeout=30)) == "InvalidArgument"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    broken = requests.post(form["url"], data=b"--y\r\n", headers=headers, timeout=30)
    assert code_of(broken) == "MalformedPOSTRequest"
