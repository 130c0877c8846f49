"""Accounts: a twelve-digit id that a lasting key speaks for, and the roles that every account has."""

import secrets
import time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.store.roles import administrator_principal, create_default_roles, new_id
from clary.store.tables import CredentialRow

_IDS = 10**12


def account_exists(session: Session, account: str) -> bool:
    """Whether a lasting key speaks for the account."""
    lasting = sa.select(CredentialRow.access_key_id).where(
        CredentialRow.account == account, CredentialRow.expires_at.is_(None)
    )
    return session.scalar(lasting.limit(1)) is not None


def create_account(session: Session, account: str | None = None) -> CredentialRow:
    """An account with its roles; the key that speaks for it. Its id is chosen where none is given."""
    if account is None:
        account = f"{secrets.randbelow(_IDS):012d}"
        while account_exists(session, account):
            account = f"{secrets.randbelow(_IDS):012d}"
    row = CredentialRow(
        access_key_id=new_id("AKIA", 16),
        secret_access_key=secrets.token_urlsafe(30),
        session_token=None,
        account=account,
        principal=administrator_principal(account),
        created_at=time.time_ns() // 1000,
        expires_at=None,
    )
    session.add(row)
    create_default_roles(session, account)
    return row
