"""Who a REST request speaks for: its bearer token, and the region that it names or the token's own.

Routers of FastAPI take :func:`require_identity` as a dependency.
"""

import logging

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from clary.aws.identity import Identity
from clary.kernel import clock
from clary.kernel.errors import ValidationError
from clary.kernel.platform import Platform
from clary.kernel.scope import is_region
from clary.rest.errors import Unauthorized
from clary.store.roles import administrator_principal
from clary.store.tokens import TokenRow, find_token, mark_used

_LOG = logging.getLogger(__name__)
REGION_HEADER = "x-clary-region"
REGION_QUERY = "region"
# The time of the last use is no more exact than this: not every request is to write.
USE_PRECISION = 60 * clock.SECOND

_SCHEME = "bearer"


def require_identity(request: Request) -> Identity:
    """The identity behind a request; 401 where its token is missing, unknown, revoked or expired.

    A dependency for FastAPI, on an application whose state holds the ``platform``.
    """
    region = request.headers.get(REGION_HEADER, request.query_params.get(REGION_QUERY))
    return identify(request.app.state.platform, request.headers.get("authorization"), region)


def identify(platform: Platform, authorization: str | None, region: str | None) -> Identity:
    """The identity behind an Authorization header, in the region asked for. Reads the database."""
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    if scheme.lower() != _SCHEME or not token:
        raise Unauthorized("The request needs the header 'Authorization: Bearer TOKEN' (clary token create).")
    with platform.database.read() as session:
        row = find_token(session, token)
    now = clock.now()
    if row is None:
        raise Unauthorized("The token is unknown or was revoked.")
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthorized(f"The token {row.prefix}… has expired.")
    if region is not None and not is_region(region):
        raise ValidationError(f"'{region}' is not the name of a region.")
    if row.last_used_at is None or now - row.last_used_at >= USE_PRECISION:
        _note_use(platform, row, now)
    return Identity(
        account=row.account,
        region=region or row.region,
        service="sagemaker",
        principal=administrator_principal(row.account),
        access_key_id=row.prefix,
    )


def _note_use(platform: Platform, row: TokenRow, at: int) -> None:
    try:
        with platform.database.write() as session:
            mark_used(session, row, at)
    except SQLAlchemyError:
        # A full disk must not keep anyone from looking what is wrong.
        _LOG.warning("The use of token %s could not be noted", row.prefix, exc_info=True)
