"""ListObjects (both versions)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from clary.objectstore import buckets
from clary.objectstore.call import Call
from clary.objectstore.errors import invalid_argument
from clary.objectstore.records import Bucket
from clary.objectstore.tables import StringMap, objects
from clary.objectstore.times import to_iso
from clary.objectstore.tokens import decode_token, encode_token
from clary.objectstore.walk import Entry, walk
from clary.objectstore.xml import Children, Content

_columns = objects.c
_page = (
    sa.select(
        _columns.key, _columns.size, _columns.etag, _columns.modified_at, _columns.headers,
        _columns.checksums, _columns.checksum_type,
    )
    .where(_columns.bucket_id == sa.bindparam("bucket"), _columns.key >= sa.bindparam("start"))
    .order_by(_columns.key)
    .limit(sa.bindparam("limit"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Question:
    prefix: bytes
    delimiter: bytes
    after: bytes
    max_keys: int
    url_encoding: bool
    with_owner: bool

    def name(self, raw: bytes) -> str:
        return quote_name(raw, url_encoding=self.url_encoding)


async def list_objects(call: Call) -> None:
    """Version 1: pages are named by the last key or prefix."""
    marker = call.query.get("marker", "")
    question = _read_question(call, after=marker.encode(), with_owner=True)
    bucket = await buckets.find(call)
    entries, truncated = await _list(call, bucket, question)
    following = question.name(entries[-1].name) if truncated and question.delimiter else None
    await call.respond_xml(
        "ListBucketResult",
        [
            ("Name", call.bucket),
            ("Prefix", question.name(question.prefix)),
            ("Marker", question.name(marker.encode())),
            ("NextMarker", following),
            *_write_page(bucket, question, entries, truncated=truncated),
        ],
    )


async def list_objects_v2(call: Call) -> None:
    """Version 2: pages follow opaque tokens."""
    token, start_after = call.query.get("continuation-token"), call.query.get("start-after")
    if token == "":
        raise invalid_argument("The continuation token provided is incorrect", name="continuation-token")
    after = decode_token(token, "continuation-token") or (start_after or "").encode()
    question = _read_question(
        call, after=after, with_owner=call.query.get("fetch-owner", "").lower() == "true"
    )
    bucket = await buckets.find(call)
    entries, truncated = await _list(call, bucket, question)
    await call.respond_xml(
        "ListBucketResult",
        [
            ("Name", call.bucket),
            ("Prefix", question.name(question.prefix)),
            ("StartAfter", None if start_after is None else question.name(start_after.encode())),
            ("ContinuationToken", token),
            ("NextContinuationToken", encode_token(entries[-1].name) if truncated else None),
            ("KeyCount", len(entries)),
            *_write_page(bucket, question, entries, truncated=truncated),
        ],
    )


def quote_name(raw: bytes, *, url_encoding: bool) -> str:
    """A key or prefix as the answer spells it."""
    return quote(raw, safe="/") if url_encoding else raw.decode()


def read_encoding(call: Call) -> bool:
    """Whether names are percent-encoded in the answer."""
    encoding = call.query.get("encoding-type")
    if encoding not in {None, "", "url"}:
        raise invalid_argument(
            "Invalid Encoding Method specified in Request", name="encoding-type", value=encoding
        )
    return encoding == "url"


def _read_question(call: Call, *, after: bytes, with_owner: bool) -> _Question:
    return _Question(
        prefix=call.query.get("prefix", "").encode(),
        delimiter=call.query.get("delimiter", "").encode(),
        after=after,
        max_keys=call.read_count("max-keys"),
        url_encoding=read_encoding(call),
        with_owner=with_owner,
    )


async def _list(call: Call, bucket: Bucket, question: _Question) -> tuple[list[Entry], bool]:
    if not question.max_keys:
        return [], False

    def read(connection: sa.Connection) -> list[Entry]:
        def fetch(start: bytes, limit: int) -> Sequence[Any]:
            return connection.execute(_page, {"bucket": bucket.id, "start": start, "limit": limit}).all()

        entries = walk(fetch, prefix=question.prefix, delimiter=question.delimiter, after=question.after)
        return list(islice(entries, question.max_keys + 1))

    found = await call.store.read(read)
    return found[: question.max_keys], len(found) > question.max_keys


def _write_page(
    bucket: Bucket, question: _Question, entries: list[Entry], *, truncated: bool
) -> Iterator[tuple[str, Content]]:
    yield "MaxKeys", question.max_keys
    yield "Delimiter", question.name(question.delimiter) if question.delimiter else None
    yield "EncodingType", "url" if question.url_encoding else None
    yield "IsTruncated", truncated
    for entry in entries:
        if entry.row is None:
            yield "CommonPrefixes", [("Prefix", question.name(entry.name))]
        else:
            yield "Contents", list(_write_object(bucket, question, entry.row))


def _write_object(bucket: Bucket, question: _Question, row: Any) -> Children:
    headers: StringMap = row.headers
    yield "Key", question.name(row.key)
    yield "LastModified", to_iso(row.modified_at)
    yield "ETag", f'"{row.etag}"'
    for algorithm in row.checksums:
        yield "ChecksumAlgorithm", algorithm
        yield "ChecksumType", row.checksum_type
    yield "Size", row.size
    if question.with_owner:
        yield "Owner", buckets.write_owner(bucket.account)
    yield "StorageClass", headers.get("x-amz-storage-class", "STANDARD")
