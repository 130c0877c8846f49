"""IAM roles and policies of an account, where everything that needs a role can look it up.

Roles are global: they belong to an account, not to a region.
"""

import json
import re
import secrets
import time
from typing import NamedTuple, Self

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from clary.store.tables import Base, table_of

ADMINISTRATOR = "ClaryAdministrator"
ADMINISTRATOR_SESSION = "clary"
EXECUTION_ROLE = "ClaryExecutionRole"

_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role(/(?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})", re.ASCII)
_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class RoleArn(NamedTuple):
    """The parts of a role's ARN; ``path`` begins and ends with a slash."""

    account: str
    path: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> Self | None:
        """The parts, or None where ``arn`` isn't a role's."""
        match = _ARN.fullmatch(arn)
        return cls(*match.groups()) if match else None

    def __str__(self) -> str:
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"


class RoleRow(Base):
    """A role: who may assume it (``trust_policy``, as it was given), for how many seconds at most."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account: Mapped[str]
    name: Mapped[str]
    path: Mapped[str]
    role_id: Mapped[str]
    trust_policy: Mapped[str]
    description: Mapped[str | None]
    max_session_duration: Mapped[int] = mapped_column(default=3600)
    permissions_boundary: Mapped[str | None]
    created_at: Mapped[int]

    __table_args__ = (sa.UniqueConstraint("account", "name", name="roles_name"),)

    @property
    def arn(self) -> str:
        return str(RoleArn(self.account, self.path, self.name))


class RolePolicyRow(Base):
    """A policy written into a role (inline)."""

    __tablename__ = "role_policies"

    role: Mapped[int] = mapped_column(sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str]


class PolicyRow(Base):
    """A managed policy of the account."""

    __tablename__ = "policies"

    arn: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    path: Mapped[str]
    policy_id: Mapped[str]
    description: Mapped[str | None]
    document: Mapped[str]
    created_at: Mapped[int]

    __table_args__ = (sa.UniqueConstraint("account", "name", name="policies_name"),)


class AttachmentRow(Base):
    """A managed policy (the account's or AWS's own) attached to a role."""

    __tablename__ = "role_attachments"

    role: Mapped[int] = mapped_column(sa.ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True)
    policy_arn: Mapped[str] = mapped_column(primary_key=True, index=True)


_ROLES = table_of(RoleRow)
_PATH_BY_NAME = sa.select(_ROLES.c.path).where(
    _ROLES.c.account == sa.bindparam("account"), _ROLES.c.name == sa.bindparam("name")
)


def find_role(session: Session, account: str, name: str) -> RoleRow | None:
    """The account's role of that name, or None."""
    return session.scalar(sa.select(RoleRow).where(RoleRow.account == account, RoleRow.name == name))


def role_exists(session: Session, arn: str) -> bool:
    """Whether ``arn`` is that of a role which is there."""
    parsed = RoleArn.parse(arn)
    if parsed is None:
        return False
    values = {"account": parsed.account, "name": parsed.name}
    path = session.connection().scalar(_PATH_BY_NAME, values)
    return path == parsed.path


def create_default_roles(session: Session, account: str) -> None:
    """The roles that a new account has: its administrator's and one for jobs and models. Idempotent."""
    trust_policy = json.dumps(_TRUST_POLICY)
    for name, description in (
        (ADMINISTRATOR, "The role that this platform's access keys act as."),
        (EXECUTION_ROLE, "A role for training jobs, models and other resources."),
    ):
        if find_role(session, account, name) is None:
            session.add(
                RoleRow(
                    account=account,
                    name=name,
                    path="/",
                    role_id=new_id("AROA"),
                    trust_policy=trust_policy,
                    description=description,
                    max_session_duration=43_200,
                    created_at=time.time_ns() // 1000,
                )
            )


def administrator_principal(account: str) -> str:
    """The principal of an account's long-lived keys: its administrator role, assumed."""
    return f"arn:aws:sts::{account}:assumed-role/{ADMINISTRATOR}/{ADMINISTRATOR_SESSION}"


def new_id(prefix: str, length: int = 17) -> str:
    """An identifier as IAM makes them: a prefix for the kind (``AROA``, ``ASIA``), then random letters."""
    return prefix + "".join(secrets.choice(_ID_ALPHABET) for _ in range(length))
