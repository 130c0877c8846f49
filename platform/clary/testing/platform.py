"""A platform that runs for the length of a test session, and the accounts that tests get on it."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

REQUEST_SECONDS = 30.0
COMMAND_SECONDS = 120.0
# Of botocore's variables: no file, no environment variable, and what the value is then.
_NO_PROFILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
_CLARY = (sys.executable, "-m", "clary.cli")


class CannotStart(RuntimeError):
    """The platform did not come up; the text says why."""


@dataclass(frozen=True, slots=True)
class ClaryAccount:
    """An account of a platform, with the key that speaks for it and a role for its jobs and models."""

    url: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @property
    def role_arn(self) -> str:
        """A role that training jobs, models and other resources may act as."""
        return f"arn:aws:iam::{self.account_id}:role/ClaryExecutionRole"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point any AWS client at the platform as this account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # The user's own profiles must not win over these.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def session(self) -> "boto3.Session":
        """A boto3 session; its clients go to the platform where :attr:`environment` is set."""
        import boto3
        from botocore.session import Session

        return boto3.Session(
            botocore_session=Session(session_vars=_NO_PROFILES),
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
        )

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the platform; ``options`` are boto3's."""
        make: Any = self.session().client
        return make(service, **{"endpoint_url": self.url} | options)


@dataclass(frozen=True, slots=True)
class ClaryPlatform:
    """A running platform. What it offers itself is done as its administrator."""

    data_dir: Path
    administrator: ClaryAccount
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.administrator.url

    @property
    def region(self) -> str:
        """The region that its clients are pointed at; any other is served too."""
        return self.administrator.region

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point any AWS client at it."""
        return self.administrator.environment

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client; ``options`` are boto3's."""
        return self.administrator.client(service, **options)

    def create_account(self) -> ClaryAccount:
        """A new account with nothing in it but its roles."""
        made = self._post("accounts", {})
        return ClaryAccount(
            url=self.url,
            region=self.region,
            account_id=made["account"],
            access_key_id=made["access_key_id"],
            secret_access_key=made["secret_access_key"],
        )

    def reset(self, account: ClaryAccount) -> None:
        """Wipe an account: what runs for it is killed, and only its key and its roles are left."""
        self._post("reset", {"account": account.account_id})

    def _post(self, path: str, body: Mapping[str, str]) -> dict[str, str]:
        request = urllib.request.Request(  # noqa: S310 - the platform's own address
            f"{self.url}/api/v1/{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        # The address is the platform's own: no proxy stands between.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=REQUEST_SECONDS) as answer:
            document: dict[str, str] = json.load(answer)
            return document


@contextmanager
def start_platform(folder: Path) -> Iterator[ClaryPlatform]:
    """A platform on a new folder for the length of the block: process runtime, free port."""
    where = ("--data-dir", str(folder))
    facts = json.loads(_run("up", "--detach", "--json", "--port", "0", "--runtime", "process", *where))
    try:
        administrator = ClaryAccount(
            url=facts["url"],
            region=facts["region"],
            account_id=facts["account"],
            access_key_id=facts["access_key_id"],
            secret_access_key=facts["secret_access_key"],
        )
        token = json.loads(_run("token", "create", "--json", *where))["token"]
        platform = ClaryPlatform(data_dir=folder, administrator=administrator, token=token)
        yield platform
        # Serving containers would outlive the platform.
        platform.reset(administrator)
    finally:
        _run("down", *where)


def _run(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLARY_")}
    finished = subprocess.run(
        [*_CLARY, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if finished.returncode:
        raise CannotStart(f"clary {' '.join(arguments)} failed: {finished.stderr.strip()}")
    return finished.stdout
