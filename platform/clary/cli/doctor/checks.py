"""The checks: each looks at one thing and says what to do where it is missing."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from clary.cli.located import Found

FREE_GIGABYTES = 5
STORE_SECONDS = 5
MINIMUM_PYTHON = (3, 11)


class Verdict(StrEnum):
    """How a check ended. Only ``FAILED`` keeps the platform from working."""

    OK = "ok"
    LIMITED = "limited"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; ``remedy`` says how to mend it."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def check_python(_found: Found) -> Finding:
    """The interpreter's version."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= MINIMUM_PYTHON:
        return Finding("Python", Verdict.OK, f"{version} ({sys.executable})")
    return Finding("Python", Verdict.FAILED, version, "Install Python 3.11 or newer.")


def check_database(found: Found) -> Finding:
    """Whether the database answers, and its schema."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from clary import schema
    from clary.gateway.troubles import examine_database
    from clary.kernel.platform import Platform
    from clary.store import Database, migrate

    url = make_url(found.settings.sqlalchemy_url)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and not (url.database and found.folder.exists()):
        return Finding("Database", Verdict.OK, f"{shown} (made by the first 'clary up')")
    try:
        database = Database(found.settings.sqlalchemy_url)
        revision = migrate.current_revision(database)
    except (SQLAlchemyError, ImportError) as error:
        remedy = "Check CLARY_DATABASE_URL and its server; PostgreSQL needs: pip install 'clary[postgres]'"
        return Finding("Database", Verdict.FAILED, f"{shown}: {str(error).splitlines()[0]}", remedy)
    if revision != schema.head():
        detail = f"{shown}: revision {revision}, this version wants {schema.head()}"
        return Finding("Database", Verdict.LIMITED, detail, "clary db upgrade ('clary up' does it too)")
    if (trouble := examine_database(Platform(found.settings, database))) is not None:
        remedy = "End what holds it, or make its folder writable; what waits goes on by itself."
        return Finding("Database", Verdict.FAILED, f"{shown}: {trouble}", remedy)
    return Finding("Database", Verdict.OK, f"{shown}, revision {revision}")


def check_objects(found: Found) -> Finding:
    """Whether the S3 server that keeps the objects answers, and takes the key."""
    url = found.settings.s3_endpoint_url
    if url is None:
        return Finding("Objects", Verdict.OK, f"kept in {found.folder / 'objects'}")
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _list_buckets(found)
    except BotoCoreError as error:
        return Finding("Objects", Verdict.FAILED, str(error), "Check CLARY_S3_ENDPOINT_URL and its server.")
    except ClientError as error:
        remedy = "Check CLARY_S3_ACCESS_KEY_ID and CLARY_S3_SECRET_ACCESS_KEY."
        return Finding("Objects", Verdict.FAILED, f"{url}: {error}", remedy)
    return Finding("Objects", Verdict.OK, f"kept at {url}, which answers")


def _list_buckets(found: Found) -> None:
    import boto3
    from botocore.config import Config

    settings = found.settings
    boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.region,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=settings.s3_secret_access_key,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            connect_timeout=STORE_SECONDS,
            read_timeout=STORE_SECONDS,
        ),
    ).list_buckets()


def check_port(found: Found) -> Finding:
    """Whether the port is free, or ours."""
    from clary.supervisor.sockets import CannotListen, listen

    if found.record is not None:
        return Finding("Port", Verdict.OK, f"the platform listens at {found.url}")
    try:
        listen(found.settings.host, found.settings.port).close()
    except CannotListen as error:
        return Finding("Port", Verdict.FAILED, str(error), "clary up --port 0 takes a free one")
    return Finding("Port", Verdict.OK, f"{found.settings.port} on {found.settings.host} is free")


def check_disk(found: Found) -> Finding:
    """Room for objects and job files."""
    folder = next(path for path in (found.folder, *found.folder.parents) if path.exists())
    if not os.access(folder, os.W_OK):  # so it is on a read-only file system, for root too
        remedy = "Make it writable, or choose another --data-dir."
        return Finding("Disk", Verdict.FAILED, f"{folder} can't be written to", remedy)
    free = shutil.disk_usage(folder).free / 1e9
    detail = f"{free:.1f} GB free at {folder}"
    if free < FREE_GIGABYTES:
        return Finding("Disk", Verdict.LIMITED, detail, "Free some space, or choose another --data-dir.")
    return Finding("Disk", Verdict.OK, detail)


def check_runtimes(_found: Found) -> list[Finding]:
    """Where containers can run; none of it keeps the platform itself from working."""
    from clary.runtimes.probe import probe

    return [
        Finding(
            seen.subject,
            Verdict.OK if seen.works else Verdict.LIMITED,
            seen.detail,
            seen.remedy or "",
        )
        for seen in probe()
    ]


CHECKS: tuple[Callable[[Found], Finding], ...] = (
    check_python,
    check_database,
    check_objects,
    check_port,
    check_disk,
)


def examine(found: Found) -> list[Finding]:
    """Run every check."""
    return [*(check(found) for check in CHECKS), *check_runtimes(found)]
