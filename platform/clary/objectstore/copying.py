"""CopyObject, and the reading of a copy's source that part copies share."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes

from clary.kernel.errors import ServiceError
from clary.objectstore import checksums
from clary.objectstore.attributes import describe_encryption, read_attributes
from clary.objectstore.bodies import body_path
from clary.objectstore.call import Call, admit, check_key
from clary.objectstore.checksums import FULL_OBJECT
from clary.objectstore.conditions import check_copy_source
from clary.objectstore.errors import invalid_argument, invalid_request, no_such_key
from clary.objectstore.intake import INLINE_LIMIT, Body, Intake, Layout
from clary.objectstore.objects import save_object
from clary.objectstore.promises import LARGEST_PUT, BodyPromise
from clary.objectstore.reading import BodyReplaced, open_body, retry_while_replaced
from clary.objectstore.records import Attributes, ObjectContent, StoredObject
from clary.objectstore.store import Store
from clary.objectstore.tables import StringMap
from clary.objectstore.tags import read_header
from clary.objectstore.times import to_iso

_SOURCE = "x-amz-copy-source"
_KEPT_ON_COPY = ("x-amz-storage-class", "x-amz-website-redirect-location")
_CHANGES = ("x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption")


@dataclass(frozen=True, slots=True)
class CopySource:
    """The bucket and key that a copy reads."""

    bucket: str
    key: bytes


async def copy_object(call: Call) -> None:
    """Store an object's bytes under another key, or its own with other metadata."""
    await retry_while_replaced(partial(_copy_object, call), call.key)


async def _copy_object(call: Call) -> None:
    source = read_source(call)
    stored = await find_source(call, source)
    if stored.size > LARGEST_PUT:
        raise invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: "
            f"{LARGEST_PUT}"
        )
    attributes = _choose_attributes(call, source, stored)
    body = await _copy_body(call, stored)
    content = ObjectContent.of_body(body, attributes)
    try:
        modified_at = await save_object(call, content)
    except ServiceError:
        if body.data is None:
            await call.store.run(lambda: call.store.bodies.delete(body_path(body.id)))
        raise
    except BaseException:
        call.store.bodies.leave_behind()
        raise
    await call.respond_xml(
        "CopyObjectResult",
        write_copy_result(modified_at, content.etag, content.checksums, content.checksum_type),
        describe_encryption(attributes.headers),
    )


def read_source(call: Call) -> CopySource:
    """The ``x-amz-copy-source`` header: ``bucket/key``, percent-encoded, with ``?versionId=null`` at most."""
    text, _, query = call.headers[_SOURCE].partition("?")
    bucket, separator, key = unquote_to_bytes(text.removeprefix("/")).partition(b"/")
    if not bucket or not separator or not key or bucket.startswith(b"arn:"):
        raise invalid_argument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey", name=_SOURCE
        )
    if parse_qs(query).get("versionId", ["null"]) != ["null"]:
        raise invalid_argument("Invalid version id specified", name="versionId")
    return CopySource(bucket.decode(errors="replace"), check_key(key))


async def find_source(call: Call, source: CopySource) -> StoredObject:
    """The object to copy, where the caller may read it and the conditions hold."""

    bucket, stored = await call.store.find_object(source.bucket, source.key, with_data=True)
    admit(bucket, source.bucket, call.caller, call.headers.get("x-amz-source-expected-bucket-owner"))
    if stored is None:
        raise no_such_key(source.key)
    check_copy_source(call.headers, stored)
    return stored


def write_copy_result(modified_at: int, etag: str, values: StringMap, checksum_type: str | None) -> Any:
    """The children of a CopyObjectResult or CopyPartResult."""
    yield "LastModified", to_iso(modified_at)
    yield "ETag", f'"{etag}"'
    for algorithm, value in values.items():
        yield f"Checksum{algorithm}", value
        yield "ChecksumType", checksum_type


def copy_bytes(store: Store, stored: StoredObject, intake: Intake, *, start: int, length: int) -> Body:
    """Read some bytes of an object into a new body. Blocks; BodyReplaced where the source is gone."""
    try:
        if stored.data is not None:
            intake.feed([stored.data[start : start + length]])
            return intake.finish()
        reader = open_body(store, stored, start=start, length=length)
        try:
            while block := reader.read():
                intake.feed([block])
        finally:
            reader.close()
        return intake.finish()
    except BaseException:
        intake.discard()
        raise


def _choose_attributes(call: Call, source: CopySource, stored: StoredObject) -> Attributes:
    directive = _read_directive(call, "x-amz-metadata-directive")
    said = read_attributes(call.headers)
    itself = (source.bucket, source.key) == (call.bucket, call.key)
    if itself and directive == "COPY" and not any(name in call.headers for name in _CHANGES):
        raise invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing "
            "the object's metadata, storage class, website redirect location or encryption attributes."
        )
    if directive == "COPY":
        # Storage class and redirect belong to the request, the rest to the source.
        kept = {name: value for name, value in stored.headers.items() if name not in _KEPT_ON_COPY}
        chosen = {name: said.headers[name] for name in _CHANGES if name in said.headers}
        said = replace(said, headers=kept | chosen)
    replace_tags = _read_directive(call, "x-amz-tagging-directive") == "REPLACE"
    return replace(said, tags=read_header(call.headers.get("x-amz-tagging")) if replace_tags else stored.tags)


def _read_directive(call: Call, name: str) -> str:
    directive = call.headers.get(name, "COPY").upper()
    if directive not in {"COPY", "REPLACE"}:
        raise invalid_argument(
            f"Unknown {name.removeprefix('x-amz-').replace('-', ' ')}.", name=name, value=directive
        )
    return directive


async def _copy_body(call: Call, stored: StoredObject) -> Body:
    store, body = call.store, call.store.bodies.new_id()
    algorithm = choose_algorithm(call, stored)
    if stored.layout == Layout.FILE and algorithm in stored.checksums:
        # Bodies never change, so two objects may share the bytes of one file.
        await store.run(partial(_link, store, stored, body))
        return Body(body, Layout.FILE, stored.size, stored.etag, stored.checksums)
    promise = BodyPromise(stored.size, stored.size, algorithm)
    path = body_path(body) if stored.size > INLINE_LIMIT else None
    return await store.run(
        lambda: copy_bytes(
            store, stored, Intake(promise, store.bodies, body=body, path=path), start=0, length=stored.size
        )
    )


def _link(store: Store, stored: StoredObject, body: int) -> None:
    try:
        store.bodies.link(body_path(stored.body), body_path(body))
    except FileNotFoundError:
        raise BodyReplaced from None


def choose_algorithm(call: Call, stored: StoredObject) -> str:
    """The checksum algorithm of a copy: the one asked for, else the source's."""
    named = call.headers.get("x-amz-checksum-algorithm")
    if named:
        return checksums.read_algorithm(named)
    return (
        next(iter(stored.checksums)) if stored.checksum_type == FULL_OBJECT else checksums.DEFAULT_ALGORITHM
    )
