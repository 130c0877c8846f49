"""The REST API as a person with curl uses it: plain HTTP, JSON and a bearer token."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from support.running import RunningPlatform

SECONDS = 60


class Rest:
    """One token's view of the API below ``/api/v1``."""

    def __init__(self, url: str, token: str | None) -> None:
        self.root = f"{url}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._session.close()

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request; the path is below the API's root."""
        return self._session.request(method, self.root + path, timeout=SECONDS, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.send("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.send("POST", path, json=body)

    def patch(self, path: str, body: Any) -> requests.Response:
        return self.send("PATCH", path, json=body)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.send("PUT", path, json=body)

    def delete(self, path: str, **query: Any) -> requests.Response:
        return self.send("DELETE", path, params=query)


def make_token(platform: RunningPlatform, *arguments: str) -> str:
    """``clary token create``: the token."""
    made = platform.clary("token", "create", *arguments)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@contextmanager
def rest_client(platform: RunningPlatform, *arguments: str) -> Iterator[Rest]:
    """A client with a token of its own, made with these options."""
    client = Rest(platform.url, make_token(platform, *arguments))
    try:
        yield client
    finally:
        client.close()


def error_of(response: requests.Response) -> tuple[int, str, str]:
    """Status, code and message of an error."""
    error = json.loads(response.content)["error"]
    return response.status_code, error["code"], error["message"]
