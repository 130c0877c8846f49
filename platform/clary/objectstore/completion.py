"""CompleteMultipartUpload: the parts become the object as they lie, without a byte being moved."""

import hashlib
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import sqlalchemy as sa

from clary.kernel.errors import ServiceError
from clary.objectstore import checksums
from clary.objectstore.attributes import describe_encryption
from clary.objectstore.bodies import part_path
from clary.objectstore.call import Call
from clary.objectstore.conditions import check_write
from clary.objectstore.errors import bad_digest, invalid_request, malformed_xml
from clary.objectstore.intake import Layout
from clary.objectstore.records import (
    Attributes,
    ObjectContent,
    StoredObject,
    find_object,
    retire_path,
    write_object,
)
from clary.objectstore.tables import parts, uploads
from clary.objectstore.uploads import PART_NUMBERS, Upload, admit, read_id
from clary.objectstore.xml import read_document, read_text

SMALLEST_PART = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _NamedPart:
    number: int
    etag: str
    checksums: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class _Completed:
    etag: str
    checksums: dict[str, str]
    checksum_type: str
    headers: dict[str, str]


async def complete_multipart_upload(call: Call) -> None:
    """Make the named parts, in order, the object."""
    document = await call.read_xml()
    named = await call.store.run(lambda: [_read_part(part) for part in _read_parts(document)])
    completed = await call.store.commit(partial(_complete, call, named))
    call.store.collect_garbage()
    host = call.headers.get("host", "")
    await call.respond_xml(
        "CompleteMultipartUploadResult",
        [
            ("Location", f"http://{host}{call.exchange.raw_path.decode('latin-1')}"),
            ("Bucket", call.bucket),
            ("Key", call.key_text),
            ("ETag", f'"{completed.etag}"'),
            *((f"Checksum{name}", value) for name, value in completed.checksums.items()),
            ("ChecksumType", completed.checksum_type),
        ],
        describe_encryption(completed.headers),
    )


def _read_parts(document: bytes) -> list[Element]:
    listed = read_document(document, "CompleteMultipartUpload").findall("Part")
    if not listed:
        raise malformed_xml()
    return listed


def _read_part(part: Element) -> _NamedPart:
    number = read_text(part, "PartNumber").strip()
    if not number.isdecimal() or int(number) not in PART_NUMBERS:
        raise malformed_xml()
    given = {
        child.tag.removeprefix("Checksum"): child.text for child in part if child.tag.startswith("Checksum")
    }
    return _NamedPart(int(number), read_text(part, "ETag").strip().strip('"'), given)


def _complete(call: Call, named: list[_NamedPart], connection: sa.Connection) -> _Completed:
    bucket, old = find_object(connection, call.bucket, call.key)
    call.admit(bucket)
    if old is not None and _is_outcome(call, old):
        # The answer to the first request was lost: the client asks again.
        return _Completed(old.etag, old.checksums, old.checksum_type, old.headers)
    bucket, upload = admit(call, connection)
    check_write(call.headers, call.key, old)
    stored = {
        row.number: row for row in connection.execute(sa.select(parts).where(parts.c.body == upload.id))
    }
    chosen = _choose(upload, named, stored)
    content = _join(call, upload, chosen)
    _place(connection, upload, chosen, stored)
    connection.execute(sa.delete(uploads).where(uploads.c.id == upload.id))
    write_object(connection, bucket, call.key, old=old, content=content)
    return _Completed(content.etag, content.checksums, content.checksum_type, upload.headers)


def _is_outcome(call: Call, stored: StoredObject) -> bool:
    return stored.layout == Layout.PARTS and stored.body == read_id(call.query["uploadId"])


def _choose(upload: Upload, named: list[_NamedPart], stored: dict[int, Any]) -> list[Any]:
    if any(second.number <= first.number for first, second in pairwise(named)):
        raise ServiceError(
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            code="InvalidPartOrder",
        )
    chosen = [_match(upload, part, stored.get(part.number)) for part in named]
    for row in chosen[:-1]:
        if row.size < SMALLEST_PART:
            raise ServiceError(
                "Your proposed upload is smaller than the minimum allowed size",
                code="EntityTooSmall",
                ProposedSize=str(row.size),
                MinSizeAllowed=str(SMALLEST_PART),
                PartNumber=str(row.number),
                ETag=row.etag,
            )
    return chosen


def _match(upload: Upload, part: _NamedPart, row: Any) -> Any:
    given = part.checksums.get(upload.checksum_algorithm)
    if row is None or row.etag != part.etag or given not in {None, row.checksum}:
        raise ServiceError(
            "One or more of the specified parts could not be found. The part may not have been uploaded, or "
            "the specified entity tag may not match the part's entity tag.",
            code="InvalidPart",
            UploadId=f"{upload.id:016x}",
            PartNumber=str(part.number),
            ETag=part.etag,
        )
    return row


def _join(call: Call, upload: Upload, chosen: list[Any]) -> ObjectContent:
    size = sum(row.size for row in chosen)
    algorithm = upload.checksum_algorithm
    value = checksums.join(algorithm, upload.checksum_type, [(row.checksum, row.size) for row in chosen])
    _check_whole(call, algorithm, value, size)
    digest = hashlib.md5(b"".join(bytes.fromhex(row.etag) for row in chosen), usedforsecurity=False)
    return ObjectContent(
        body=upload.id,
        layout=Layout.PARTS,
        size=size,
        etag=f"{digest.hexdigest()}-{len(chosen)}",
        attributes=Attributes(upload.headers, upload.tags),
        checksums={algorithm: value},
        checksum_type=upload.checksum_type,
    )


def _check_whole(call: Call, algorithm: str, value: str, size: int) -> None:
    expected = call.headers.get(f"x-amz-checksum-{algorithm.lower()}")
    if expected is not None and expected.partition("-")[0] != value.partition("-")[0]:
        raise bad_digest(algorithm)
    expected_size = call.headers.get("x-amz-mp-object-size")
    if expected_size is not None and expected_size != str(size):
        raise invalid_request(
            "The provided 'x-amz-mp-object-size' header value does not match what was computed: "
            f"{expected_size} expected, {size} found"
        )


def _place(connection: sa.Connection, upload: Upload, chosen: list[Any], stored: dict[int, Any]) -> None:
    offset, places = 0, []
    for row in chosen:
        places.append({"b_number": row.number, "offset": offset})
        offset += row.size
    here = sa.and_(parts.c.body == upload.id, parts.c.number == sa.bindparam("b_number"))
    connection.execute(sa.update(parts).where(here), places)
    unused = stored.keys() - {row.number for row in chosen}
    for number in sorted(unused):
        retire_path(connection, part_path(upload.id, stored[number].file))
        connection.execute(sa.delete(parts).where(here), {"b_number": number})
