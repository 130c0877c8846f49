"""Requests byte by byte: signed by botocore's own signer, sent as they are, and answers of any protocol."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import OperationModel
from botocore.serialize import create_serializer
from defusedxml.ElementTree import fromstring

from support.wire import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error code, in whatever form the protocol gives it; empty where the call succeeded."""
        if self.status < 400:
            return ""
        if "x-amzn-errortype" in self.headers:
            return self.headers["x-amzn-errortype"]
        if "json" in self.headers["content-type"]:
            return str(json.loads(self.body)["__type"])
        return str(fromstring(self.body).find(".//{*}Code").text)


def sign(
    url: str,
    *,
    service: str,
    method: str = "POST",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    signer: type[SigV4Auth] = SigV4Auth,
    secret: str = SECRET_ACCESS_KEY,
) -> AWSRequest:
    """A request with a valid signature (for the right ``secret``)."""
    given = {"Host": urlsplit(url).netloc} | (headers or {})
    request = AWSRequest(method, url, data=body, headers=given)
    signer(Credentials(ACCESS_KEY_ID, secret), service, REGION).add_auth(request)
    return request


def serialize(operation: OperationModel, members: dict[str, Any]) -> dict[str, Any]:
    """The request as botocore serialises it: ``method``, ``path``, ``headers`` and ``body``."""
    protocol = operation.service_model.resolved_protocol
    request = create_serializer(protocol, include_validation=False).serialize_to_request(members, operation)
    body = request["body"]
    headers = dict(request["headers"])
    if isinstance(body, dict):
        body = urlencode(body)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    query = urlencode(request["query_string"], doseq=True) if request["query_string"] else ""
    return {
        "method": request["method"],
        "path": request["url_path"] + (f"?{query}" if query else ""),
        "headers": headers,
        "body": body.encode() if isinstance(body, str) else body,
    }


def send(url: str, *, method: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """One request, exactly as given; its length is added unless given."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.putrequest(method, parts.path + (f"?{parts.query}" if parts.query else ""), skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if "Content-Length" not in headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        given = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, given, response.read())
    finally:
        connection.close()


def send_signed(request: AWSRequest, body: bytes = b"") -> Answer:
    """Send a request that :func:`sign` made."""
    return send(request.url, method=request.method, headers=dict(request.headers.items()), body=body)
