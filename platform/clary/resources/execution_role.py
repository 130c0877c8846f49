"""Execution roles: whether a job may act as one, and the temporary credentials that its containers get."""

import secrets
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context
from clary.kernel import clock
from clary.kernel.errors import ValidationError
from clary.kernel.platform import Platform
from clary.kernel.scope import Scope
from clary.kernel.work import Work
from clary.runtimes.protocol import Runtime
from clary.store.roles import RoleArn, new_id, role_exists
from clary.store.tables import CredentialRow


def check_role(context: Context, arn: str) -> None:
    """Refuse a role that does not exist or belongs to another account, in AWS's words."""
    with context.platform.database.read() as session:
        require_role(session, context, arn)


def require_role(session: Session, context: Context, arn: str) -> None:
    """:func:`check_role` in a transaction that is there already."""
    parsed = RoleArn.parse(arn)
    if parsed is None or parsed.account != context.account or not role_exists(session, arn):
        raise ValidationError(
            f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )


def issue_credentials(work: Work, role: str, *, session_name: str, seconds: int) -> CredentialRow:
    """Temporary credentials of a role for the containers of a resource, named for who uses them.

    Who has some that last another ``seconds / 2`` keeps them: a container that outlived the platform's last
    process goes on with what it was given.
    """
    parsed = RoleArn.parse(role)
    if parsed is None:
        raise ValidationError(f"{role} is not the ARN of a role.")
    now = clock.now()
    principal = _principal(parsed, session_name)
    held = sa.select(CredentialRow).where(
        CredentialRow.principal == principal, CredentialRow.expires_at > now + seconds * clock.SECOND // 2
    )
    with work.platform.database.read() as session:
        if (found := session.scalars(held.limit(1)).first()) is not None:
            return found
    credential = CredentialRow(
        access_key_id=new_id("ASIA", 16),
        secret_access_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(96),
        account=parsed.account,
        principal=principal,
        created_at=now,
        expires_at=now + seconds * clock.SECOND,
    )
    with work.write() as session:
        session.add(credential)
    return credential


def revoke_credentials(platform: Platform, role: str, *, session_name: str) -> None:
    """End the credentials that were issued under this name."""
    parsed = RoleArn.parse(role)
    if parsed is not None:
        principal = _principal(parsed, session_name)
        with platform.database.write() as session:
            session.execute(
                sa.delete(CredentialRow).where(
                    CredentialRow.principal == principal, CredentialRow.expires_at.is_not(None)
                )
            )


def revoke_session(platform: Platform, account: str, *, session_name: str) -> None:
    """End the credentials that were issued under this name, whichever role they were for."""
    with platform.database.write() as session:
        session.execute(
            sa.delete(CredentialRow).where(
                CredentialRow.account == account,
                CredentialRow.principal.endswith(f"/{session_name}", autoescape=True),
                CredentialRow.expires_at.is_not(None),
            )
        )


def aws_environment(
    platform: Platform, runtime: Runtime, scope: Scope, credential: CredentialRow
) -> Mapping[str, str]:
    """What lets an AWS client inside a container reach this platform as the role."""
    url = runtime.platform_url(platform.settings.url)
    return {
        "AWS_REGION": scope.region,
        "AWS_DEFAULT_REGION": scope.region,
        "AWS_ENDPOINT_URL": url,
        "S3_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": credential.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credential.secret_access_key,
        "AWS_SESSION_TOKEN": credential.session_token or "",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _principal(role: RoleArn, session_name: str) -> str:
    return f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session_name[:64]}"
