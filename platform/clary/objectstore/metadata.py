"""Tags of objects and buckets, and GetObjectAttributes."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from clary.kernel.errors import ServiceError
from clary.objectstore import buckets, tables
from clary.objectstore.call import Call
from clary.objectstore.errors import invalid_argument, invalid_request
from clary.objectstore.intake import Layout
from clary.objectstore.records import StoredObject, find_bucket, find_object, update_object
from clary.objectstore.tables import StringMap
from clary.objectstore.tags import BUCKET_LIMIT, OBJECT_LIMIT, read_tagging, write_tagging
from clary.objectstore.times import to_http
from clary.objectstore.xml import Content

_ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


async def get_object_tagging(call: Call) -> None:
    """The tags of an object."""
    stored = await _find(call)
    await call.respond_xml("Tagging", write_tagging(stored.tags))


async def put_object_tagging(call: Call) -> None:
    """Replace the tags of an object."""
    tags = read_tagging(await call.read_xml(), limit=OBJECT_LIMIT)
    await call.store.commit(partial(_update, call, {"tags": tags}))
    await call.respond(200)


async def delete_object_tagging(call: Call) -> None:
    """Remove the tags of an object."""
    await call.store.commit(partial(_update, call, {"tags": None}))
    await call.respond(204)


async def get_bucket_tagging(call: Call) -> None:
    """The tags of a bucket; NoSuchTagSet where there are none."""
    bucket = await buckets.find(call)
    if not bucket.tags:
        raise ServiceError(
            "The TagSet does not exist", code="NoSuchTagSet", status=404, BucketName=call.bucket
        )
    await call.respond_xml("Tagging", write_tagging(bucket.tags))


async def put_bucket_tagging(call: Call) -> None:
    """Replace the tags of a bucket."""
    await _tag_bucket(call, read_tagging(await call.read_xml(), limit=BUCKET_LIMIT))


async def delete_bucket_tagging(call: Call) -> None:
    """Remove the tags of a bucket."""
    await _tag_bucket(call, None)


async def get_object_attributes(call: Call) -> None:
    """Those attributes of an object that the request names."""
    asked = {name.strip() for name in call.headers.get("x-amz-object-attributes", "").split(",")} - {""}
    if not asked:
        raise invalid_request(
            "The x-amz-object-attributes header specifying the attributes to be retrieved is required"
        )
    if not asked <= _ATTRIBUTES:
        raise invalid_argument("Invalid attribute name specified", name="x-amz-object-attributes")
    stored = await _find(call)
    listed: Content = None
    if "ObjectParts" in asked and stored.layout == Layout.PARTS:
        listed = await call.store.read(partial(_list_parts, call, stored))
    values: dict[str, Content] = {
        "ETag": stored.etag,
        "Checksum": [
            *((f"Checksum{name}", value) for name, value in stored.checksums.items()),
            ("ChecksumType", stored.checksum_type),
        ],
        "ObjectParts": listed,
        "StorageClass": stored.headers.get("x-amz-storage-class", "STANDARD"),
        "ObjectSize": stored.size,
    }
    await call.respond_xml(
        "GetObjectAttributesResponse",
        [(name, value) for name, value in values.items() if name in asked],
        [("last-modified", to_http(stored.modified_at))],
    )


async def _find(call: Call) -> StoredObject:
    return call.admit_object(*await call.store.find_object(call.bucket, call.key))


def _update(call: Call, values: Mapping[str, Any], connection: sa.Connection) -> None:
    stored = call.admit_object(*find_object(connection, call.bucket, call.key))
    update_object(connection, stored, values)


async def _tag_bucket(call: Call, tags: StringMap | None) -> None:
    def change(connection: sa.Connection) -> None:
        bucket = call.admit(find_bucket(connection, call.bucket))
        connection.execute(sa.update(tables.buckets).where(tables.buckets.c.id == bucket.id), {"tags": tags})

    await call.store.commit(change)
    await call.respond(204)


def _list_parts(call: Call, stored: StoredObject, connection: sa.Connection) -> Content:
    largest = _read_header_count(call, "x-amz-max-parts", default=1000)
    marker = _read_header_count(call, "x-amz-part-number-marker", default=0)
    columns = tables.parts.c
    here = sa.select(tables.parts).where(columns.body == stored.body)
    total = connection.scalar(sa.select(sa.func.count()).select_from(here.subquery())) or 0
    after = here.where(columns.number > marker).order_by(columns.number).limit(largest + 1)
    rows = connection.execute(after).all()
    return list(_write_parts(stored, rows, largest=largest, marker=marker, total=total))


def _write_parts(
    stored: StoredObject, rows: Any, *, largest: int, marker: int, total: int
) -> Iterator[tuple[str, Content]]:
    page = rows[:largest]
    algorithm = next(iter(stored.checksums))
    yield "IsTruncated", len(rows) > largest
    yield "MaxParts", largest
    yield "NextPartNumberMarker", page[-1].number if page else None
    yield "PartNumberMarker", marker
    yield "PartsCount", total
    for row in page:
        yield "Part", [("PartNumber", row.number), ("Size", row.size), (f"Checksum{algorithm}", row.checksum)]


def _read_header_count(call: Call, name: str, *, default: int) -> int:
    text = call.headers.get(name, str(default))
    if not text.isdecimal():
        raise invalid_argument(
            f"Provided {name} not an integer or within integer range", name=name, value=text
        )
    return min(int(text), 10_000)
