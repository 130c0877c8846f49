"""Finding the group and the stream that a request names, and the errors where there is none."""

from pathlib import Path

from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request
from clary.kernel.errors import ServiceError
from clary.store.log_streams import LogGroupRow, LogStreamRow, find_group, find_stream


class InvalidParameter(ServiceError):
    """A parameter, or a combination of parameters, that the service refuses."""

    code = "InvalidParameterException"


class NotFound(ServiceError):
    """The group or the stream isn't there."""

    code = "ResourceNotFoundException"


class AlreadyExists(ServiceError):
    """The group or the stream is there."""

    code = "ResourceAlreadyExistsException"


def require_group(session: Session, context: Context, request: Request) -> LogGroupRow:
    """The group that ``logGroupName`` or ``logGroupIdentifier`` (a name or an ARN) names."""
    return require_group_named(session, context, _group_name(context, request))


def require_group_named(session: Session, context: Context, name: str) -> LogGroupRow:
    """The caller's group of that name."""
    row = find_group(session, account=context.account, region=context.region, group=name)
    if row is None:
        raise NotFound("The specified log group does not exist.")
    return row


def require_stream(session: Session, group: LogGroupRow, name: str) -> LogStreamRow:
    """The group's stream of that name."""
    row = find_stream(session, group, name)
    if row is None:
        raise NotFound("The specified log stream does not exist.")
    return row


def group_arn(context: Context, name: str) -> str:
    """A group's ARN without the ``:*`` that stands for its streams."""
    return f"arn:aws:logs:{context.region}:{context.account}:log-group:{name}"


def parse_group_arn(context: Context, arn: str) -> str:
    """The group's name in one of this account's and region's ARNs."""
    prefix = group_arn(context, "")
    if not arn.startswith(prefix):
        raise NotFound("The specified log group does not exist.")
    return arn.removeprefix(prefix)


def file_of(context: Context, stream: LogStreamRow) -> Path:
    """Where a stream's lines are."""
    return context.platform.settings.folder / stream.path


def invalid_token() -> InvalidParameter:
    """What a token that was never given, or belongs to another list, is answered with."""
    return InvalidParameter("The specified nextToken is invalid.")


def _group_name(context: Context, request: Request) -> str:
    name: str | None = request.get("logGroupName")
    identifier: str | None = request.get("logGroupIdentifier")
    if name is not None and identifier is not None:
        raise InvalidParameter("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if name is None and identifier is None:
        raise InvalidParameter("Either logGroupName or logGroupIdentifier must be specified.")
    if identifier is not None and identifier.startswith("arn:"):
        return parse_group_arn(context, identifier)
    return name or identifier or ""
