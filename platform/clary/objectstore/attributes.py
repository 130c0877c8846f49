"""The headers that describe an object: what a writer may say, what a reader is told."""

from collections.abc import Mapping

from clary.kernel.errors import ServiceError
from clary.objectstore.errors import invalid_argument, invalid_request, not_implemented
from clary.objectstore.records import Attributes, StoredObject
from clary.objectstore.tables import StringMap
from clary.objectstore.tags import read_header
from clary.objectstore.times import to_http

DEFAULT_TYPE = "binary/octet-stream"
_METADATA = "x-amz-meta-"
_METADATA_LIMIT = 2048
_PLAIN = (
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "expires",
    "x-amz-website-redirect-location",
)
# Recorded and answered, so that clients that ask for them go on; encryption itself comes with KMS.
_ENCRYPTION = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
)
_STORAGE_CLASSES = frozenset(
    {
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER",
        "DEEP_ARCHIVE", "GLACIER_IR", "EXPRESS_ONEZONE", "OUTPOSTS", "SNOW", "FSX_OPENZFS", "FSX_ONTAP",
    }
)  # fmt: skip
_OWNER_ACLS = frozenset({"private", "bucket-owner-full-control"})
_OVERRIDES = {
    f"response-{name}": name
    for name in (
        "cache-control", "content-disposition", "content-encoding", "content-language", "content-type",
        "expires",
    )
}  # fmt: skip


def read_attributes(headers: Mapping[str, str]) -> Attributes:
    """What the headers of a write say of the object, tags included."""
    _refuse_unsupported(headers)
    described = {name: headers[name] for name in (*_PLAIN, *_ENCRYPTION) if headers.get(name)}
    described.setdefault("content-type", DEFAULT_TYPE)
    if encoding := _read_encoding(headers.get("content-encoding", "")):
        described["content-encoding"] = encoding
    storage_class = headers.get("x-amz-storage-class", "STANDARD")
    if storage_class not in _STORAGE_CLASSES:
        raise ServiceError("The storage class you specified is not valid", code="InvalidStorageClass")
    if storage_class != "STANDARD":
        described["x-amz-storage-class"] = storage_class
    return Attributes(
        headers=described | _read_metadata(headers), tags=read_header(headers.get("x-amz-tagging"))
    )


def describe(stored: StoredObject, *, checksums: bool = False) -> list[tuple[str, str]]:
    """The response headers of an object, its length aside."""
    described = [
        ("etag", f'"{stored.etag}"'),
        ("last-modified", to_http(stored.modified_at)),
        ("accept-ranges", "bytes"),
        *stored.headers.items(),
    ]
    if checksums:
        described += describe_checksums(stored.checksums, stored.checksum_type)
    return described


def describe_checksums(values: StringMap, checksum_type: str) -> list[tuple[str, str]]:
    """The response headers of checksums."""
    described = [(f"x-amz-checksum-{name.lower()}", value) for name, value in values.items()]
    return [*described, ("x-amz-checksum-type", checksum_type)] if described else []


def describe_encryption(headers: StringMap) -> list[tuple[str, str]]:
    """What the answer to a write says of encryption."""
    return [(name, headers[name]) for name in _ENCRYPTION if name in headers]


def override(headers: list[tuple[str, str]], query: Mapping[str, str]) -> list[tuple[str, str]]:
    """The response headers with those that a reader chose by ``response-*`` parameters."""
    if not query:
        return headers
    chosen = {header: query[name] for name, header in _OVERRIDES.items() if name in query}
    for name, value in chosen.items():
        if not value.isprintable():
            raise invalid_argument("The response header override is not valid.", name=f"response-{name}")
    return [(name, value) for name, value in headers if name not in chosen] + list(chosen.items())


def _read_encoding(text: str) -> str:
    kept = [token for token in map(str.strip, text.split(",")) if token and token.lower() != "aws-chunked"]
    return ",".join(kept)


def _read_metadata(headers: Mapping[str, str]) -> StringMap:
    metadata = {name: value for name, value in headers.items() if name.startswith(_METADATA)}
    size = sum(len(name) - len(_METADATA) + len(value.encode()) for name, value in metadata.items())
    if size > _METADATA_LIMIT:
        raise ServiceError(
            "Your metadata headers exceed the maximum allowed metadata size",
            code="MetadataTooLarge",
            Size=str(size),
            MaxSizeAllowed=str(_METADATA_LIMIT),
        )
    return metadata


def _refuse_unsupported(headers: Mapping[str, str]) -> None:
    if any(name.startswith("x-amz-server-side-encryption-customer-") for name in headers):
        raise not_implemented("server-side encryption with customer keys")
    if any(name.startswith("x-amz-object-lock-") for name in headers):
        raise invalid_request("Bucket is missing Object Lock Configuration")
    if "x-amz-write-offset-bytes" in headers:
        raise not_implemented("x-amz-write-offset-bytes")
    refuse_acl(headers)


def refuse_acl(headers: Mapping[str, str]) -> None:
    """ACLs are off, as on buckets that AWS makes today: only the owner's own are taken."""
    grants = any(name.startswith("x-amz-grant-") for name in headers)
    if grants or headers.get("x-amz-acl", "private") not in _OWNER_ACLS:
        raise ServiceError("The bucket does not allow ACLs", code="AccessControlListNotSupported")
