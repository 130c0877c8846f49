"""Users: there are none. Every key acts as an assumed role."""

from clary.aws.operations import Context, Request, Response, operation
from clary.neighbours.iam.errors import InvalidRequest, NoSuchEntity


@operation("iam", "GetUser")
def get_user(_context: Context, request: Request) -> Response:
    """Always the error that AWS gives to a role, or for a user that isn't there."""
    if name := request.get("UserName"):
        raise NoSuchEntity(f"The user with name {name} cannot be found.")
    raise InvalidRequest("Must specify userName when calling with non-User credentials")
