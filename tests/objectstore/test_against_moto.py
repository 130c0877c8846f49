"""The same calls to this store and to moto's server: what a client sees must be the same."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

# What no two servers can have in common.
VOLATILE = {
    "ResponseMetadata", "LastModified", "Owner", "Initiator", "UploadId", "Initiated", "Location", "HostId",
    "Body", "ServerSideEncryption", "CreationDate", "VersionId",
}  # fmt: skip
# What moto leaves out, unlike AWS.
UNTOLD = {"ChecksumAlgorithm", "ChecksumType", "ChecksumCRC32", "RequestCharged", "Marker"}
KEYS = ["a", "b/1", "b/2", "b/c/3", "d e", "é"]


@pytest.fixture(scope="module")
def moto_client() -> Iterator[Any]:
    """A client of moto's server."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    server.stop()


def observe(call: Callable[..., Any], **arguments: Any) -> Any:
    """What a client sees of a call: the answer, or the code and status of the refusal."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    content = answer["Body"].read() if "Body" in answer else None
    return answer["ResponseMetadata"]["HTTPStatusCode"], _strip(answer), content


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        told = {name: item for name, item in value.items() if item not in ("", None)}
        return {name: _strip(item) for name, item in told.items() if name not in VOLATILE | UNTOLD}
    if isinstance(value, list):
        return [_strip(item) for item in value]
    return value


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("put_object", {"Key": "new", "Body": b"123", "Metadata": {"a": "b"}, "ContentType": "text/plain"}),
    ("get_object", {"Key": "new"}),
    ("get_object", {"Key": "new", "Range": "bytes=1-"}),
    ("get_object", {"Key": "new", "Range": "bytes=9-"}),
    ("get_object", {"Key": "absent"}),
    ("head_object", {"Key": "new"}),
    ("head_object", {"Key": "absent"}),
    ("get_object", {"Key": "new", "IfMatch": '"x"'}),
    ("put_object", {"Key": "new", "Body": b"4", "IfNoneMatch": "*"}),
    ("list_objects_v2", {"Prefix": "b/"}),
    ("list_objects_v2", {"Delimiter": "/"}),
    ("list_objects_v2", {"StartAfter": "b/1", "Prefix": "b"}),
    ("list_objects", {"Delimiter": "/", "Prefix": "b/"}),
    ("list_objects", {"Marker": "b/2"}),
    ("get_object_tagging", {"Key": "new"}),
    ("get_bucket_tagging", {}),
    ("get_bucket_policy", {}),
    ("get_bucket_location", {}),
    ("delete_bucket", {}),
    ("list_parts", {"Key": "new", "UploadId": "none"}),
    ("delete_objects", {"Delete": {"Objects": [{"Key": "new"}]}}),
    ("delete_object", {"Key": "new"}),
]


def test_clients_see_the_same(s3: Any, moto_client: Any, bucket: str) -> None:
    moto_client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for client in (s3, moto_client):
        for key in KEYS:
            client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    seen = [
        [observe(getattr(client, name), Bucket=bucket, **arguments) for name, arguments in CALLS]
        for client in (s3, moto_client)
    ]
    for (name, arguments), ours, theirs in zip(CALLS, *seen, strict=True):
        assert ours == theirs, f"{name} {arguments}"
