"""The key that ``clary up`` prints, as a credential that signs for the platform's administrator."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clary.kernel import clock
from clary.kernel.platform import Platform
from clary.store.roles import (
    ADMINISTRATOR,
    ADMINISTRATOR_SESSION,
    administrator_principal,
    create_default_roles,
)
from clary.store.tables import CredentialRow


def keep_administrator(platform: Platform) -> None:
    """Make the settings' key the administrator's only one, with the account's roles; an older key ends.

    Does nothing where the settings carry no key (a test that makes its own).
    """
    settings = platform.settings
    if settings.access_key_id is None or settings.secret_access_key is None:
        return
    if _is_kept(platform):
        return
    try:
        _write(platform, settings.access_key_id, settings.secret_access_key)
    except IntegrityError:
        # Gateway workers start together: another one may have written the same key first.
        if not _is_kept(platform):
            raise


def _write(platform: Platform, access_key_id: str, secret_access_key: str) -> None:
    account = platform.settings.account_id
    row = CredentialRow(
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=None,
        account=account,
        principal=administrator_principal(account),
        created_at=clock.now(),
        expires_at=None,
    )
    with platform.database.write() as session:
        session.execute(
            sa.delete(CredentialRow).where(
                CredentialRow.principal.endswith(f":assumed-role/{ADMINISTRATOR}/{ADMINISTRATOR_SESSION}"),
                CredentialRow.session_token.is_(None),
            )
        )
        session.merge(row)
        create_default_roles(session, account)


def _is_kept(platform: Platform) -> bool:
    settings = platform.settings
    with platform.database.read() as session:
        row = session.get(CredentialRow, settings.access_key_id)
    return (
        row is not None
        and row.secret_access_key == settings.secret_access_key
        and row.account == settings.account_id
        and row.principal == administrator_principal(settings.account_id)
    )
