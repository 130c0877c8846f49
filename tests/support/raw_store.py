"""Requests to the object store byte by byte: aws-chunked bodies, and headers that no SDK would send."""

import hashlib
import hmac
import http.client
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from defusedxml.ElementTree import fromstring

from support.store_process import ACCOUNT, KEYS, REGION

_EMPTY = hashlib.sha256(b"").hexdigest()


class Signed:
    """A signed request whose body is still to be framed."""

    def __init__(self, url: str, *, method: str = "PUT", payload: str, headers: dict[str, str]) -> None:
        self._method, self._parts = method, urlsplit(url)
        given = {"Host": self._parts.netloc, "X-Amz-Content-SHA256": payload, **headers}
        request = AWSRequest(method, url, headers=given)
        signer = _Signer(Credentials(*KEYS[ACCOUNT]), "s3", REGION)
        signer.declared = payload
        signer.add_auth(request)
        self.headers = dict(request.headers.items())
        self.timestamp = self.headers["X-Amz-Date"]
        self.scope = f"{self.timestamp[:8]}/{REGION}/s3/aws4_request"
        self.signature = self.headers["Authorization"].rpartition("Signature=")[2]

    def chunks(self, pieces: Iterable[bytes]) -> bytes:
        """The pieces and the end, each with its signature; ``signature`` is then the last one."""
        framed = b""
        for piece in [*pieces, b""]:
            self._advance("AWS4-HMAC-SHA256-PAYLOAD", f"{_EMPTY}\n{hashlib.sha256(piece).hexdigest()}")
            framed += f"{len(piece):x};chunk-signature={self.signature}\r\n".encode() + piece
            framed += b"\r\n" if piece else b""
        return framed

    def trailer(self, name: str, value: str) -> bytes:
        """A signed trailer and the end of the body."""
        line = f"{name}:{value}\n"
        self._advance("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(line.encode()).hexdigest())
        return f"{name}:{value}\r\nx-amz-trailer-signature:{self.signature}\r\n\r\n".encode()

    def send(self, body: bytes) -> tuple[int, str, dict[str, str]]:
        """Status, error code (empty where there is none) and headers of the answer."""
        connection = http.client.HTTPConnection(self._parts.netloc, timeout=30)
        headers = {**self.headers, "Content-Length": str(len(body))}
        connection.request(self._method, self._parts.path, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        code = fromstring(content).findtext("Code", "") if answer.status >= 400 else ""
        return answer.status, code, {name.lower(): value for name, value in answer.headers.items()}

    def _advance(self, algorithm: str, hashes: str) -> None:
        key = f"AWS4{KEYS[ACCOUNT][1]}".encode()
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = "\n".join((algorithm, self.timestamp, self.scope, self.signature, hashes))
        self.signature = hmac.digest(key, text.encode(), "sha256").hex()


class _Signer(S3SigV4Auth):
    declared = ""

    def payload(self, _request: Any) -> str:
        return self.declared
