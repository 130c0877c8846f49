"""What a role carries: policies written into it (inline) and managed policies attached to it.

Both are recorded and listed. Nothing evaluates them yet: every signed request is allowed.
"""

from clary.aws.operations import Context, Request, Response, Support, operation
from clary.neighbours.iam.documents import check_policy, encode_document
from clary.neighbours.iam.errors import NoSuchEntity, invalid_marker
from clary.neighbours.iam.policies import is_aws_managed
from clary.neighbours.iam.roles import describe_page, require_role
from clary.neighbours.paging import contains, select_page
from clary.store.roles import AttachmentRow, PolicyRow, RolePolicyRow


@operation("iam", "PutRolePolicy", support=Support.RECORDED)
def put_role_policy(context: Context, request: Request) -> Response:
    """Write a policy into a role, or replace it."""
    check_policy(request["PolicyDocument"])
    with context.platform.database.write() as session:
        role = require_role(session, context, request["RoleName"])
        session.merge(
            RolePolicyRow(role=role.id, name=request["PolicyName"], document=request["PolicyDocument"])
        )
    return None


@operation("iam", "GetRolePolicy", support=Support.RECORDED)
def get_role_policy(context: Context, request: Request) -> Response:
    """A role's inline policy."""
    with context.platform.database.read() as session:
        role = require_role(session, context, request["RoleName"])
        row = session.get(RolePolicyRow, (role.id, request["PolicyName"]))
    if row is None:
        raise _no_inline_policy(request)
    return {
        "RoleName": role.name,
        "PolicyName": row.name,
        "PolicyDocument": encode_document(row.document),
    }


@operation("iam", "ListRolePolicies", support=Support.RECORDED)
def list_role_policies(context: Context, request: Request) -> Response:
    """The names of a role's inline policies."""
    marker = request.get("Marker")
    with context.platform.database.read() as session:
        role = require_role(session, context, request["RoleName"])
        rows, token = select_page(
            session,
            RolePolicyRow,
            RolePolicyRow.role == role.id,
            key=RolePolicyRow.name,
            limit=request.get("MaxItems", 100),
            token=marker,
            invalid=invalid_marker(marker),
        )
    return {"PolicyNames": [row.name for row in rows]} | describe_page(token)


@operation("iam", "DeleteRolePolicy", support=Support.RECORDED)
def delete_role_policy(context: Context, request: Request) -> Response:
    """Take an inline policy out of a role."""
    with context.platform.database.write() as session:
        role = require_role(session, context, request["RoleName"])
        row = session.get(RolePolicyRow, (role.id, request["PolicyName"]))
        if row is None:
            raise _no_inline_policy(request)
        session.delete(row)
    return None


@operation("iam", "AttachRolePolicy", support=Support.RECORDED)
def attach_role_policy(context: Context, request: Request) -> Response:
    """Attach a managed policy: the account's own, or one of AWS's, whose names are taken as they are."""
    arn = request["PolicyArn"]
    with context.platform.database.write() as session:
        role = require_role(session, context, request["RoleName"])
        policy = session.get(PolicyRow, arn)
        if not is_aws_managed(arn) and (policy is None or policy.account != context.account):
            raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
        session.merge(AttachmentRow(role=role.id, policy_arn=arn))
    return None


@operation("iam", "DetachRolePolicy", support=Support.RECORDED)
def detach_role_policy(context: Context, request: Request) -> Response:
    """Detach a managed policy from a role."""
    with context.platform.database.write() as session:
        role = require_role(session, context, request["RoleName"])
        row = session.get(AttachmentRow, (role.id, request["PolicyArn"]))
        if row is None:
            raise NoSuchEntity(f"Policy {request['PolicyArn']} was not found.")
        session.delete(row)
    return None


@operation("iam", "ListAttachedRolePolicies", support=Support.RECORDED)
def list_attached_role_policies(context: Context, request: Request) -> Response:
    """The managed policies attached to a role."""
    marker, prefix = request.get("Marker"), request.get("PathPrefix", "/")
    with context.platform.database.read() as session:
        role = require_role(session, context, request["RoleName"])
        rows, token = select_page(
            session,
            AttachmentRow,
            AttachmentRow.role == role.id,
            contains(AttachmentRow.policy_arn, f":policy{prefix}"),
            key=AttachmentRow.policy_arn,
            limit=request.get("MaxItems", 100),
            token=marker,
            invalid=invalid_marker(marker),
        )
    attached = [
        {"PolicyName": row.policy_arn.rpartition("/")[2], "PolicyArn": row.policy_arn} for row in rows
    ]
    return {"AttachedPolicies": attached} | describe_page(token)


def _no_inline_policy(request: Request) -> NoSuchEntity:
    return NoSuchEntity(f"The role policy with name {request['PolicyName']} cannot be found.")
