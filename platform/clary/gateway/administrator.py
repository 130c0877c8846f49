"""The key that ``clary up`` prints, as a credential that signs for the platform's administrator."""

import sqlalchemy as sa

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
    with platform.database.read() as session:
        if _is_kept(session.get(CredentialRow, settings.access_key_id), platform):
            return
    row = CredentialRow(
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
        session_token=None,
        account=settings.account_id,
        principal=administrator_principal(settings.account_id),
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
        create_default_roles(session, settings.account_id)


def _is_kept(row: CredentialRow | None, platform: Platform) -> bool:
    settings = platform.settings
    return (
        row is not None
        and row.secret_access_key == settings.secret_access_key
        and row.account == settings.account_id
        and row.principal == administrator_principal(settings.account_id)
    )
