"""One S3 request: which bucket and key it names, who asks, and how it is answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_to_bytes

from clary.aws import hosts
from clary.aws.exchange import Exchange
from clary.aws.sigv4 import Identity
from clary.kernel.errors import ServiceError
from clary.objectstore.errors import access_denied, invalid_argument, no_such_bucket, no_such_key
from clary.objectstore.records import Bucket, StoredObject
from clary.objectstore.store import Store
from clary.objectstore.xml import Content, write_document

KEY_LIMIT = 1024
XML_LIMIT = 8 * 1024 * 1024

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Call:
    """A request as the operations see it. ``key`` is UTF-8; ``query`` is decoded."""

    store: Store
    exchange: Exchange
    bucket: str
    key: bytes
    query: dict[str, str]
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = self.exchange.headers

    @classmethod
    def read(cls, store: Store, exchange: Exchange) -> "Call":
        """Parse path and query; InvalidURI or KeyTooLongError where they are none of S3's."""
        path = unquote_to_bytes(exchange.raw_path.removeprefix(b"/"))
        if named := virtual_bucket(exchange):
            bucket, key = named.encode(), path
        else:
            bucket, _, key = path.partition(b"/")
        text = exchange.query_string.decode("latin-1")
        query = dict(parse_qsl(text, keep_blank_values=True)) if text else {}
        return cls(store, exchange, _decode(bucket), check_key(key), query)

    @property
    def caller(self) -> Identity:
        """Who signed the request; anonymous callers have no rights."""
        if self.exchange.identity is None:
            raise access_denied()
        return self.exchange.identity

    @property
    def key_text(self) -> str:
        """The key as text."""
        return self.key.decode()

    def admit(self, bucket: Bucket | None) -> Bucket:
        """The bucket, where it exists and the caller may use it."""
        return admit(bucket, self.bucket, self.caller, self.headers.get("x-amz-expected-bucket-owner"))

    def admit_object(self, bucket: Bucket | None, stored: StoredObject | None) -> StoredObject:
        """The object, where it exists and the caller may use it."""
        self.admit(bucket)
        self.check_version()
        if stored is None:
            raise no_such_key(self.key)
        return stored

    def check_version(self) -> None:
        """Versions are not kept: the one that an object has is ``null``."""
        version = self.query.get("versionId", "null")
        if version != "null":
            raise invalid_argument("Invalid version id specified", name="versionId", value=version)

    def read_count(self, name: str, *, default: int = 1000, largest: int = 1000) -> int:
        """A whole number from the query, cut to ``largest``."""
        text = self.query.get(name)
        if text is None or text == "":
            return default
        if not text.isdecimal() or int(text) > 2**31 - 1:
            raise invalid_argument(
                f"Provided {name} not an integer or within integer range", name=name, value=text
            )
        return min(int(text), largest)

    async def read_xml(self) -> bytes:
        """The body, which is a small document."""
        return await self.exchange.read_body(XML_LIMIT)

    async def respond(self, status: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        """Answer."""
        await self.exchange.respond(status, list(headers), body)

    async def respond_xml(self, root: str, content: Content, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer 200 with a document."""
        body = write_document(root, content)
        await self.exchange.respond(200, [("content-type", "application/xml"), *headers], body)


def virtual_bucket(exchange: Exchange) -> str | None:
    """The bucket that the host names (``<bucket>.s3.…``); None where the path does."""
    return hosts.virtual_bucket(hosts.host_name(exchange.headers.get("host", "")))


def admit(bucket: Bucket | None, name: str, caller: Identity, expected_owner: str | None) -> Bucket:
    """The bucket; NoSuchBucket or AccessDenied where the caller may not have it."""
    if bucket is None:
        raise no_such_bucket(name)
    if bucket.account != caller.account or (expected_owner or bucket.account) != bucket.account:
        raise access_denied()
    return bucket


def check_key(key: bytes) -> bytes:
    """The key, where S3 would take it."""
    _decode(key)
    if len(key) > KEY_LIMIT:
        raise ServiceError(
            "Your key is too long", code="KeyTooLongError", Size=str(len(key)), MaxSizeAllowed=str(KEY_LIMIT)
        )
    return key


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ServiceError("Couldn't parse the specified URI.", code="InvalidURI") from None
