"""Tag sets: from the tagging header and from documents, with S3's limits."""

from collections.abc import Iterable
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element

from clary.kernel.errors import ServiceError
from clary.objectstore.errors import invalid_argument
from clary.objectstore.tables import StringMap
from clary.objectstore.xml import Children, read_document, read_text

OBJECT_LIMIT = 10
BUCKET_LIMIT = 50


def read_header(text: str | None) -> StringMap | None:
    """The tags of an ``x-amz-tagging`` header."""
    if not text:
        return None
    pairs = parse_qsl(text, keep_blank_values=True)
    if not pairs:
        raise invalid_argument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters "
            "without tag name duplicates.",
            name="x-amz-tagging",
            value=text,
        )
    return _check(pairs, OBJECT_LIMIT)


def read_tagging(body: bytes, *, limit: int) -> StringMap:
    """The tags of a Tagging document."""
    return _check([_read_tag(tag) for tag in read_document(body, "Tagging").iterfind("TagSet/Tag")], limit)


def write_tagging(tags: StringMap | None) -> Children:
    """The children of a Tagging document."""
    pairs = sorted((tags or {}).items())
    yield "TagSet", [("Tag", [("Key", key), ("Value", value)]) for key, value in pairs]


def _read_tag(tag: Element) -> tuple[str, str]:
    return read_text(tag, "Key"), read_text(tag, "Value")


def _check(pairs: Iterable[tuple[str, str]], limit: int) -> StringMap:
    tags: StringMap = {}
    for key, value in pairs:
        if not key or len(key) > 128:
            raise ServiceError("The TagKey you have provided is invalid", code="InvalidTag", TagKey=key)
        if len(value) > 256:
            raise ServiceError("The TagValue you have provided is invalid", code="InvalidTag", TagKey=key)
        if key in tags:
            raise ServiceError(
                "Cannot provide multiple Tags with the same key", code="InvalidTag", TagKey=key
            )
        if key.lower().startswith("aws:"):
            raise ServiceError(
                "System tags cannot be added/updated by requester", code="InvalidTag", TagKey=key
            )
        tags[key] = value
    if len(tags) > limit:
        kind = "Object" if limit == OBJECT_LIMIT else "Bucket"
        raise ServiceError(f"{kind} tags cannot be greater than {limit}", code="BadRequest")
    return tags
