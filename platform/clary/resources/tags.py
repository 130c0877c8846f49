"""AddTags, ListTags and DeleteTags, for every kind by ARN."""

from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, operation
from clary.kernel import repository, tags
from clary.kernel.errors import ValidationError


@operation("sagemaker", "AddTags")
def add_tags(context: Context, request: Request) -> dict[str, object]:
    """Add or replace tags of a resource."""
    with context.platform.database.write() as session:
        arn = _owned(session, context, request["ResourceArn"])
        tags.put_tags(session, arn, {tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return {"Tags": _shape(tags.get_tags(session, arn))}


@operation("sagemaker", "ListTags")
def list_tags(context: Context, request: Request) -> dict[str, object]:
    """A page of a resource's tags; the token is the last key of the page before."""
    limit = request.get("MaxResults", 50)
    with context.platform.database.read() as session:
        arn = _owned(session, context, request["ResourceArn"])
        have = [
            pair for pair in tags.get_tags(session, arn).items() if pair[0] > request.get("NextToken", "")
        ]
    page = dict(have[:limit])
    token = max(page) if len(have) > limit else None
    return {"Tags": _shape(page), "NextToken": token}


@operation("sagemaker", "DeleteTags")
def delete_tags(context: Context, request: Request) -> dict[str, object]:
    """Remove tags by key; keys that the resource lacks are ignored."""
    with context.platform.database.write() as session:
        arn = _owned(session, context, request["ResourceArn"])
        tags.remove_tags(session, arn, request["TagKeys"])
    return {}


def _owned(session: Session, context: Context, arn: str) -> str:
    row = repository.find_by_arn(session, arn.lower()) or repository.find_by_arn(session, arn)
    if row is None or (row.account, row.region) != (context.account, context.region):
        raise ValidationError(f"Could not find resource with ARN: {arn}")
    return row.arn


def _shape(pairs: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]
