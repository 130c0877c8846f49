"""Which operation a request is: by method, by what it names, and by the query's telling parameter."""

from collections.abc import Awaitable, Callable

from clary.kernel.errors import ServiceError
from clary.objectstore import (
    absent,
    buckets,
    completion,
    copying,
    listing,
    metadata,
    objects,
    posting,
    uploadlists,
    uploads,
)
from clary.objectstore.call import Call

Handler = Callable[[Call], Awaitable[None]]

_BUCKET: dict[tuple[str, str], Handler] = {
    ("PUT", ""): buckets.create_bucket,
    ("HEAD", ""): buckets.head_bucket,
    ("DELETE", ""): buckets.delete_bucket,
    ("GET", ""): listing.list_objects,
    ("GET", "list-type"): listing.list_objects_v2,
    ("GET", "location"): buckets.get_bucket_location,
    ("GET", "uploads"): uploadlists.list_multipart_uploads,
    ("POST", "delete"): objects.delete_objects,
    ("GET", "tagging"): metadata.get_bucket_tagging,
    ("PUT", "tagging"): metadata.put_bucket_tagging,
    ("DELETE", "tagging"): metadata.delete_bucket_tagging,
    ("GET", "acl"): absent.get_bucket_acl,
    **{("GET", name): absent.get_missing for name in absent.MISSING},
    **{("GET", name): absent.get_empty for name in absent.EMPTY},
}
_OBJECT: dict[tuple[str, str], Handler] = {
    ("PUT", ""): objects.put_object,
    ("GET", ""): objects.get_object,
    ("HEAD", ""): objects.head_object,
    ("DELETE", ""): objects.delete_one,
    ("PUT", "copy"): copying.copy_object,
    ("POST", "uploads"): uploads.create_multipart_upload,
    ("PUT", "uploadId"): uploads.upload_part,
    ("PUT", "uploadId copy"): uploads.upload_part_copy,
    ("GET", "uploadId"): uploadlists.list_parts,
    ("POST", "uploadId"): completion.complete_multipart_upload,
    ("DELETE", "uploadId"): uploads.abort_multipart_upload,
    ("GET", "tagging"): metadata.get_object_tagging,
    ("PUT", "tagging"): metadata.put_object_tagging,
    ("DELETE", "tagging"): metadata.delete_object_tagging,
    ("GET", "attributes"): metadata.get_object_attributes,
    ("GET", "acl"): absent.get_object_acl,
}
_TELLING = (
    {name for _, name in (*_BUCKET, *_OBJECT)}
    | absent.MISSING.keys()
    | absent.EMPTY.keys()
    | absent.UNSUPPORTED
) - {""}


def find_handler(call: Call) -> Handler:
    """The operation that the call asks for; MethodNotAllowed or NotImplemented where there is none."""
    method = call.exchange.method
    telling = next((name for name in call.query if name in _TELLING), "") if call.query else ""
    if not call.bucket:
        return _find_service_handler(method)
    if not call.key:
        if method == "POST" and call.headers.get("content-type", "").startswith("multipart/form-data"):
            return posting.post_object
        return _pick(_BUCKET, method, telling)
    if method == "PUT" and "x-amz-copy-source" in call.headers and telling in {"", "uploadId"}:
        telling = f"{telling} copy".strip()
    if telling.startswith("uploadId") and method == "PUT" and "partNumber" not in call.query:
        raise ServiceError(
            "A part upload must name its partNumber", code="InvalidArgument", ArgumentName="partNumber"
        )
    return _pick(_OBJECT, method, telling)


def handlers() -> tuple[Handler, ...]:
    """Every handler, for the page that lists what is answered."""
    return (buckets.list_buckets, *_BUCKET.values(), *_OBJECT.values())


def _find_service_handler(method: str) -> Handler:
    if method != "GET":
        raise _not_allowed()
    return buckets.list_buckets


def _pick(handlers: dict[tuple[str, str], Handler], method: str, telling: str) -> Handler:
    handler = handlers.get((method, telling))
    if handler is not None:
        return handler
    if telling or method == "POST":
        return absent.refuse
    raise _not_allowed()


def _not_allowed() -> ServiceError:
    return ServiceError(
        "The specified method is not allowed against this resource.", code="MethodNotAllowed", status=405
    )
