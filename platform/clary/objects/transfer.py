"""Moves bodies between S3 and files by boto3's own transfer library: parallel, retried, bounded memory."""

from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from s3transfer.manager import TransferConfig, TransferManager
from s3transfer.subscribers import BaseSubscriber

from clary.objects.listing import S3Object, head_object
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PARALLEL = 8
CHUNK = 16 << 20
# How often an object may change under a download before that is an error.
CHANGES = 3


def transfer_manager(s3: "S3Client") -> TransferManager:
    """A manager for a ``with`` block; of a stream it holds at most four chunks of 16 MiB in memory."""
    config = TransferConfig(
        multipart_threshold=CHUNK,
        multipart_chunksize=CHUNK,
        max_request_concurrency=PARALLEL,
        max_in_memory_upload_chunks=4,
        max_io_queue_size=64,
    )
    return TransferManager(s3, config)


def download(s3: "S3Client", manager: TransferManager, source: S3Object, target: IO[bytes]) -> S3Object:
    """Write the object into ``target`` from its start, and return it as it was then.

    An object that was replaced since it was listed is read as it is now. Raises botocore's errors.
    """
    for _ in range(CHANGES - 1):
        try:
            return _download(manager, source, target)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "412"}:
                raise
        source = head_object(s3, source.uri)
    return _download(manager, source, target)


def upload(manager: TransferManager, source: IO[bytes], target: S3Uri) -> None:
    """Store all of ``source`` as one object; nothing is stored if reading it raises."""
    manager.upload(source, target.bucket, target.key).result()


def _download(manager: TransferManager, source: S3Object, target: IO[bytes]) -> S3Object:
    target.seek(0)
    target.truncate()
    manager.download(source.bucket, source.key, target, subscribers=[_Listed(source)]).result()
    return source


class _Listed(BaseSubscriber):
    """Tells the transfer what the listing said, which saves a HEAD request and pins the version."""

    def __init__(self, source: S3Object) -> None:
        self._source = source

    def on_queued(self, future: Any, **_: Any) -> None:
        future.meta.provide_transfer_size(self._source.size)
        future.meta.provide_object_etag(f'"{self._source.etag}"')
