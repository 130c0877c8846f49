"""Tags of log groups, by ARN."""

from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, Response, operation
from clary.kernel import tags
from clary.neighbours.logs.lookup import group_arn, parse_group_arn, require_group_named


@operation("logs", "TagResource")
def tag_resource(context: Context, request: Request) -> Response:
    """Add tags to a group, or change them."""
    with context.platform.database.write() as session:
        tags.put_tags(session, _require_arn(session, context, request), request["tags"])
    return None


@operation("logs", "UntagResource")
def untag_resource(context: Context, request: Request) -> Response:
    """Remove tags from a group by their keys."""
    with context.platform.database.write() as session:
        tags.remove_tags(session, _require_arn(session, context, request), request["tagKeys"])
    return None


@operation("logs", "ListTagsForResource")
def list_tags_for_resource(context: Context, request: Request) -> Response:
    """A group's tags."""
    with context.platform.database.read() as session:
        return {"tags": tags.get_tags(session, _require_arn(session, context, request))}


def _require_arn(session: Session, context: Context, request: Request) -> str:
    row = require_group_named(session, context, parse_group_arn(context, request["resourceArn"]))
    return group_arn(context, row.name)
