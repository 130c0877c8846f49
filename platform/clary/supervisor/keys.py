"""The administrator's access key: made once a data folder, kept in a file that only its owner reads."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from clary.supervisor.files import make_private_folder, write_atomically

SECRET_MODE = 0o600


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key id and its secret."""

    access_key_id: str
    secret_access_key: str


def key_path(folder: Path) -> Path:
    """The file that holds the key."""
    return folder / "credentials.json"


def read_key(folder: Path) -> AccessKey | None:
    """The folder's key, or None before the first start."""
    try:
        return AccessKey(**json.loads(key_path(folder).read_text()))
    except FileNotFoundError:
        return None


def keep_key(folder: Path, chosen: AccessKey | None = None) -> AccessKey:
    """The key that the platform uses from now on: the chosen one, else the one kept, else a new one."""
    kept = read_key(folder)
    key = chosen or kept or _make_key()
    if key != kept:
        make_private_folder(folder)
        write_atomically(key_path(folder), json.dumps(asdict(key)) + "\n", mode=SECRET_MODE)
    return key


def _make_key() -> AccessKey:
    # The forms of AWS's own keys: 20 upper-case base32 characters and 40 of base64.
    identifier = base64.b32encode(secrets.token_bytes(10)).decode()
    return AccessKey(f"AKIA{identifier}", base64.b64encode(secrets.token_bytes(30)).decode())
