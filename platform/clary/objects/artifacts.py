"""Uploads what a job made and fetches what a model needs: ``model.tar.gz``, loose files, and back."""

import io
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from clary.objects.archives import DEFAULT_LIMITS, Extracted, Limits, extract
from clary.objects.faults import job_faults
from clary.objects.packing import PackedFolder
from clary.objects.transfer import transfer_manager, upload
from clary.objects.tree import open_file, walk
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

# An archive is unpacked while it arrives; a connection that breaks off starts it again this often in all.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What was stored: regular files, their bytes, and the names of what was left out for safety."""

    files: int
    bytes: int
    skipped: tuple[str, ...] = ()


def upload_archive(s3: "S3Client", folder: Path, uri: S3Uri) -> Uploaded:
    """Store the folder as one tar.gz at ``uri``, packed while it is sent; equal content gives equal bytes.

    Regular files, folders and links that stay inside are packed. Raises :class:`ClientFault` where the bucket
    is missing or refuses, :class:`PlatformFault` where it cannot be reached.
    """
    packed = PackedFolder(folder)
    _abort_unfinished(s3, uri)
    with job_faults("Artifact upload", uri), transfer_manager(s3) as manager:
        upload(manager, io.BufferedReader(packed, 1 << 20), uri)
    return Uploaded(packed.files, packed.bytes, tuple(packed.skipped))


def upload_folder(s3: "S3Client", folder: Path, uri: S3Uri) -> Uploaded:
    """Store every regular file of the folder below ``uri`` by its relative path; links are left out."""
    files = size = 0
    skipped = []
    with transfer_manager(s3) as manager:
        for node in walk(folder):
            if node.is_file:
                with job_faults("Artifact upload", uri.join(node.name)), open_file(folder, node.name) as file:
                    upload(manager, file, uri.join(node.name))
                files, size = files + 1, size + node.status.st_size
            elif not node.is_folder:
                skipped.append(node.name)
    return Uploaded(files, size, tuple(skipped))


def extract_archive(
    s3: "S3Client", uri: S3Uri, destination: Path, *, limits: Limits = DEFAULT_LIMITS
) -> Extracted:
    """Make ``destination`` the content of the tar.gz at ``uri``; it appears whole or not at all.

    What was there before is replaced. Raises :class:`ClientFault` where the object is missing, refused, no
    archive or an unsafe one (see :func:`clary.objects.archives.extract`).
    """
    partial = destination.with_name(f".{destination.name}.partial")
    _remove(partial)  # what was killed half way left it
    try:
        with job_faults("Data download", uri):
            extracted = _extract_retried(s3, uri, partial, limits)
        _remove(destination)
        partial.rename(destination)
    finally:
        _remove(partial)
    return extracted


def folder_is_empty(folder: Path) -> bool:
    """Whether the folder is missing, or holds nothing but folders."""
    return not folder.exists() or all(node.is_folder for node in walk(folder))


def _abort_unfinished(s3: "S3Client", uri: S3Uri) -> None:
    """Free the parts of earlier uploads to this very key: whoever sent them was killed."""
    try:
        listed = s3.list_multipart_uploads(Bucket=uri.bucket, Prefix=uri.key)
        for each in listed.get("Uploads", []):
            if each["Key"] == uri.key:
                s3.abort_multipart_upload(Bucket=uri.bucket, Key=uri.key, UploadId=each["UploadId"])
    except (BotoCoreError, ClientError) as error:
        # It only tidies up. If the store is away, or refuses this user, the upload itself says so.
        log.warning("unfinished uploads to %s could not be aborted: %s", uri, error)


def _extract_retried(s3: "S3Client", uri: S3Uri, folder: Path, limits: Limits) -> Extracted:
    for _ in range(_ATTEMPTS - 1):
        body = s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"]
        try:
            return extract(body, folder, limits)
        except BotoCoreError:
            _remove(folder)
    return extract(s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"], folder, limits)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
