"""What another S3 server is asked on behalf of a client: its address, its headers, a signature, the body."""

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from clary.aws.claims import UNSIGNED_PAYLOAD
from clary.aws.exchange import ClientGone, Exchange
from clary.aws.identity import Identity
from clary.kernel.errors import ServiceError
from clary.objectstore import checksums
from clary.objectstore.call import virtual_bucket
from clary.objectstore.errors import access_denied, bad_digest
from clary.objectstore.promises import BodyPromise, read_promise
from clary.settings import Settings

_EMPTY = checksums.new_checksum("SHA256").digest().hex()
_PASSED_ON = frozenset(
    {
        "cache-control", "content-disposition", "content-encoding", "content-language", "content-md5",
        "content-type", "expires", "if-match", "if-modified-since", "if-none-match", "if-unmodified-since",
        "range",
    }
)  # fmt: skip
_OWNERS = ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner")
# Of the client's signature, and of the framing that it ends here.
_KEPT_BACK = frozenset(
    {
        "x-amz-content-sha256", "x-amz-date", "x-amz-decoded-content-length", "x-amz-security-token",
        "x-amz-trailer", *_OWNERS,
    }
)  # fmt: skip
_SIGNATURE = frozenset(
    {
        "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signature",
        "x-amz-signedheaders", "x-amz-security-token",
    }
)  # fmt: skip
_OLD_SIGNATURE = frozenset({"awsaccesskeyid", "expires", "signature"})


class Upload:
    """A body on its way: decoded, and whole only where it is what its headers promised.

    The last bytes wait for the proof, so that the other server keeps nothing of a body that fails it.
    ``failure`` is what was wrong.
    """

    def __init__(self, exchange: Exchange, promise: BodyPromise) -> None:
        self._exchange = exchange
        self._promise = promise
        names = [promise.algorithm] if promise.trailer else []
        names += ["SHA256"] if promise.sha256 else []
        self._sums = {name: checksums.new_checksum(name) for name in names}
        self.failure: ServiceError | ClientGone | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The body's bytes."""
        held = b""
        try:
            async for block in self._exchange.stream():
                for chunk in self._decode(block):
                    for running in self._sums.values():
                        running.update(chunk)
                    if held:
                        yield held
                    held = bytes(chunk)
            self._check()
        except (ServiceError, ClientGone) as error:
            self.failure = error
            raise
        if held:
            yield held

    def _decode(self, block: bytes) -> list[memoryview] | list[bytes]:
        decoder = self._promise.decoder
        return decoder.feed([block]) if decoder is not None else [block]

    def _check(self) -> None:
        promise, decoder = self._promise, self._promise.decoder
        digests = {name: running.digest() for name, running in self._sums.items()}
        if decoder is not None and not decoder.done:
            raise ServiceError("The request body ended before its last chunk.", code="IncompleteBody")
        if promise.sha256 and not hmac.compare_digest(digests["SHA256"].hex(), promise.sha256):
            raise ServiceError(
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                code="XAmzContentSHA256Mismatch",
            )
        if promise.trailer:
            told = decoder.trailers.get(promise.trailer) if decoder is not None else None
            if told != checksums.encode(digests[promise.algorithm]):
                raise bad_digest(promise.algorithm)


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """``upload`` is None where the request has no body."""

    url: str
    headers: dict[str, str]
    upload: Upload | None


def compose_request(exchange: Exchange, identity: Identity, settings: Settings) -> OutgoingRequest:
    """The client's request as the other server takes it; raises where its headers contradict each other."""
    promise = read_promise(exchange) if _has_body(exchange) else None
    headers = _headers(exchange, identity, is_decoded=promise is not None and promise.decoder is not None)
    url = f"{settings.s3_endpoint_url}".rstrip("/") + _path(exchange) + _query(exchange)
    payload_hash = _EMPTY if promise is None else promise.sha256 or UNSIGNED_PAYLOAD
    request = AWSRequest(method=exchange.method, url=url, headers=headers)
    key = Credentials(settings.s3_access_key_id or "", settings.s3_secret_access_key or "")
    _Signer(key, settings.region, payload_hash).add_auth(request)
    signed = dict(request.headers.items())
    if promise is not None:
        signed["Content-Length"] = str(promise.at_most)
    return OutgoingRequest(url, signed, Upload(exchange, promise) if promise is not None else None)


class _Signer(S3SigV4Auth):
    """Signs for a body whose hash is known already, or is not to be covered."""

    def __init__(self, key: Credentials, region: str, payload_hash: str) -> None:
        super().__init__(key, "s3", region)
        self._payload_hash = payload_hash

    def payload(self, _request: AWSRequest) -> str:
        return self._payload_hash


def _has_body(exchange: Exchange) -> bool:
    return exchange.headers.get("content-length", "0") != "0" or "transfer-encoding" in exchange.headers


def _headers(exchange: Exchange, identity: Identity, *, is_decoded: bool) -> dict[str, str]:
    if any(exchange.headers.get(name, identity.account) != identity.account for name in _OWNERS):
        raise access_denied()
    headers = {
        name: value
        for name, value in exchange.headers.items()
        if name in _PASSED_ON or (name.startswith("x-amz-") and name not in _KEPT_BACK)
    }
    if is_decoded:
        codings = [coding.strip() for coding in headers.pop("content-encoding", "").split(",")]
        if kept := [coding for coding in codings if coding not in {"", "aws-chunked"}]:
            headers["content-encoding"] = ",".join(kept)
        if (
            "x-amz-trailer" in exchange.headers
        ):  # checked here; the other server gets no trailer to go with it
            headers.pop("x-amz-sdk-checksum-algorithm", None)
    return headers


def _path(exchange: Exchange) -> str:
    path = quote(unquote_to_bytes(exchange.raw_path), safe="/-_.~")
    bucket = virtual_bucket(exchange)
    return f"/{bucket}{path}" if bucket else path


def _query(exchange: Exchange) -> str:
    text = exchange.query_string.decode("latin-1")
    dropped = _SIGNATURE | (_OLD_SIGNATURE if "AWSAccessKeyId=" in text else frozenset())
    pairs = [
        (name, value)
        for name, value in parse_qsl(text, keep_blank_values=True)
        if name.lower() not in dropped
    ]
    query = "&".join(_encode(name) + (f"={_encode(value)}" if value else "") for name, value in pairs)
    return f"?{query}" if query else ""


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
