"""The platform as a command finds it: its folder, whether it runs, its URL and key."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.cli.choices import load_settings
from clary.cli.output import fail
from clary.supervisor.keys import AccessKey, read_key
from clary.supervisor.lock import is_running
from clary.supervisor.record import PlatformRecord, read_record

if TYPE_CHECKING:
    from clary.settings import Settings


@dataclass(frozen=True, slots=True)
class Found:
    """A data folder and what lies in it; ``record`` is None unless a platform runs there."""

    settings: "Settings"
    record: PlatformRecord | None
    key: AccessKey | None

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self.settings.folder

    @property
    def url(self) -> str:
        """Where the platform answers, or would after a start."""
        return self.record.url if self.record else self.settings.url

    @property
    def region(self) -> str:
        """The region that clients are pointed at."""
        return self.record.region if self.record else self.settings.region

    @property
    def account(self) -> str:
        """The account of the administrator's key."""
        return self.record.account if self.record else self.settings.account_id


def find_platform(data_dir: Path | None) -> Found:
    """The platform of the folder, running or not."""
    settings = load_settings(data_dir=data_dir)
    folder = settings.folder
    record = read_record(folder) if is_running(folder) else None
    return Found(settings=settings, record=record, key=read_key(folder))


def require_running(data_dir: Path | None) -> tuple[Found, AccessKey]:
    """The platform of the folder and its key; ends the command where none runs."""
    found = find_platform(data_dir)
    if found.record is None or found.key is None:
        fail(f"No platform runs on {found.folder}: start one with 'clary up'.", code=3)
    return found, found.key


def client_environment(found: Found, key: AccessKey) -> dict[str, str]:
    """The variables that point AWS clients at the platform."""
    return {
        "AWS_ENDPOINT_URL": found.url,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_DEFAULT_REGION": found.region,
        "AWS_REGION": found.region,
        # No client should look for a cloud machine's own credentials.
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def describe(found: Found, key: AccessKey) -> dict[str, Any]:
    """The platform for a script."""
    return {
        "url": found.url,
        "account": found.account,
        "region": found.region,
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
        "data_dir": str(found.folder),
    }
