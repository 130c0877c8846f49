"""STS: who is calling, and temporary keys for a role or for the caller.

Trust policies, session policies and external ids are accepted and not evaluated.
"""

import json
import secrets
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import clock
from clary.kernel.errors import ServiceError
from clary.kernel.wiping import Forgotten, forgets
from clary.store.roles import RoleArn, RoleRow, administrator_principal, find_role, new_id
from clary.store.tables import CredentialRow

HOUR_SECONDS = 3600
DAY = 86_400 * clock.SECOND


class InvalidRequest(ServiceError):
    """STS's word for a request that breaks a rule."""

    code = "ValidationError"


class AccessDenied(ServiceError):
    """The caller may not do that."""

    code = "AccessDenied"
    status = 403


@operation("sts", "GetCallerIdentity")
def get_caller_identity(context: Context, _request: Request) -> Response:
    """The account and the principal that the caller's key speaks for."""
    with context.platform.database.read() as session:
        user_id = _user_id(session, context)
    return {"UserId": user_id, "Account": context.account, "Arn": context.principal}


@operation("sts", "AssumeRole")
def assume_role(context: Context, request: Request) -> Response:
    """Temporary keys that act as a role.

    The role must exist, unless it belongs to an account that has no keys here: then it is taken on trust.
    """
    _check_policy(request.get("Policy"))
    role_arn = RoleArn.parse(request["RoleArn"])
    if role_arn is None:
        raise InvalidRequest(f"{request['RoleArn']} is invalid")
    seconds = request.get("DurationSeconds", HOUR_SECONDS)
    with context.platform.database.write() as session:
        role = find_role(session, role_arn.account, role_arn.name)
        _check_role(session, context, role_arn, role)
        _check_duration(session, context, role, seconds)
        session_name = request["RoleSessionName"]
        principal = f"arn:aws:sts::{role_arn.account}:assumed-role/{role_arn.name}/{session_name}"
        credential = _issue(session, account=role_arn.account, principal=principal, seconds=seconds)
    role_id = role.role_id if role else new_id("AROA")
    return {
        "Credentials": _describe(credential),
        "AssumedRoleUser": {"AssumedRoleId": f"{role_id}:{session_name}", "Arn": principal},
        "SourceIdentity": request.get("SourceIdentity"),
    }


@operation("sts", "GetSessionToken")
def get_session_token(context: Context, request: Request) -> Response:
    """Temporary keys for the caller itself."""
    with context.platform.database.write() as session:
        if _is_temporary(session, context):
            raise AccessDenied("Cannot call GetSessionToken with session credentials")
        seconds = request.get("DurationSeconds", 12 * HOUR_SECONDS)
        credential = _issue(session, account=context.account, principal=context.principal, seconds=seconds)
    return {"Credentials": _describe(credential)}


@operation("sts", "GetAccessKeyInfo")
def get_access_key_info(context: Context, request: Request) -> Response:
    """The account that an access key belongs to."""
    with context.platform.database.read() as session:
        row = session.get(CredentialRow, request["AccessKeyId"])
    if row is None:
        raise InvalidRequest(f"The access key id {request['AccessKeyId']} does not exist.")
    return {"Account": row.account}


@forgets
def forget_sessions(session: Session, account: str) -> Forgotten:
    """The temporary keys of an account's roles; lasting keys, and those that stand for them, stay."""
    removed = session.execute(
        sa.delete(CredentialRow).where(
            CredentialRow.account == account,
            CredentialRow.expires_at.is_not(None),
            CredentialRow.principal != administrator_principal(account),
        )
    )
    return Forgotten("sessions", removed.rowcount)  # type: ignore[attr-defined]


def _user_id(session: Session, context: Context) -> str:
    """``<role id>:<session>`` for an assumed role, the account's id for anyone else."""
    kind, _, rest = context.principal.rpartition(":")[2].partition("/")
    if kind != "assumed-role":
        return context.account
    role_name, _, session_name = rest.partition("/")
    role = find_role(session, context.account, role_name)
    return f"{role.role_id if role else context.access_key_id}:{session_name}"


def _check_policy(document: str | None) -> None:
    try:
        json.loads(document or "{}")
    except (ValueError, RecursionError) as error:
        raise ServiceError(
            "This policy contains invalid Json", code="MalformedPolicyDocument", status=400
        ) from error


def _check_role(session: Session, context: Context, arn: RoleArn, role: RoleRow | None) -> None:
    if role is not None and role.path == arn.path:
        return
    known = sa.select(CredentialRow).where(
        CredentialRow.account == arn.account, CredentialRow.session_token.is_(None)
    )
    if role is not None or session.scalar(known.limit(1)) is not None:
        raise AccessDenied(
            f"User: {context.principal} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )


def _check_duration(session: Session, context: Context, role: RoleRow | None, seconds: int) -> None:
    if role is not None and seconds > role.max_session_duration:
        raise InvalidRequest(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    chained = ":assumed-role/" in context.principal and _is_temporary(session, context)
    if chained and seconds > HOUR_SECONDS:
        raise InvalidRequest(
            "The requested DurationSeconds exceeds the 1 hour session limit "
            "for roles assumed by role chaining."
        )


def _is_temporary(session: Session, context: Context) -> bool:
    row = session.get(CredentialRow, context.access_key_id)
    return row is not None and row.session_token is not None


def _issue(session: Session, *, account: str, principal: str, seconds: int) -> CredentialRow:
    now = clock.now()
    # Kept for a day past their end, so that a late caller is told that the key expired.
    session.execute(sa.delete(CredentialRow).where(CredentialRow.expires_at < now - DAY))
    row = CredentialRow(
        access_key_id=new_id("ASIA", 16),
        secret_access_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(192),
        account=account,
        principal=principal,
        created_at=now,
        expires_at=now + seconds * clock.SECOND,
    )
    session.add(row)
    return row


def _describe(row: CredentialRow) -> dict[str, Any]:
    return {
        "AccessKeyId": row.access_key_id,
        "SecretAccessKey": row.secret_access_key,
        "SessionToken": row.session_token,
        "Expiration": clock.to_datetime(row.expires_at or row.created_at),
    }
