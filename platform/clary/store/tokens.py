"""Bearer tokens of the REST API: only hashes are kept, so that nobody reads a token from the database."""

import hashlib
import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from clary.store.tables import Base

_MARK = "clary_"
# So much of a token is shown in lists; what stays secret has more than 200 bits.
_PREFIX_LENGTH = len(_MARK) + 6
_BYTES = 32


class TokenRow(Base):
    """A bearer token: its hash, the beginning by which it is recognised, and the account it speaks for.

    ``region`` is the one that its requests mean where they name none.
    """

    __tablename__ = "tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    account: Mapped[str]
    region: Mapped[str]
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
    last_used_at: Mapped[int | None]


def create_token(
    session: Session, *, name: str, account: str, region: str, created_at: int, expires_at: int | None
) -> str:
    """Record a new token and return it: it can't be told again."""
    token = _MARK + secrets.token_urlsafe(_BYTES)
    session.add(
        TokenRow(
            digest=_digest(token),
            prefix=token[:_PREFIX_LENGTH],
            name=name,
            account=account,
            region=region,
            created_at=created_at,
            expires_at=expires_at,
        )
    )
    session.flush()
    return token


def find_token(session: Session, token: str) -> TokenRow | None:
    """The record of a token, expired or not; None where there is no such token (any more)."""
    return session.get(TokenRow, _digest(token))


def list_tokens(session: Session) -> Sequence[TokenRow]:
    """Every token, oldest first."""
    return session.scalars(sa.select(TokenRow).order_by(TokenRow.created_at, TokenRow.prefix)).all()


def mark_used(session: Session, row: TokenRow, at: int) -> None:
    """Note when a token was used; does nothing where it is gone."""
    session.execute(sa.update(TokenRow).where(TokenRow.digest == row.digest).values(last_used_at=at))


def delete_token(session: Session, prefix: str) -> bool:
    """Forget the token of that prefix; whether there was one."""
    statement = sa.delete(TokenRow).where(TokenRow.prefix == prefix).returning(TokenRow.prefix)
    return session.scalar(statement) is not None


def _digest(token: str) -> str:
    # A token is as random as a key, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
