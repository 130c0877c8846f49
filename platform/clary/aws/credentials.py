"""Access keys from the database, kept in memory for some seconds."""

from dataclasses import dataclass
from time import monotonic

from clary.aws.identity import Credential
from clary.store import Database
from clary.store.tables import CredentialRow

# A key made or removed on another process is seen after this many seconds.
HIT_SECONDS = 5.0
MISS_SECONDS = 1.0
MAX_ENTRIES = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    credential: Credential | None
    fresh_until: float


class Credentials:
    """Finds credentials by access key id. Safe from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: dict[str, _Entry] = {}

    def is_fresh(self, access_key_id: str) -> bool:
        """Whether :meth:`find` will answer from memory."""
        entry = self._entries.get(access_key_id)
        return entry is not None and entry.fresh_until > monotonic()

    def find(self, access_key_id: str) -> Credential | None:
        """The credential, or None where there is no such key."""
        entry = self._entries.get(access_key_id)
        if entry is None or entry.fresh_until <= monotonic():
            entry = self._load(access_key_id)
        return entry.credential

    def _load(self, access_key_id: str) -> _Entry:
        with self._database.read() as session:
            row = session.get(CredentialRow, access_key_id)
        credential = None if row is None else _to_credential(row)
        entry = _Entry(credential, monotonic() + (MISS_SECONDS if row is None else HIT_SECONDS))
        if len(self._entries) >= MAX_ENTRIES:
            self._entries.clear()
        self._entries[access_key_id] = entry
        return entry


def _to_credential(row: CredentialRow) -> Credential:
    return Credential(
        access_key_id=row.access_key_id,
        secret_access_key=row.secret_access_key,
        account=row.account,
        principal=row.principal,
        session_token=row.session_token,
        expires_at=row.expires_at,
    )
