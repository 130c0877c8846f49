"""Managed policies: the account's own, kept in one version; AWS's are known by their ARN alone.

They are recorded, listed and attached. Nothing evaluates them yet: every signed request is allowed.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, Support, operation
from clary.kernel import clock, tags
from clary.kernel.errors import UnsupportedOperation
from clary.kernel.wiping import Forgotten, forgets
from clary.neighbours.iam.documents import check_policy, encode_document
from clary.neighbours.iam.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity, invalid_marker
from clary.neighbours.iam.roles import describe_page, describe_tags
from clary.neighbours.paging import select_page, starts_with
from clary.store.roles import AttachmentRow, PolicyRow, new_id

ONLY_VERSION = "v1"
_AWS_MANAGED = "arn:aws:iam::aws:policy/"


def is_aws_managed(arn: str) -> bool:
    """Whether a policy is one of AWS's own."""
    return arn.startswith(_AWS_MANAGED) and len(arn) > len(_AWS_MANAGED)


@operation("iam", "CreatePolicy", support=Support.RECORDED)
def create_policy(context: Context, request: Request) -> Response:
    """A new managed policy of the account."""
    name, path = request["PolicyName"], request.get("Path", "/")
    check_policy(request["PolicyDocument"])
    with context.platform.database.write() as session:
        taken = sa.select(PolicyRow.arn).where(
            PolicyRow.account == context.account, sa.func.lower(PolicyRow.name) == name.lower()
        )
        if session.scalar(taken.limit(1)) is not None:
            raise EntityAlreadyExists(
                f"A policy called {name} already exists. Duplicate names are not allowed."
            )
        row = PolicyRow(
            arn=f"arn:aws:iam::{context.account}:policy{path}{name}",
            account=context.account,
            name=name,
            path=path,
            policy_id=new_id("ANPA"),
            description=request.get("Description"),
            document=request["PolicyDocument"],
            created_at=clock.now(),
        )
        session.add(row)
        tags.put_tags(session, row.arn, {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])})
        session.flush()
        return {"Policy": _describe(session, row)}


@operation("iam", "GetPolicy", support=Support.RECORDED)
def get_policy(context: Context, request: Request) -> Response:
    """A managed policy of the account."""
    with context.platform.database.read() as session:
        row = _require(session, context, request["PolicyArn"])
        return {"Policy": _describe(session, row) | {"Description": row.description}}


@operation("iam", "GetPolicyVersion", support=Support.RECORDED)
def get_policy_version(context: Context, request: Request) -> Response:
    """A managed policy's document; the version is always ``v1``."""
    with context.platform.database.read() as session:
        row = _require(session, context, request["PolicyArn"])
    if request["VersionId"] != ONLY_VERSION:
        raise NoSuchEntity(f"Policy {row.arn} version {request['VersionId']} does not exist.")
    return {"PolicyVersion": _describe_version(row)}


@operation("iam", "ListPolicyVersions", support=Support.RECORDED)
def list_policy_versions(context: Context, request: Request) -> Response:
    """A managed policy's versions: the one there is."""
    with context.platform.database.read() as session:
        row = _require(session, context, request["PolicyArn"])
    version = {key: value for key, value in _describe_version(row).items() if key != "Document"}
    return {"Versions": [version], "IsTruncated": False}


@operation("iam", "ListPolicies", support=Support.RECORDED)
def list_policies(context: Context, request: Request) -> Response:
    """The account's managed policies by name; Clary keeps no catalogue of AWS's own."""
    marker = request.get("Marker")
    conditions = [
        PolicyRow.account == context.account,
        starts_with(PolicyRow.path, request.get("PathPrefix", "/")),
    ]
    if request.get("Scope") == "AWS":
        conditions.append(sa.false())
    if request.get("OnlyAttached"):
        conditions.append(sa.exists().where(AttachmentRow.policy_arn == PolicyRow.arn))
    with context.platform.database.read() as session:
        rows, token = select_page(
            session,
            PolicyRow,
            *conditions,
            key=PolicyRow.name,
            limit=request.get("MaxItems", 100),
            token=marker,
            invalid=invalid_marker(marker),
        )
        policies = [_describe(session, row) for row in rows]
    return {"Policies": policies} | describe_page(token)


@operation("iam", "DeletePolicy", support=Support.RECORDED)
def delete_policy(context: Context, request: Request) -> Response:
    """Delete a managed policy that is attached to nothing."""
    with context.platform.database.write() as session:
        row = _require(session, context, request["PolicyArn"])
        if _count_attachments(session, row.arn):
            raise DeleteConflict("Cannot delete a policy attached to entities.")
        tags.remove_tags(session, row.arn)
        session.delete(row)
    return None


@forgets
def forget_policies(session: Session, account: str) -> Forgotten:
    """An account's managed policies."""
    removed = session.execute(sa.delete(PolicyRow).where(PolicyRow.account == account))
    return Forgotten("policies", removed.rowcount)  # type: ignore[attr-defined]


def _require(session: Session, context: Context, arn: str) -> PolicyRow:
    if is_aws_managed(arn):
        raise UnsupportedOperation(
            f"Clary keeps no copy of the AWS managed policy {arn}; it can be attached."
        )
    row = session.get(PolicyRow, arn)
    if row is None or row.account != context.account:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return row


def _count_attachments(session: Session, arn: str) -> int:
    count = sa.select(sa.func.count()).select_from(AttachmentRow).where(AttachmentRow.policy_arn == arn)
    return session.scalar(count) or 0


def _describe(session: Session, row: PolicyRow) -> dict[str, Any]:
    created = clock.to_datetime(row.created_at)
    return {
        "PolicyName": row.name,
        "PolicyId": row.policy_id,
        "Arn": row.arn,
        "Path": row.path,
        "DefaultVersionId": ONLY_VERSION,
        "AttachmentCount": _count_attachments(session, row.arn),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": created,
        "UpdateDate": created,
        "Tags": describe_tags(session, row.arn) or None,
    }


def _describe_version(row: PolicyRow) -> dict[str, Any]:
    return {
        "Document": encode_document(row.document),
        "VersionId": ONLY_VERSION,
        "IsDefaultVersion": True,
        "CreateDate": clock.to_datetime(row.created_at),
    }
