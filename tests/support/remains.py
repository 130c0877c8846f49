"""What a platform has on its machine: processes, folders and files that somebody must account for."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from support.running import RunningPlatform
from support.waiting import wait_for

INLINE_BYTES = 64 * 1024


def wait_clean(platform: RunningPlatform, *, containers: Collection[str] = (), database_url: str) -> None:
    """Wait until no more is left than what runs: ``containers`` are the ids that must, and no other."""
    wait_for(lambda: not _find_held(database_url), what="the release of all leases")
    try:
        wait_for(lambda: not find_remains(platform, containers), what="the end of what nobody needs")
    except AssertionError as error:
        error.add_note("\n".join(find_remains(platform, containers)))
        raise


def find_remains(platform: RunningPlatform, containers: Collection[str] = ()) -> list[str]:
    """What is left over, in words; ``containers`` are the ids of those that run rightly."""
    run = platform.data_dir / "run"
    left = [
        *_list(platform.data_dir / "jobs"),
        *_list(platform.data_dir / "cache" / "partial"),
        *_list(run / "networks"),
        *_others(_list(run / "containers", hidden=True), containers),
        *_others(_holders(run / "addresses.json") + _holders(run / "ports.json"), containers),
        *_others(find_processes(platform), containers),
        *(str(path) for path in run.glob(".*")),
        *(str(path) for path in run.glob("*") if path.suffix not in {"", ".json", ".lock"}),
        *(line for line in Path("/proc/mounts").read_text().splitlines() if str(platform.data_dir) in line),
    ]
    return sorted(left)


def find_processes(platform: RunningPlatform) -> list[str]:
    """The command lines of all that run for a platform beside its own processes."""
    folder = str(platform.data_dir)
    return [line for line in map(_command, psutil.process_iter()) if f"{folder}/" in line]


def list_bodies(platform: RunningPlatform) -> list[Path]:
    """The object store's files, of whatever state."""
    folder = platform.data_dir / "objects"
    return [path for path in folder.rglob("*") if path.is_file() and ".claims" not in path.parts]


def count_bodies(s3: Any) -> int:
    """How many files the objects and the unfinished uploads need that the store lists."""
    files = 0
    for bucket in (each["Name"] for each in s3.list_buckets()["Buckets"]):
        for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            parts = entry["ETag"].strip('"').partition("-")[2]
            files += int(parts) if parts else entry["Size"] > INLINE_BYTES
        for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            named = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
            files += len(s3.list_parts(**named).get("Parts", []))
    return files


def wait_no_garbage(platform: RunningPlatform, s3: Any) -> None:
    """Wait until the object store has as many files as its lists need."""
    wait_for(lambda: len(list_bodies(platform)) == count_bodies(s3), what="the end of half-written bodies")


def _find_held(database_url: str) -> list[str]:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    query = "SELECT name FROM resources WHERE lock_token IS NOT NULL"
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(query)))


def _list(folder: Path, *, hidden: bool = False) -> list[str]:
    if not folder.is_dir():
        return []
    return [str(path) for path in folder.iterdir() if hidden or not path.name.startswith(".")]


def _holders(path: Path) -> list[str]:
    return [f"{path.name}: {holder}" for holder in json.loads(path.read_text())] if path.exists() else []


def _others(found: Collection[str], containers: Collection[str]) -> list[str]:
    return [each for each in found if not any(container in each for container in containers)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it ended meanwhile
        return ""
