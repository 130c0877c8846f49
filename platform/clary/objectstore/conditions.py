"""Conditional requests: whether to answer, to say "not modified", or to refuse.

Source: RFC 9110, section 13.2.2 (precedence); Amazon S3 User Guide, "Conditional requests".
"""

from collections.abc import Mapping

from clary.kernel import clock
from clary.objectstore.errors import no_such_key, not_implemented, precondition_failed
from clary.objectstore.records import StoredObject
from clary.objectstore.times import from_http


def is_not_modified(headers: Mapping[str, str], stored: StoredObject) -> bool:
    """True where a read is answered 304; PreconditionFailed where a condition does not hold."""
    _require(headers, stored, prefix="")
    wanted = headers.get("if-none-match")
    if wanted is not None:
        return _matches(wanted, stored.etag)
    since = from_http(headers.get("if-modified-since", ""))
    return since is not None and _modified_second(stored) <= since


def check_copy_source(headers: Mapping[str, str], stored: StoredObject) -> None:
    """PreconditionFailed where a copy's conditions on its source do not hold."""
    prefix = "x-amz-copy-source-"
    _require(headers, stored, prefix=prefix)
    unwanted = headers.get(f"{prefix}if-none-match")
    if unwanted is not None:
        if _matches(unwanted, stored.etag):
            raise precondition_failed(f"{prefix}If-None-Match")
        return
    since = from_http(headers.get(f"{prefix}if-modified-since", ""))
    if since is not None and _modified_second(stored) <= since:
        raise precondition_failed(f"{prefix}If-Modified-Since")


def check_write(headers: Mapping[str, str], key: bytes, old: StoredObject | None) -> None:
    """PreconditionFailed where a write's conditions on what it replaces do not hold."""
    absent = headers.get("if-none-match")
    if absent is not None:
        if absent.strip() != "*":
            raise not_implemented("If-None-Match with a value other than *")
        if old is not None:
            raise precondition_failed("If-None-Match")
    wanted = headers.get("if-match")
    if wanted is not None:
        if old is None:
            raise no_such_key(key)
        if not _matches(wanted, old.etag):
            raise precondition_failed("If-Match")


def _require(headers: Mapping[str, str], stored: StoredObject, *, prefix: str) -> None:
    wanted = headers.get(f"{prefix}if-match")
    if wanted is not None:
        if not _matches(wanted, stored.etag):
            raise precondition_failed(f"{prefix}If-Match")
        return
    since = from_http(headers.get(f"{prefix}if-unmodified-since", ""))
    if since is not None and _modified_second(stored) > since:
        raise precondition_failed(f"{prefix}If-Unmodified-Since")


def _matches(condition: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")]
    return "*" in tags or etag in tags


def _modified_second(stored: StoredObject) -> int:
    return stored.modified_at // clock.SECOND
