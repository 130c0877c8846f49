"""Roles: create, get, list, update, delete, tags. Roles are global: every region sees the same ones."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import clock, tags
from clary.kernel.wiping import Forgotten, forgets
from clary.neighbours.iam.documents import check_trust_policy, encode_document
from clary.neighbours.iam.errors import DeleteConflict, EntityAlreadyExists, NoSuchEntity, invalid_marker
from clary.neighbours.paging import select_page, starts_with
from clary.store.roles import (
    AttachmentRow,
    RolePolicyRow,
    RoleRow,
    create_default_roles,
    find_role,
    new_id,
)


def require_role(session: Session, context: Context, name: str) -> RoleRow:
    """The account's role of that name."""
    row = find_role(session, context.account, name)
    if row is None:
        raise NoSuchEntity(f"The role with name {name} cannot be found.")
    return row


@operation("iam", "CreateRole")
def create_role(context: Context, request: Request) -> Response:
    """A new role; names that differ by case alone are the same name."""
    name = request["RoleName"]
    check_trust_policy(request["AssumeRolePolicyDocument"])
    with context.platform.database.write() as session:
        taken = sa.select(RoleRow.id).where(
            RoleRow.account == context.account, sa.func.lower(RoleRow.name) == name.lower()
        )
        if session.scalar(taken.limit(1)) is not None:
            raise EntityAlreadyExists(f"Role with name {name} already exists.")
        row = RoleRow(
            account=context.account,
            name=name,
            path=request.get("Path", "/"),
            role_id=new_id("AROA"),
            trust_policy=request["AssumeRolePolicyDocument"],
            description=request.get("Description"),
            max_session_duration=request.get("MaxSessionDuration", 3600),
            permissions_boundary=request.get("PermissionsBoundary"),
            created_at=clock.now(),
        )
        session.add(row)
        tags.put_tags(session, row.arn, {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])})
        session.flush()
        return {"Role": _describe_whole(session, row)}


@operation("iam", "GetRole")
def get_role(context: Context, request: Request) -> Response:
    """A role by its name."""
    with context.platform.database.read() as session:
        return {"Role": _describe_whole(session, require_role(session, context, request["RoleName"]))}


@operation("iam", "ListRoles")
def list_roles(context: Context, request: Request) -> Response:
    """The account's roles by name, a page at a time."""
    marker = request.get("Marker")
    with context.platform.database.read() as session:
        rows, token = select_page(
            session,
            RoleRow,
            RoleRow.account == context.account,
            starts_with(RoleRow.path, request.get("PathPrefix", "/")),
            key=RoleRow.name,
            limit=request.get("MaxItems", 100),
            token=marker,
            invalid=invalid_marker(marker),
        )
    return {"Roles": [_describe(row) for row in rows]} | describe_page(token)


@operation("iam", "DeleteRole")
def delete_role(context: Context, request: Request) -> Response:
    """Delete a role that carries no policies."""
    with context.platform.database.write() as session:
        row = require_role(session, context, request["RoleName"])
        if session.scalar(sa.select(AttachmentRow).where(AttachmentRow.role == row.id).limit(1)):
            raise DeleteConflict("Cannot delete entity, must detach all policies first.")
        if session.scalar(sa.select(RolePolicyRow).where(RolePolicyRow.role == row.id).limit(1)):
            raise DeleteConflict("Cannot delete entity, must delete policies first.")
        tags.remove_tags(session, row.arn)
        session.delete(row)
    return None


@operation("iam", "UpdateRole")
def update_role(context: Context, request: Request) -> Response:
    """Change a role's description or its longest session."""
    with context.platform.database.write() as session:
        row = require_role(session, context, request["RoleName"])
        row.description = request.get("Description", row.description)
        row.max_session_duration = request.get("MaxSessionDuration", row.max_session_duration)
    return {}


@operation("iam", "UpdateRoleDescription")
def update_role_description(context: Context, request: Request) -> Response:
    """Change a role's description (UpdateRole's elder)."""
    with context.platform.database.write() as session:
        row = require_role(session, context, request["RoleName"])
        row.description = request["Description"]
        return {"Role": _describe_whole(session, row)}


@operation("iam", "UpdateAssumeRolePolicy")
def update_assume_role_policy(context: Context, request: Request) -> Response:
    """Replace a role's trust policy."""
    check_trust_policy(request["PolicyDocument"])
    with context.platform.database.write() as session:
        require_role(session, context, request["RoleName"]).trust_policy = request["PolicyDocument"]
    return None


@operation("iam", "TagRole")
def tag_role(context: Context, request: Request) -> Response:
    """Add tags to a role, or change them."""
    with context.platform.database.write() as session:
        row = require_role(session, context, request["RoleName"])
        tags.put_tags(session, row.arn, {tag["Key"]: tag["Value"] for tag in request["Tags"]})
    return None


@operation("iam", "UntagRole")
def untag_role(context: Context, request: Request) -> Response:
    """Remove tags from a role by their keys."""
    with context.platform.database.write() as session:
        row = require_role(session, context, request["RoleName"])
        tags.remove_tags(session, row.arn, request["TagKeys"])
    return None


@operation("iam", "ListRoleTags")
def list_role_tags(context: Context, request: Request) -> Response:
    """A role's tags, all at once: there are 50 at most."""
    with context.platform.database.read() as session:
        row = require_role(session, context, request["RoleName"])
        return {"Tags": describe_tags(session, row.arn), "IsTruncated": False}


@forgets
def forget_roles(session: Session, account: str) -> Forgotten:
    """An account's roles with all that they carry; those that every account has begin anew."""
    removed = session.execute(sa.delete(RoleRow).where(RoleRow.account == account))
    create_default_roles(session, account)
    return Forgotten("roles", removed.rowcount)  # type: ignore[attr-defined]


def describe_page(token: str | None) -> dict[str, Any]:
    """The members that end a page of any IAM list."""
    return {"IsTruncated": token is not None, "Marker": token}


def describe_tags(session: Session, arn: str) -> list[dict[str, str]]:
    """A resource's tags in IAM's form."""
    return [{"Key": key, "Value": value} for key, value in tags.get_tags(session, arn).items()]


def _describe(row: RoleRow) -> dict[str, Any]:
    return {
        "Path": row.path,
        "RoleName": row.name,
        "RoleId": row.role_id,
        "Arn": row.arn,
        "CreateDate": clock.to_datetime(row.created_at),
        "AssumeRolePolicyDocument": encode_document(row.trust_policy),
        "MaxSessionDuration": row.max_session_duration,
        "Description": row.description,
    }


def _describe_whole(session: Session, row: RoleRow) -> dict[str, Any]:
    """What a list leaves out too: the boundary and the tags."""
    boundary = row.permissions_boundary and {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": row.permissions_boundary,
    }
    return _describe(row) | {
        "PermissionsBoundary": boundary,
        "Tags": describe_tags(session, row.arn) or None,
    }
