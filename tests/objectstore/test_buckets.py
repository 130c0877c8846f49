"""Buckets: names, owners, regions, listings."""

from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.handlers import validate_bucket_name

from support.refusing import refusal
from support.store_process import ACCOUNT, OTHER_ACCOUNT, REGION, StoreProcess, make_bucket


def test_a_bucket_is_made_found_listed_and_deleted(s3: Any, bucket: str) -> None:
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    listed = s3.list_buckets()
    assert bucket in {entry["Name"] for entry in listed["Buckets"]}
    assert listed["Owner"]["ID"] == ACCOUNT
    s3.delete_bucket(Bucket=bucket)
    assert refusal(s3.head_bucket, Bucket=bucket) == ("404", "Not Found", 404)
    assert refusal(s3.delete_bucket, Bucket=bucket)[::2] == ("NoSuchBucket", 404)


def test_the_owner_may_create_a_bucket_again_in_us_east_1_only(
    store: StoreProcess, s3: Any, bucket: str
) -> None:
    constraint = {"LocationConstraint": REGION}
    again = refusal(s3.create_bucket, Bucket=bucket, CreateBucketConfiguration=constraint)
    assert (again.code, again.status) == ("BucketAlreadyOwnedByYou", 409)
    east = store.client(region="us-east-1")
    for _ in range(2):
        east.create_bucket(Bucket=f"{bucket}-east")
    assert east.get_bucket_location(Bucket=f"{bucket}-east")["LocationConstraint"] is None


def test_names_are_global(stranger: Any, bucket: str) -> None:
    constraint = {"LocationConstraint": REGION}
    taken = refusal(stranger.create_bucket, Bucket=bucket, CreateBucketConfiguration=constraint)
    assert (taken.code, taken.status) == ("BucketAlreadyExists", 409)


@pytest.mark.parametrize("name", ["ab", "Upper", "a..b", "192.168.0.1", "-abc", "under_score", "x" * 64])
def test_a_bad_name_is_refused(store: StoreProcess, name: str) -> None:
    client = store.client(region="us-east-1")
    client.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    assert refusal(client.create_bucket, Bucket=name).code == "InvalidBucketName"


def test_the_region_of_the_request_must_agree_with_the_constraint(s3: Any) -> None:
    other = {"LocationConstraint": "us-west-2"}
    disagreeing = refusal(s3.create_bucket, Bucket="elsewhere-1", CreateBucketConfiguration=other)
    assert disagreeing.code == "IllegalLocationConstraintException"
    assert refusal(s3.create_bucket, Bucket="elsewhere-2").code == "IllegalLocationConstraintException"


def test_a_bucket_with_objects_is_not_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="one", Body=b"1")
    assert refusal(s3.delete_bucket, Bucket=bucket)[::2] == ("BucketNotEmpty", 409)


def test_a_bucket_with_an_unfinished_upload_is_deleted(s3: Any, bucket: str) -> None:
    s3.create_multipart_upload(Bucket=bucket, Key="begun")
    s3.delete_bucket(Bucket=bucket)
    assert refusal(s3.head_bucket, Bucket=bucket).status == 404


def test_buckets_are_listed_in_pages_and_by_prefix(store: StoreProcess) -> None:
    client = store.client(account=OTHER_ACCOUNT)
    mine = sorted(make_bucket(client) for _ in range(5))
    pages = client.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2})
    assert [entry["Name"] for page in pages for entry in page["Buckets"]] == mine
    found = client.list_buckets(Prefix=mine[0][:-1])
    assert mine[0] in {entry["Name"] for entry in found["Buckets"]}


def test_strangers_and_anonymous_callers_have_no_access(
    store: StoreProcess, stranger: Any, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="mine", Body=b"1")
    anonymous = store.client(signature_version=UNSIGNED)
    for client in (stranger, anonymous):
        assert refusal(client.get_object, Bucket=bucket, Key="mine")[::2] == ("AccessDenied", 403)
        assert refusal(client.put_object, Bucket=bucket, Key="new", Body=b"2")[::2] == ("AccessDenied", 403)
        assert refusal(client.list_objects_v2, Bucket=bucket).status == 403
        assert refusal(client.delete_object, Bucket=bucket, Key="mine").status == 403
        assert refusal(client.head_bucket, Bucket=bucket).status == 403
    assert s3.get_object(Bucket=bucket, Key="mine")["Body"].read() == b"1"


def test_the_expected_owner_is_checked(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", ExpectedBucketOwner=ACCOUNT)
    for call in (s3.get_object, s3.head_object, s3.delete_object, s3.put_object):
        assert refusal(call, Bucket=bucket, Key="k", ExpectedBucketOwner=OTHER_ACCOUNT).status == 403


def test_what_nobody_configured_is_said_to_be_absent(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert refusal(s3.get_bucket_policy, Bucket=bucket)[::2] == ("NoSuchBucketPolicy", 404)
    assert refusal(s3.get_bucket_cors, Bucket=bucket).code == "NoSuchCORSConfiguration"
    assert (
        refusal(s3.get_bucket_lifecycle_configuration, Bucket=bucket).code == "NoSuchLifecycleConfiguration"
    )


def test_what_is_missing_is_refused_clearly(s3: Any, bucket: str) -> None:
    for call, arguments in (
        (s3.list_object_versions, {}),
        (s3.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Enabled"}}),
        (s3.put_bucket_policy, {"Policy": "{}"}),
    ):
        refused = refusal(call, Bucket=bucket, **arguments)
        assert (refused.code, refused.status) == ("NotImplemented", 501)


def test_acls_beyond_the_owner_are_refused(s3: Any, bucket: str) -> None:
    refused = refusal(s3.put_object, Bucket=bucket, Key="k", Body=b"", ACL="public-read")
    assert refused.code == "AccessControlListNotSupported"
    s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="bucket-owner-full-control")


def test_bucket_tags_are_replaced_and_removed(s3: Any, bucket: str) -> None:
    assert refusal(s3.get_bucket_tagging, Bucket=bucket)[::2] == ("NoSuchTagSet", 404)
    tags = [{"Key": "team", "Value": "sea & sky"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refusal(s3.get_bucket_tagging, Bucket=bucket).code == "NoSuchTagSet"
