"""PutObject, GetObject, HeadObject, DeleteObject and DeleteObjects."""

import base64
import hashlib
from functools import partial

import sqlalchemy as sa

from clary.kernel.errors import ServiceError
from clary.objectstore import checksums
from clary.objectstore.attributes import (
    describe,
    describe_checksums,
    describe_encryption,
    override,
    read_attributes,
)
from clary.objectstore.call import Call, Headers, check_key
from clary.objectstore.conditions import check_write, is_not_modified
from clary.objectstore.errors import bad_digest, malformed_xml
from clary.objectstore.intake import Layout
from clary.objectstore.objectparts import find_part
from clary.objectstore.promises import read_content_md5, read_promise
from clary.objectstore.ranges import ByteRange, read_range
from clary.objectstore.reading import BLOCK, SegmentReader, open_body, read_whole, retry_while_replaced
from clary.objectstore.receiving import receive_body
from clary.objectstore.records import (
    ObjectContent,
    StoredObject,
    delete_object,
    find_bucket,
    find_object,
    write_object,
)
from clary.objectstore.sending import send_body
from clary.objectstore.xml import read_document, read_text

_DELETE_LIMIT = 1000


async def put_object(call: Call) -> None:
    """Store a body under a key, unless a condition forbids it."""
    attributes = read_attributes(call.headers)
    promise = read_promise(call.exchange)
    if promise.at_most > BLOCK:
        # A refusal before the body saves the client from sending it (Expect: 100-continue).
        bucket, old = await call.store.find_object(call.bucket, call.key)
        call.admit(bucket)
        check_write(call.headers, call.key, old)
    async with receive_body(call.store, call.exchange.stream(), promise) as body:
        content = ObjectContent.of_body(body, attributes)
        await save_object(call, content)
    headers = [("etag", f'"{body.md5}"'), *describe_checksums(content.checksums, content.checksum_type)]
    await call.respond(200, [*headers, *describe_encryption(attributes.headers)])


async def save_object(call: Call, content: ObjectContent) -> int:
    """Make a content the object of the call's key; the time of modification is the answer."""
    modified_at, replaced = await call.store.commit(partial(_save, call, content))
    if replaced:
        call.store.collect_garbage()
    return modified_at


def _save(call: Call, content: ObjectContent, connection: sa.Connection) -> tuple[int, bool]:
    bucket, old = find_object(connection, call.bucket, call.key)
    bucket = call.admit(bucket)
    check_write(call.headers, call.key, old)
    modified_at = write_object(connection, bucket, call.key, old=old, content=content)
    return modified_at, old is not None and old.layout != Layout.INLINE


async def get_object(call: Call) -> None:
    """Send a body, or some bytes of it."""
    await retry_while_replaced(partial(_get_object, call), call.key)


async def _get_object(call: Call) -> None:
    stored = await _find(call, with_data=True)
    if is_not_modified(call.headers, stored):
        await _answer_not_modified(call, stored)
        return
    window, headers = await _read_window(call, stored)
    status = 200 if window is None else 206
    start, length = (0, stored.size) if window is None else (window.start, window.length)
    if stored.data is not None:
        await call.respond(status, headers, stored.data[start : start + length])
        return

    def open_there() -> SegmentReader:
        return open_body(call.store, stored, start=start, length=length)

    if length <= BLOCK:
        await call.respond(status, headers, await call.store.run(lambda: read_whole(open_there())))
    else:
        await send_body(
            call.store, call.exchange, await call.store.run(open_there), status=status, headers=headers
        )


async def head_object(call: Call) -> None:
    """The headers of a GetObject."""
    stored = await _find(call, with_data=False)
    if is_not_modified(call.headers, stored):
        await _answer_not_modified(call, stored)
        return
    window, headers = await _read_window(call, stored)
    await call.respond(200 if window is None else 206, headers)


async def delete_one(call: Call) -> None:
    """Remove an object; one that is not there is as good as removed."""
    call.check_version()
    if await call.store.commit(partial(_delete, call, [call.key])):
        call.store.collect_garbage()
    await call.respond(204)


async def delete_objects(call: Call) -> None:
    """Remove up to 1,000 objects in one transaction."""
    body = await call.read_xml()
    _check_document(call, body)
    document = read_document(body, "Delete")
    keys = [read_text(entry, "Key").encode() for entry in document.iterfind("Object")]
    if not keys or len(keys) > _DELETE_LIMIT:
        raise malformed_xml()
    if await call.store.commit(partial(_delete, call, [check_key(key) for key in keys])):
        call.store.collect_garbage()
    quiet = document.findtext("Quiet", "").strip().lower() == "true"
    await call.respond_xml(
        "DeleteResult", () if quiet else [("Deleted", [("Key", key.decode())]) for key in keys]
    )


def _delete(call: Call, keys: list[bytes], connection: sa.Connection) -> bool:
    call.admit(find_bucket(connection, call.bucket))
    found = [find_object(connection, call.bucket, key)[1] for key in dict.fromkeys(keys)]
    if "if-match" in call.headers:
        check_write({"if-match": call.headers["if-match"]}, keys[0], found[0])
    stored = [one for one in found if one is not None]
    for one in stored:
        delete_object(connection, one)
    return any(one.layout != Layout.INLINE for one in stored)


async def _find(call: Call, *, with_data: bool) -> StoredObject:
    return call.admit_object(*await call.store.find_object(call.bucket, call.key, with_data=with_data))


async def _answer_not_modified(call: Call, stored: StoredObject) -> None:
    kept = {"etag", "last-modified", "cache-control", "expires"}
    await call.respond(304, [pair for pair in describe(stored) if pair[0] in kept])


async def _read_window(call: Call, stored: StoredObject) -> tuple[ByteRange | None, Headers]:
    """The bytes asked for, by range or part number, and the headers that go with them."""
    asked = call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    if "partNumber" in call.query:
        if "range" in call.headers:
            raise ServiceError(
                "Cannot specify both Range header and partNumber query parameter", code="InvalidRequest"
            )
        part = await call.store.read(partial(find_part, stored, call.query["partNumber"]))
        window: ByteRange | None = part.window
        headers = describe(stored) + (part.checksums if asked else []) + part.count
    else:
        window = read_range(call.headers.get("range"), stored.size)
        whole = window is None or window.length == stored.size
        headers = describe(stored, checksums=asked and whole)
    length = stored.size if window is None else window.length
    headers.append(("content-length", str(length)))
    if window is not None and window.length:
        headers.append(("content-range", window.content_range))
    return window, override(headers, call.query)


def _check_document(call: Call, body: bytes) -> None:
    digest = read_content_md5(call.headers)
    if digest is not None and digest != hashlib.md5(body, usedforsecurity=False).digest():
        raise bad_digest("Content-MD5")
    given = {name: algorithm for name, algorithm in checksums.HEADERS.items() if name in call.headers}
    if digest is None and not given:
        raise ServiceError("Missing required header for this request: Content-MD5", code="InvalidRequest")
    for name, algorithm in given.items():
        running = checksums.new_checksum(algorithm)
        running.update(body)
        if base64.b64encode(running.digest()).decode() != call.headers[name]:
            raise bad_digest(algorithm)
