"""CreateBucket, HeadBucket, ListBuckets, GetBucketLocation and DeleteBucket."""

import re
from functools import partial
from ipaddress import AddressValueError, IPv4Address

import sqlalchemy as sa

from clary.kernel import clock
from clary.kernel.errors import ServiceError
from clary.objectstore import tables
from clary.objectstore.attributes import refuse_acl
from clary.objectstore.bodies import body_path
from clary.objectstore.call import Call
from clary.objectstore.errors import invalid_argument, not_implemented
from clary.objectstore.records import Bucket, find_bucket, retire_path
from clary.objectstore.times import to_iso
from clary.objectstore.tokens import decode_token, encode_token
from clary.objectstore.xml import read_document

_DEFAULT_REGION = "us-east-1"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PAGE = 10_000


async def create_bucket(call: Call) -> None:
    """Make a bucket for the caller's account; in us-east-1 the owner may repeat it."""
    check_name(call.bucket)
    refuse_acl(call.headers)
    if call.headers.get("x-amz-bucket-object-lock-enabled", "false").lower() == "true":
        raise not_implemented("object lock")
    region = _read_region(call.caller.region, await call.read_xml())
    await call.store.commit(partial(_create, call, region))
    await call.respond(200, [("location", f"/{call.bucket}")])


def _create(call: Call, region: str, connection: sa.Connection) -> None:
    bucket = find_bucket(connection, call.bucket)
    if bucket is None:
        row = {
            "name": call.bucket,
            "account": call.caller.account,
            "region": region,
            "created_at": clock.now(),
            "tags": None,
        }
        connection.execute(sa.insert(tables.buckets), row)
    elif bucket.account != call.caller.account:
        raise ServiceError(
            "The requested bucket name is not available. The bucket namespace is shared by all users of the "
            "system. Please select a different name and try again.",
            code="BucketAlreadyExists",
            status=409,
            BucketName=call.bucket,
        )
    elif not bucket.region == region == _DEFAULT_REGION:
        raise ServiceError(
            "Your previous request to create the named bucket succeeded and you already own it.",
            code="BucketAlreadyOwnedByYou",
            status=409,
            BucketName=call.bucket,
        )


async def head_bucket(call: Call) -> None:
    """Whether the bucket is there and the caller's."""
    bucket = await find(call)
    await call.respond(200, [("x-amz-bucket-region", bucket.region), ("content-type", "application/xml")])


async def get_bucket_location(call: Call) -> None:
    """The region of a bucket; us-east-1 is the empty one."""
    bucket = await find(call)
    region = "" if bucket.region == _DEFAULT_REGION else bucket.region
    # The one document whose value is the root's own text.
    await call.respond_xml("LocationConstraint", region)


async def delete_bucket(call: Call) -> None:
    """Remove an empty bucket, with the uploads that were begun in it."""
    await call.store.commit(partial(_delete, call))
    call.store.collect_garbage()
    await call.respond(204)


def _delete(call: Call, connection: sa.Connection) -> None:
    bucket = call.admit(find_bucket(connection, call.bucket))
    within = sa.select(tables.objects.c.key).where(tables.objects.c.bucket_id == bucket.id).limit(1)
    if connection.execute(within).first() is not None:
        raise ServiceError(
            "The bucket you tried to delete is not empty",
            code="BucketNotEmpty",
            status=409,
            BucketName=call.bucket,
        )
    begun = tables.uploads.c.bucket_id == bucket.id
    for upload in connection.scalars(sa.select(tables.uploads.c.id).where(begun)).all():
        connection.execute(sa.delete(tables.parts).where(tables.parts.c.body == upload))
        retire_path(connection, body_path(upload))
    connection.execute(sa.delete(tables.uploads).where(begun))
    connection.execute(sa.delete(tables.buckets).where(tables.buckets.c.id == bucket.id))


async def list_buckets(call: Call) -> None:
    """The buckets of the caller's account, by name."""
    largest = call.read_count("max-buckets", default=_PAGE, largest=_PAGE)
    after = decode_token(call.query.get("continuation-token"), "continuation-token").decode()
    prefix = call.query.get("prefix", "")
    column = tables.buckets.c
    query = sa.select(tables.buckets).where(
        column.account == call.caller.account,
        column.name > after,
        column.name.startswith(prefix, autoescape=True),
    )
    if "bucket-region" in call.query:
        query = query.where(column.region == call.query["bucket-region"])
    query = query.order_by(column.name).limit(largest + 1)
    found = [
        Bucket(*row) for row in await call.store.read(lambda connection: connection.execute(query).all())
    ]
    page = found[:largest]
    more = len(found) > largest and page
    await call.respond_xml(
        "ListAllMyBucketsResult",
        [
            ("Owner", write_owner(call.caller.account)),
            ("Buckets", [("Bucket", _write_bucket(bucket)) for bucket in page]),
            ("Prefix", prefix or None),
            ("ContinuationToken", encode_token(page[-1].name.encode()) if more else None),
        ],
    )


def _write_bucket(bucket: Bucket) -> list[tuple[str, str]]:
    return [
        ("Name", bucket.name),
        ("CreationDate", to_iso(bucket.created_at)),
        ("BucketRegion", bucket.region),
    ]


def write_owner(account: str) -> list[tuple[str, str]]:
    """An Owner element; the account stands for AWS's canonical user id."""
    return [("ID", account), ("DisplayName", account)]


async def find(call: Call) -> Bucket:
    """The bucket of the call, where the caller may use it."""
    return call.admit(await call.store.read(lambda connection: find_bucket(connection, call.bucket)))


def check_name(name: str) -> None:
    """InvalidBucketName unless the name keeps S3's rules for new buckets."""
    looks_like_address = True
    try:
        IPv4Address(name)
    except AddressValueError:
        looks_like_address = False
    reserved = name.startswith(("xn--", "sthree-")) or name.endswith(("-s3alias", "--ol-s3"))
    if not _NAME.fullmatch(name) or ".." in name or looks_like_address or reserved:
        raise ServiceError("The specified bucket is not valid.", code="InvalidBucketName", BucketName=name)


def _read_region(region: str, body: bytes) -> str:
    constraint = None
    if body.strip():
        constraint = read_document(body, "CreateBucketConfiguration").findtext("LocationConstraint")
    if constraint is None:
        if region != _DEFAULT_REGION:
            raise _illegal_location("unspecified")
        return region
    if constraint == _DEFAULT_REGION:
        raise ServiceError(
            "The specified location-constraint is not valid",
            code="InvalidLocationConstraint",
            LocationConstraint=constraint,
        )
    if region not in {_DEFAULT_REGION, constraint}:
        raise _illegal_location(constraint)
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d|EU", constraint):
        raise invalid_argument("The specified location-constraint is not valid", name="LocationConstraint")
    return "eu-west-1" if constraint == "EU" else constraint


def _illegal_location(constraint: str) -> ServiceError:
    return ServiceError(
        f"The {constraint} location constraint is incompatible for the region specific endpoint this request "
        "was sent to.",
        code="IllegalLocationConstraintException",
    )
