"""Accounts of a platform, made and wiped as its administrator does: by HTTP, with a bearer token."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import requests

from support.running import RunningPlatform, clean_environment, run_clary

SECONDS = 60


class Accounts:
    """The administrator of one platform."""

    def __init__(self, platform: RunningPlatform, **variables: str) -> None:
        self.platform = platform
        self.token = create_token(platform, **variables)

    def create(self) -> RunningPlatform:
        """The platform as a new account sees it."""
        made = self.post("accounts").json()
        return replace(
            self.platform,
            account=made["account"],
            access_key_id=made["access_key_id"],
            secret_access_key=made["secret_access_key"],
        )

    def reset(self, platform: RunningPlatform) -> dict[str, Any]:
        """Wipe an account, which must be done at once; the answer."""
        answer = self.post("reset", account=platform.account)
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def post(self, path: str, *, token: str | None = None, **body: str) -> requests.Response:
        """Send a request; whatever the answer."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return requests.post(
            f"{self.platform.url}/api/v1/{path}", json=body, headers=headers, timeout=SECONDS
        )


@cache
def accounts_of(platform: RunningPlatform) -> Accounts:
    """The administrator of a platform, with one token for all tests."""
    return Accounts(platform)


def create_token(platform: RunningPlatform, *options: str, **variables: str) -> str:
    """A bearer token of the administrator, or as ``options`` say; ``variables`` as the platform has them."""
    environment = clean_environment(CLARY_DATA_DIR=str(platform.data_dir), **variables)
    made = run_clary("token", "create", "--json", *options, environment=environment)
    assert made.returncode == 0, made.stderr
    token: str = json.loads(made.stdout)["token"]
    return token
