"""The platform's own S3 clients: one a process, account and endpoint, shared by all threads."""

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from clary.kernel.errors import PlatformFault
from clary.kernel.platform import Platform
from clary.store.tables import CredentialRow

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A request is tried four times in all, within a second; what it fails is tried again by the reconciler.
ATTEMPTS = 4
CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 60
POOL_SIZE = 32

_building = threading.Lock()


def s3_client(platform: Platform, account: str) -> "S3Client":
    """The client for the objects of ``account``: on the external S3 server if set, else on the platform's.

    The same client is returned to every caller; it is safe from any thread.
    Raises :class:`PlatformFault` where the account has no access key without an expiry.
    """
    settings = platform.settings
    if settings.s3_endpoint_url is not None:
        keys = settings.s3_access_key_id, settings.s3_secret_access_key
        url = settings.s3_endpoint_url
    else:
        keys = _account_keys(platform, account)
        url = settings.url
    # lru_cache alone would let two threads build the same client at once, 200 ms each.
    with _building:
        return _build(url, settings.region, *keys)


def _account_keys(platform: Platform, account: str) -> tuple[str, str]:
    lasting = (
        sa.select(CredentialRow.access_key_id, CredentialRow.secret_access_key)
        .where(CredentialRow.account == account, CredentialRow.expires_at.is_(None))
        .order_by(CredentialRow.created_at, CredentialRow.access_key_id)
        .limit(1)
    )
    with platform.database.read() as session:
        row = session.execute(lasting).first()
    if row is None:
        raise PlatformFault(f"account {account} has no lasting access key, so its objects cannot be reached")
    return row[0], row[1]


@lru_cache(maxsize=64)
def _build(url: str, region: str, access_key_id: str | None, secret: str | None) -> "S3Client":
    # boto3 and its S3 model cost 0.3 s and 30 MB: processes that move no objects must not pay for them.
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        max_pool_connections=POOL_SIZE,
        tcp_keepalive=True,
        # Checksums beyond Content-MD5 and the signed body are not known to every S3 server.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session(region_name=region).client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
        config=config,
    )
