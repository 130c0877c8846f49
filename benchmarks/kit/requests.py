"""Requests as bytes, signed ahead of the measurement by botocore's own signers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kit.load import Address


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, for which server."""

    address: Address
    access_key_id: str
    secret_access_key: str
    region: str = "us-east-1"

    def sagemaker(self, operation: str, **members: Any) -> bytes:
        """A call of the control plane."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"SageMaker.{operation}"}
        return self._sign("POST", "/", json.dumps(members).encode(), service="sagemaker", headers=headers)

    def invocation(self, endpoint: str, body: bytes) -> bytes:
        """InvokeEndpoint with a CSV body."""
        path = f"/endpoints/{endpoint}/invocations"
        return self._sign("POST", path, body, service="sagemaker", headers={"Content-Type": "text/csv"})

    def s3(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A call of the object store, with the hash of its body in a header as S3 wants it."""
        return self._sign(method, path, body, service="s3", headers={})

    def _sign(
        self, method: str, path: str, body: bytes, *, service: str, headers: Mapping[str, str]
    ) -> bytes:
        host = "{}:{}".format(*self.address)
        request = AWSRequest(method, f"http://{host}{path}", data=body, headers={"Host": host, **headers})
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(Credentials(self.access_key_id, self.secret_access_key), service, self.region).add_auth(
            request
        )
        return compose(method, path, dict(request.headers.items()), body)


def compose(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The request on the wire."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body
