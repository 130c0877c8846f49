"""CreateMultipartUpload, UploadPart, UploadPartCopy and AbortMultipartUpload."""

from dataclasses import dataclass, replace
from functools import partial

import sqlalchemy as sa

from clary.kernel import clock
from clary.kernel.errors import ServiceError
from clary.objectstore import checksums, tables
from clary.objectstore.attributes import describe_checksums, describe_encryption, read_attributes
from clary.objectstore.bodies import body_path, part_path
from clary.objectstore.call import Call
from clary.objectstore.checksums import FULL_OBJECT
from clary.objectstore.copying import copy_bytes, find_source, read_source, write_copy_result
from clary.objectstore.errors import invalid_argument, invalid_request, no_such_upload
from clary.objectstore.intake import Body, Intake
from clary.objectstore.promises import LARGEST_PUT, BodyPromise, read_promise
from clary.objectstore.ranges import read_copy_range
from clary.objectstore.reading import retry_while_replaced
from clary.objectstore.receiving import receive_body
from clary.objectstore.records import Bucket, find_bucket, retire_path
from clary.objectstore.tables import StringMap

PART_NUMBERS = range(1, 10_001)
_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Upload:
    """One multipart upload in progress."""

    id: int
    bucket_id: int
    key: bytes
    initiated_at: int
    headers: StringMap
    tags: StringMap | None
    checksum_algorithm: str
    checksum_type: str


async def create_multipart_upload(call: Call) -> None:
    """Begin an upload; what the headers say will be the object's."""
    attributes = read_attributes(call.headers)
    named = call.headers.get("x-amz-checksum-algorithm")
    algorithm = checksums.read_algorithm(named) if named else checksums.DEFAULT_ALGORITHM
    checksum_type = checksums.read_type(call.headers.get("x-amz-checksum-type"), algorithm)
    upload = call.store.bodies.new_id()

    def change(connection: sa.Connection) -> None:
        bucket = call.admit(find_bucket(connection, call.bucket))
        row = Upload(
            upload,
            bucket.id,
            call.key,
            clock.now(),
            attributes.headers,
            attributes.tags,
            algorithm,
            checksum_type,
        )
        connection.execute(
            sa.insert(tables.uploads), [{name: getattr(row, name) for name in Upload.__slots__}]
        )

    await call.store.commit(change)
    told = [("x-amz-checksum-algorithm", algorithm), ("x-amz-checksum-type", checksum_type)] if named else []
    await call.respond_xml(
        "InitiateMultipartUploadResult",
        [("Bucket", call.bucket), ("Key", call.key_text), ("UploadId", write_id(upload))],
        [*told, *describe_encryption(attributes.headers)],
    )


async def upload_part(call: Call) -> None:
    """Store one part; a number that was used is replaced."""
    number = _read_part_number(call)
    upload = await find(call)
    promise = _read_promise(call, upload)
    path = partial(part_path, upload.id)
    try:
        async with receive_body(call.store, call.exchange.stream(), promise, part_path=path) as body:
            await _save_part(call, upload, number, body)
    except FileNotFoundError:
        # The upload was aborted and its folder deleted while the bytes came in.
        raise no_such_upload(call.query["uploadId"]) from None
    told = {promise.algorithm: body.checksums[promise.algorithm]}
    described = describe_checksums(told, FULL_OBJECT)[:1]
    await call.respond(200, [("etag", f'"{body.md5}"'), *described, *describe_encryption(upload.headers)])


async def upload_part_copy(call: Call) -> None:
    """Store one part from the bytes of an object."""
    await retry_while_replaced(partial(_upload_part_copy, call), call.key)


async def _upload_part_copy(call: Call) -> None:
    number = _read_part_number(call)
    upload = await find(call)
    stored = await find_source(call, read_source(call))
    start, length = 0, stored.size
    if "x-amz-copy-source-range" in call.headers:
        window = read_copy_range(call.headers["x-amz-copy-source-range"], stored.size)
        start, length = window.start, window.length
    if length > LARGEST_PUT:
        raise invalid_request(
            f"The specified copy range is larger than the largest part: {LARGEST_PUT} bytes"
        )
    store, file = call.store, call.store.bodies.new_id()
    promise = BodyPromise(length, length, upload.checksum_algorithm)

    def copy() -> Body:
        intake = Intake(promise, store.bodies, body=file, path=part_path(upload.id, file))
        return copy_bytes(store, stored, intake, start=start, length=length)

    body = await store.run(copy)
    try:
        modified_at = await _save_part(call, upload, number, body)
    except ServiceError:
        await store.run(lambda: store.bodies.delete(part_path(upload.id, file)))
        raise
    except BaseException:
        store.bodies.leave_behind()
        raise
    result = write_copy_result(modified_at, body.md5, body.checksums, None)
    await call.respond_xml("CopyPartResult", result)


async def abort_multipart_upload(call: Call) -> None:
    """Forget an upload and its parts."""

    def change(connection: sa.Connection) -> None:
        upload = admit(call, connection)[1]
        connection.execute(sa.delete(tables.parts).where(tables.parts.c.body == upload.id))
        connection.execute(sa.delete(tables.uploads).where(tables.uploads.c.id == upload.id))
        retire_path(connection, body_path(upload.id))

    await call.store.commit(change)
    call.store.collect_garbage()
    await call.respond(204)


async def find(call: Call) -> Upload:
    """The upload that the call names."""
    return (await call.store.read(partial(admit, call)))[1]


def admit(call: Call, connection: sa.Connection) -> tuple[Bucket, Upload]:
    """The bucket and the upload that the call names; NoSuchUpload where it is not (or no more) there."""
    bucket = call.admit(find_bucket(connection, call.bucket))
    upload_id = call.query["uploadId"]
    row = connection.execute(
        sa.select(tables.uploads).where(tables.uploads.c.id == read_id(upload_id))
    ).first()
    if row is None or (row.bucket_id, row.key) != (bucket.id, call.key):
        raise no_such_upload(upload_id)
    return bucket, Upload(*row)


def write_id(upload: int) -> str:
    """An upload's id as clients see it."""
    return f"{upload:0{_ID_LENGTH}x}"


def read_id(upload_id: str) -> int:
    """An upload's number; NoSuchUpload where the text is not one of ours."""
    if len(upload_id) != _ID_LENGTH or not set(upload_id) <= set("0123456789abcdef"):
        raise no_such_upload(upload_id)
    return int(upload_id, 16)


async def _save_part(call: Call, upload: Upload, number: int, body: Body) -> int:
    modified_at = clock.now()
    row = {
        "file": body.id,
        "size": body.size,
        "offset": None,
        "etag": body.md5,
        "checksum": body.checksums[upload.checksum_algorithm],
        "modified_at": modified_at,
    }
    here = sa.and_(tables.parts.c.body == upload.id, tables.parts.c.number == number)

    def change(connection: sa.Connection) -> bool:
        admit(call, connection)
        old = connection.scalar(sa.select(tables.parts.c.file).where(here))
        if old is None:
            connection.execute(sa.insert(tables.parts), {"body": upload.id, "number": number, **row})
            return False
        connection.execute(sa.update(tables.parts).where(here), row)
        retire_path(connection, part_path(upload.id, old))
        return True

    if await call.store.commit(change):
        call.store.collect_garbage()
    return modified_at


def _read_promise(call: Call, upload: Upload) -> BodyPromise:
    promise = read_promise(call.exchange, default_algorithm=upload.checksum_algorithm)
    if promise.algorithm == upload.checksum_algorithm:
        return promise
    if upload.checksum_algorithm == checksums.DEFAULT_ALGORITHM:
        # The client named none for the upload but has one for each part: it is compared, not kept.
        return replace(promise, kept=upload.checksum_algorithm)
    raise invalid_request(
        f"Checksum Type mismatch occurred, expected checksum Type: {upload.checksum_algorithm.lower()}, "
        f"actual checksum Type: {promise.algorithm.lower()}"
    )


def _read_part_number(call: Call) -> int:
    text = call.query["partNumber"]
    if not text.isdecimal() or int(text) not in PART_NUMBERS:
        raise invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive", name="partNumber", value=text
        )
    return int(text)
