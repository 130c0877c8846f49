"""The canonical request of Signature Version 4: the exact text that client and server sign."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, unquote_to_bytes

from botocore.utils import normalize_url_path

_UNRESERVED = "-_.~"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The parts of a request that a signature covers, as on the wire (header names in lower case)."""

    method: str
    raw_path: bytes
    query_string: bytes
    headers: Mapping[str, str]


def canonical_requests(
    request: SignedRequest, *, signed_headers: Sequence[str], payload_hash: str, s3: bool
) -> Iterator[bytes]:
    """The texts that the client may have signed: first as sent, then with the URL encoded strictly.

    Both name the same resource; clients differ in whether they sign what they send or its strict encoding.
    """
    path, query = request.raw_path.decode("latin-1"), request.query_string.decode("latin-1")
    names = ";".join(signed_headers)
    values = "".join(f"{name}:{_trim(request.headers.get(name, ''))}\n" for name in signed_headers)
    seen = set()
    for form in (_as_sent, _strictly_encoded):
        url = form(path, query, s3)
        if url not in seen:
            seen.add(url)
            yield f"{request.method}\n{url}\n{values}\n{names}\n{payload_hash}".encode("latin-1")


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string, still encoded."""
    return [pair.partition("=")[::2] for pair in query.split("&") if pair]


def decode_query(query_string: bytes) -> dict[str, str]:
    """The query's parameters, decoded; the last of a repeated name wins."""
    if not query_string:
        return {}
    return {unquote(name): unquote(value) for name, value in query_pairs(query_string.decode("latin-1"))}


def _trim(value: str) -> str:
    # Only ASCII white space counts: the others are bytes of UTF-8 characters here.
    if value.isascii():
        return " ".join(value.split())
    return b" ".join(value.encode("latin-1").split()).decode("latin-1")


def _as_sent(path: str, query: str, s3: bool) -> str:
    url = path if s3 else _normalize(path)
    if not query:
        return f"{url}\n"
    pairs = sorted(pair for pair in query_pairs(query) if pair[0] != "X-Amz-Signature")
    return f"{url}\n" + "&".join(f"{name}={value}" for name, value in pairs)


def _strictly_encoded(path: str, query: str, s3: bool) -> str:
    strict = quote(unquote_to_bytes(path), safe="/" + _UNRESERVED)
    pairs = sorted((_encode(name), _encode(value)) for name, value in query_pairs(query))
    text = "&".join(f"{name}={value}" for name, value in pairs if name != "X-Amz-Signature")
    return f"{strict if s3 else _normalize(strict)}\n{text}"


@lru_cache(maxsize=1024)
def _normalize(path: str) -> str:
    return quote(normalize_url_path(path), safe="/~")


def _encode(text: str) -> str:
    return quote(unquote_to_bytes(text), safe=_UNRESERVED)
