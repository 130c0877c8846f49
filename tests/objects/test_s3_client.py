import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from clary.kernel.errors import PlatformFault
from clary.kernel.platform import Platform
from clary.objects.client import s3_client
from clary.objects.listing import any_object, find_objects, head_object, no_objects_message
from clary.objects.uri import S3Uri
from clary.settings import Settings
from clary.store import Base
from clary.store.tables import CredentialRow

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCOUNT = "000000000000"


@pytest.fixture
def embedded(tmp_path: Path, s3_url: str) -> Iterator[Platform]:
    """A platform without an external store, whose own URL happens to be the test's S3 server."""
    port = int(s3_url.rsplit(":", 1)[1])
    platform = Platform.open(
        Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'clary.db'}", port=port)
    )
    Base.metadata.create_all(platform.database.engine)
    yield platform
    platform.database.dispose()


def add_key(platform: Platform, name: str, *, account: str = ACCOUNT, expires_at: int | None = None) -> None:
    with platform.database.write() as session:
        session.add(
            CredentialRow(
                access_key_id=name,
                secret_access_key=f"secret of {name}",
                account=account,
                principal="root",
                created_at=1,
                expires_at=expires_at,
            )
        )


def key_of(s3: "S3Client") -> str:
    url: str = s3.generate_presigned_url("list_buckets")
    return parse_qs(urlsplit(url).query)["X-Amz-Credential"][0].split("/")[0]


def test_threads_share_one_client(platform: Platform) -> None:
    found: list[S3Client] = []
    threads = [threading.Thread(target=lambda: found.append(s3_client(platform, ACCOUNT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(each) for each in found}) == 1


def test_the_external_server_gets_its_own_key(platform: Platform, s3_url: str) -> None:
    s3 = s3_client(platform, ACCOUNT)
    assert s3.meta.endpoint_url == s3_url
    assert key_of(s3) == "key"


def test_the_own_store_gets_the_accounts_lasting_key(embedded: Platform) -> None:
    add_key(embedded, "AKIATEMPORARY", expires_at=10)
    add_key(embedded, "AKIAOTHER", account="111111111111")
    add_key(embedded, "AKIALASTING")
    s3 = s3_client(embedded, ACCOUNT)
    assert s3.meta.endpoint_url == embedded.settings.url
    assert key_of(s3) == "AKIALASTING"
    assert key_of(s3_client(embedded, "111111111111")) == "AKIAOTHER"


def test_an_account_without_a_lasting_key_says_so(embedded: Platform) -> None:
    add_key(embedded, "AKIATEMPORARY", expires_at=10)
    with pytest.raises(PlatformFault, match=f"account {ACCOUNT} has no lasting access key"):
        s3_client(embedded, ACCOUNT)


def test_objects_are_found_by_prefix_in_order_over_pages(s3: "S3Client", bucket: str) -> None:
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"in/{number}", Body=b"12345")
    s3.put_object(Bucket=bucket, Key="other", Body=b"")
    requests: list[str] = []

    def ask_for_two(params: dict[str, Any], **_: Any) -> None:
        requests.append(params["Prefix"])
        params["MaxKeys"] = 2

    s3.meta.events.register("provide-client-params.s3.ListObjectsV2", ask_for_two)
    try:
        found = list(find_objects(s3, S3Uri(bucket, "in/")))
    finally:
        s3.meta.events.unregister("provide-client-params.s3.ListObjectsV2", ask_for_two)
    assert len(requests) == 3
    assert [each.key for each in found] == [f"in/{number}" for number in range(5)]
    assert {(each.size, each.etag) for each in found} == {(5, "827ccb0eea8a706c4c34a16891f84e7b")}
    assert head_object(s3, found[0].uri) == found[0]


def test_existence_is_told_for_prefixes(s3: "S3Client", bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"")
    assert any_object(s3, S3Uri(bucket, "in"))
    assert not any_object(s3, S3Uri(bucket, "out"))
    assert not any_object(s3, S3Uri("no-such-bucket", ""))


def test_listing_a_missing_bucket_raises_the_servers_answer(s3: "S3Client") -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        list(find_objects(s3, S3Uri("no-such-bucket", "")))


def test_the_sentence_for_an_empty_prefix_is_sagemakers() -> None:
    assert no_objects_message("s3://b/none", region="eu-west-1", role="arn:aws:iam::1:role/r") == (
        'No S3 objects found under S3 URL "s3://b/none" given in input data source. Please ensure that '
        "the bucket exists in the selected region (eu-west-1), that objects exist under that S3 prefix, and "
        'that the role "arn:aws:iam::1:role/r" has "s3:ListBucket" permissions on bucket "b".'
    )
