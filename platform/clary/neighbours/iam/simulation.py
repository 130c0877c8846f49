"""SimulatePrincipalPolicy: says ``allowed`` to everything: the platform evaluates no policies yet."""

from itertools import product
from typing import Any

from clary.aws.operations import Context, Request, Response, Support, operation
from clary.neighbours.iam.errors import InvalidInput, NoSuchEntity, invalid_marker
from clary.neighbours.iam.roles import describe_page, require_role
from clary.neighbours.paging import decode_token, encode_token
from clary.store.roles import RoleArn


@operation("iam", "SimulatePrincipalPolicy", support=Support.RECORDED)
def simulate_principal_policy(context: Context, request: Request) -> Response:
    """What each action on each resource would be answered with: always ``allowed``.

    The role must exist. The policies given are not looked at.
    """
    _check_source(context, request["PolicySourceArn"])
    pairs = list(product(request["ActionNames"], request.get("ResourceArns") or ["*"]))
    marker, size = request.get("Marker"), request.get("MaxItems", 100)
    start = decode_token(marker, int, invalid_marker(marker)) if marker else 0
    stop = start + size
    results = [_allow(action, resource) for action, resource in pairs[start:stop]]
    return {"EvaluationResults": results} | describe_page(encode_token(stop) if stop < len(pairs) else None)


def _check_source(context: Context, arn: str) -> None:
    role = RoleArn.parse(arn)
    if role is not None:
        with context.platform.database.read() as session:
            require_role(session, context, role.name)
        return
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind not in {"user", "group"} or not name:
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    raise NoSuchEntity(f"The {kind} with name {name.rpartition('/')[2]} cannot be found.")


def _allow(action: str, resource: str) -> dict[str, Any]:
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": "allowed",
        "MatchedStatements": [],
        "MissingContextValues": [],
    }
