"""Rows of buckets and objects: found by name, written, retired. All functions take an open connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from clary.kernel import clock
from clary.objectstore.bodies import body_path
from clary.objectstore.checksums import FULL_OBJECT
from clary.objectstore.intake import Body, Layout
from clary.objectstore.tables import StringMap, buckets, contents, garbage, objects, parts


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket."""

    id: int
    name: str
    account: str
    region: str
    created_at: int
    tags: StringMap | None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the database has it; ``data`` is there where it is inline and the query asked for it."""

    bucket_id: int
    key: bytes
    body: int
    layout: str
    size: int
    etag: str
    modified_at: int
    headers: StringMap
    tags: StringMap | None
    checksums: StringMap
    checksum_type: str
    data: bytes | None = None


Found: TypeAlias = tuple[Bucket | None, StoredObject | None]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a client says of an object beside its body."""

    headers: StringMap
    tags: StringMap | None = None


@dataclass(frozen=True, slots=True)
class ObjectContent:
    """Everything of an object that a write sets, where its name is known."""

    body: int
    layout: Layout
    size: int
    etag: str
    attributes: Attributes
    checksums: StringMap
    checksum_type: str = FULL_OBJECT
    data: bytes | None = field(default=None, repr=False)

    @classmethod
    def of_body(cls, body: Body, attributes: Attributes) -> "ObjectContent":
        """The content of an object that one request brought."""
        return cls(
            body=body.id,
            layout=body.layout,
            size=body.size,
            etag=body.md5,
            attributes=attributes,
            checksums=body.checksums,
            data=body.data,
        )


_BUCKET_COLUMNS = tuple(buckets.c)
_OBJECT_COLUMNS = tuple(objects.c)
_WIDTH = len(_BUCKET_COLUMNS)

_find_bucket = sa.select(*_BUCKET_COLUMNS).where(buckets.c.name == sa.bindparam("bucket"))
_named_object = sa.and_(objects.c.bucket_id == buckets.c.id, objects.c.key == sa.bindparam("key"))
FIND_OBJECT = (
    sa.select(*_BUCKET_COLUMNS, *_OBJECT_COLUMNS)
    .select_from(buckets.outerjoin(objects, _named_object))
    .where(buckets.c.name == sa.bindparam("bucket"))
)
FIND_OBJECT_AND_DATA = (
    sa.select(*_BUCKET_COLUMNS, *_OBJECT_COLUMNS, contents.c.data)
    .select_from(
        buckets.outerjoin(objects, _named_object).outerjoin(
            contents, sa.and_(objects.c.layout == Layout.INLINE.value, contents.c.id == objects.c.body)
        )
    )
    .where(buckets.c.name == sa.bindparam("bucket"))
)
_one = sa.and_(objects.c.bucket_id == sa.bindparam("b_bucket"), objects.c.key == sa.bindparam("b_key"))
_insert_object = sa.insert(objects)
_update_object = sa.update(objects).where(_one)
_delete_object = sa.delete(objects).where(_one)
_insert_content = sa.insert(contents)
_delete_content = sa.delete(contents).where(contents.c.id == sa.bindparam("b_id"))
_insert_garbage = sa.insert(garbage)
_delete_parts = sa.delete(parts).where(parts.c.body == sa.bindparam("b_body"))


def find_bucket(connection: sa.Connection, name: str) -> Bucket | None:
    """The bucket of that name."""
    row = connection.execute(_find_bucket, {"bucket": name}).first()
    return None if row is None else Bucket(*row)


def find_object(connection: sa.Connection, bucket: str, key: bytes, *, with_data: bool = False) -> Found:
    """A bucket and one of its objects, in one query."""
    query = FIND_OBJECT_AND_DATA if with_data else FIND_OBJECT
    row = connection.execute(query, {"bucket": bucket, "key": key}).first()
    return (None, None) if row is None else split_found(row)


def split_found(row: Sequence[Any]) -> Found:
    """The two halves of a row of FIND_OBJECT."""
    return Bucket(*row[:_WIDTH]), None if row[_WIDTH] is None else StoredObject(*row[_WIDTH:])


def write_object(
    connection: sa.Connection, bucket: Bucket, key: bytes, *, old: StoredObject | None, content: ObjectContent
) -> int:
    """Put ``content`` in the place of ``old``; the time of modification is the answer."""
    now = clock.now()
    values = {
        "body": content.body,
        "layout": content.layout.value,
        "size": content.size,
        "etag": content.etag,
        "modified_at": now,
        "headers": content.attributes.headers,
        "tags": content.attributes.tags,
        "checksums": content.checksums,
        "checksum_type": content.checksum_type,
    }
    if old is None:
        connection.execute(_insert_object, {"bucket_id": bucket.id, "key": key, **values})
    else:
        retire_body(connection, old)
        connection.execute(_update_object, {"b_bucket": bucket.id, "b_key": key, **values})
    if content.data is not None:
        connection.execute(_insert_content, {"id": content.body, "data": content.data})
    return now


def update_object(connection: sa.Connection, stored: StoredObject, values: Mapping[str, Any]) -> None:
    """Change some columns of an object, its body and time aside."""
    connection.execute(_update_object, {"b_bucket": stored.bucket_id, "b_key": stored.key, **values})


def delete_object(connection: sa.Connection, stored: StoredObject) -> None:
    """Remove an object and retire its body."""
    retire_body(connection, stored)
    connection.execute(_delete_object, {"b_bucket": stored.bucket_id, "b_key": stored.key})


def retire_body(connection: sa.Connection, stored: StoredObject) -> None:
    """Nothing names this body any more."""
    if stored.layout == Layout.INLINE:
        connection.execute(_delete_content, {"b_id": stored.body})
        return
    if stored.layout == Layout.PARTS:
        connection.execute(_delete_parts, {"b_body": stored.body})
    retire_path(connection, body_path(stored.body))


def retire_path(connection: sa.Connection, path: str) -> None:
    """Have a file or folder deleted after the commit (see ``garbage``)."""
    connection.execute(_insert_garbage, {"path": path})
