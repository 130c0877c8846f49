"""ListMultipartUploads and ListParts."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import sqlalchemy as sa

from clary.objectstore import buckets, tables
from clary.objectstore.call import Call
from clary.objectstore.listing import quote_name, read_encoding
from clary.objectstore.records import Bucket
from clary.objectstore.times import to_iso
from clary.objectstore.uploads import Upload, admit, read_id, write_id
from clary.objectstore.walk import Entry, walk
from clary.objectstore.xml import Content

_uploads = tables.uploads.c
_parts = tables.parts.c


async def list_multipart_uploads(call: Call) -> None:
    """The uploads in progress, by key."""
    largest = call.read_count("max-uploads")
    encode = partial(quote_name, url_encoding=read_encoding(call))
    bucket = await buckets.find(call)
    found = await call.store.read(partial(_find_uploads, call, bucket, largest))
    page, truncated = found[:largest], len(found) > largest
    last = page[-1] if page and truncated else None
    await call.respond_xml(
        "ListMultipartUploadsResult",
        [
            ("Bucket", call.bucket),
            ("KeyMarker", encode(call.query.get("key-marker", "").encode())),
            ("UploadIdMarker", call.query.get("upload-id-marker", "")),
            ("NextKeyMarker", encode(last.name) if last else None),
            ("NextUploadIdMarker", write_id(last.row.id) if last and last.row is not None else None),
            ("Delimiter", call.query.get("delimiter") or None),
            ("Prefix", encode(call.query.get("prefix", "").encode())),
            ("EncodingType", call.query.get("encoding-type") or None),
            ("MaxUploads", largest),
            ("IsTruncated", truncated),
            *(_write_entry(bucket, encode(entry.name), entry) for entry in page),
        ],
    )


def _find_uploads(call: Call, bucket: Bucket, largest: int, connection: sa.Connection) -> list[Entry]:
    after, upload_marker = call.query.get("key-marker", "").encode(), call.query.get("upload-id-marker", "")
    # The walk wants the key first.
    query = sa.select(_uploads.key, tables.uploads).where(_uploads.bucket_id == bucket.id)
    query = query.order_by(_uploads.key, _uploads.id)
    same_key: list[Entry] = []
    if after and upload_marker and largest:
        rest = query.where(_uploads.key == after, _uploads.id > read_id(upload_marker)).limit(largest + 1)
        same_key = [Entry(row.key, row) for row in connection.execute(rest)]

    def fetch(start: bytes, limit: int) -> Sequence[Any]:
        return _whole_keys(connection, query.where(_uploads.key >= start), limit)

    prefix, delimiter = call.query.get("prefix", "").encode(), call.query.get("delimiter", "").encode()
    entries = walk(fetch, prefix=prefix, delimiter=delimiter, after=after)
    return (same_key + list(islice(entries, largest + 1)))[: largest + 1] if largest else []


def _whole_keys(connection: sa.Connection, query: Any, limit: int) -> Sequence[Any]:
    # The walk goes on after a page's last key: a key with several uploads must not be cut in two.
    rows = list(connection.execute(query.limit(limit)))
    if len(rows) == limit:
        last = rows[-1].key
        rest = query.where(_uploads.key == last, _uploads.id > rows[-1].id)
        rows += connection.execute(rest).all()
    return rows


def _write_entry(bucket: Bucket, name: str, entry: Entry) -> tuple[str, Content]:
    row = entry.row
    if row is None:
        return "CommonPrefixes", [("Prefix", name)]
    return "Upload", [
        ("Key", name),
        ("UploadId", write_id(row.id)),
        ("Initiator", buckets.write_owner(bucket.account)),
        ("Owner", buckets.write_owner(bucket.account)),
        ("StorageClass", row.headers.get("x-amz-storage-class", "STANDARD")),
        ("Initiated", to_iso(row.initiated_at)),
        ("ChecksumAlgorithm", row.checksum_algorithm),
        ("ChecksumType", row.checksum_type),
    ]


async def list_parts(call: Call) -> None:
    """The parts of an upload in progress, by number."""
    largest = call.read_count("max-parts")
    marker = call.read_count("part-number-marker", default=0, largest=10_000)
    (bucket, upload), rows = await call.store.read(partial(_find_parts, call, largest, marker))
    page = rows[:largest]
    await call.respond_xml(
        "ListPartsResult",
        [
            ("Bucket", call.bucket),
            ("Key", call.key_text),
            ("UploadId", write_id(upload.id)),
            ("Initiator", buckets.write_owner(bucket.account)),
            ("Owner", buckets.write_owner(bucket.account)),
            ("StorageClass", upload.headers.get("x-amz-storage-class", "STANDARD")),
            ("PartNumberMarker", marker),
            ("NextPartNumberMarker", page[-1].number if page else 0),
            ("MaxParts", largest),
            ("IsTruncated", len(rows) > largest),
            ("ChecksumAlgorithm", upload.checksum_algorithm),
            ("ChecksumType", upload.checksum_type),
            *(("Part", list(_write_part(upload, row))) for row in page),
        ],
    )


def _find_parts(
    call: Call, largest: int, marker: int, connection: sa.Connection
) -> tuple[tuple[Bucket, Upload], Any]:
    found = admit(call, connection)
    after = sa.select(tables.parts).where(_parts.body == found[1].id, _parts.number > marker)
    return found, connection.execute(after.order_by(_parts.number).limit(largest + 1)).all()


def _write_part(upload: Upload, row: Any) -> Iterator[tuple[str, Content]]:
    yield "PartNumber", row.number
    yield "LastModified", to_iso(row.modified_at)
    yield "ETag", f'"{row.etag}"'
    yield "Size", row.size
    yield f"Checksum{upload.checksum_algorithm}", row.checksum
