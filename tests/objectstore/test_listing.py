"""Listings, against a model of what S3 says of them."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.refusing import refusal
from support.store_process import StoreProcess, make_bucket

KEYS = st.text(alphabet="ab/-é🎈 ", min_size=1, max_size=6)
PREFIXES = st.text(alphabet="ab/é", max_size=3)
DELIMITERS = st.sampled_from(["", "/", "a", "//", "🎈"])

QUESTIONS = st.tuples(PREFIXES, DELIMITERS, KEYS)

exploring = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def expected_entries(keys: set[str], prefix: str, delimiter: str, after: str) -> list[tuple[str, bool]]:
    """(name, is it a common prefix), sorted by UTF-8, of what a complete listing shows."""
    entries = set()
    for key in keys:
        if key.startswith(prefix):
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            entries.add((key, False) if end < 0 else (key[: end + len(delimiter)], True))
    shown = [entry for entry in entries if entry[0].encode() > after.encode()]
    return sorted(shown, key=lambda entry: entry[0].encode())


def fill(s3: Any, keys: set[str]) -> str:
    """A new bucket with these keys."""
    bucket = f"listing-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    return bucket


def names_of(page: dict[str, Any]) -> list[tuple[str, bool]]:
    """The entries of one page."""
    entries = [(entry["Key"], False) for entry in page.get("Contents", [])]
    entries += [(entry["Prefix"], True) for entry in page.get("CommonPrefixes", [])]
    return sorted(entries, key=lambda entry: entry[0].encode())


@exploring
@given(keys=st.sets(KEYS, max_size=12), question=QUESTIONS, size=st.integers(1, 5))
def test_version_2_lists_what_the_model_says(
    s3: Any, keys: set[str], question: tuple[str, str, str], size: int
) -> None:
    bucket = fill(s3, keys)
    prefix, delimiter, after = question
    expected = expected_entries(keys, prefix, delimiter, after)
    asked = {"Bucket": bucket, "Prefix": prefix, "Delimiter": delimiter, "StartAfter": after, "MaxKeys": size}
    found: list[tuple[str, bool]] = []
    while True:
        page = s3.list_objects_v2(**asked)
        names = names_of(page)
        assert page["KeyCount"] == len(names) <= size
        found += names
        assert page["IsTruncated"] == (len(found) < len(expected))
        if not page["IsTruncated"]:
            break
        asked["ContinuationToken"] = page["NextContinuationToken"]
    assert found == expected


@exploring
@given(keys=st.sets(KEYS, max_size=12), prefix=PREFIXES, delimiter=DELIMITERS, size=st.integers(1, 5))
def test_version_1_lists_what_the_model_says(
    s3: Any, keys: set[str], prefix: str, delimiter: str, size: int
) -> None:
    bucket = fill(s3, keys)
    pages = s3.get_paginator("list_objects").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": size}
    )
    found = [entry for page in pages for entry in names_of(page)]
    assert found == expected_entries(keys, prefix, delimiter, "")


def test_an_entry_tells_what_the_object_is(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"12345")
    (entry,) = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"]
    assert (entry["Size"], entry["ETag"], entry["StorageClass"]) == (5, put["ETag"], "STANDARD")
    assert entry["ChecksumAlgorithm"] == ["CRC32"]
    assert entry["Owner"]["ID"]
    head = s3.head_object(Bucket=bucket, Key="k")
    assert entry["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert "Owner" not in s3.list_objects_v2(Bucket=bucket)["Contents"][0]


def test_no_keys_and_bad_counts(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    assert refusal(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1).code == "InvalidArgument"
    assert refusal(s3.list_objects_v2, Bucket=bucket, ContinuationToken="made up").code == "InvalidArgument"
    assert refusal(s3.list_objects_v2, Bucket="not-there")[::2] == ("NoSuchBucket", 404)


@pytest.fixture(scope="module")
def crowded(store: StoreProcess) -> tuple[Any, str]:
    """A bucket with 2,500 keys under ``a/``, one under ``b/`` and one beside them."""
    client = store.client(max_pool_connections=16)
    bucket = make_bucket(client)
    keys = [f"a/{number:05d}" for number in range(2500)] + ["b/x", "c"]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: client.put_object(Bucket=bucket, Key=key, Body=b""), keys))
    return client, bucket


def test_a_long_listing_comes_in_pages_of_a_thousand(crowded: tuple[Any, str]) -> None:
    client, bucket = crowded
    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="a/"))
    assert [page["KeyCount"] for page in pages] == [1000, 1000, 500]
    assert client.list_objects_v2(Bucket=bucket, MaxKeys=5000)["MaxKeys"] == 1000


def test_a_crowded_prefix_is_one_entry(crowded: tuple[Any, str]) -> None:
    client, bucket = crowded
    page = client.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert names_of(page) == [("a/", True), ("b/", True), ("c", False)]
    assert client.list_objects_v2(Bucket=bucket, Delimiter="/", MaxKeys=1)["IsTruncated"] is True
