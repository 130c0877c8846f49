"""What is in a bucket, asked with the calls that every S3 server knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from clary.objects.faults import is_missing
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object as it was when it was listed; ``size`` in bytes, ``etag`` without its quotes."""

    bucket: str
    key: str
    size: int
    etag: str

    @property
    def uri(self) -> S3Uri:
        """Where it is."""
        return S3Uri(self.bucket, self.key)


def find_objects(s3: "S3Client", prefix: S3Uri) -> Iterator[S3Object]:
    """Every object whose key starts with the prefix's key, in key order, page by page.

    Raises botocore's ``ClientError`` as the server answers it (``NoSuchBucket``, ``AccessDenied``).
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
    for page in pages:
        for entry in page.get("Contents", ()):
            yield S3Object(prefix.bucket, entry["Key"], entry["Size"], entry["ETag"].strip('"'))


def any_object(s3: "S3Client", prefix: S3Uri) -> bool:
    """Whether any key starts with the prefix's key, by one request; False where there is no such bucket."""
    try:
        answer = s3.list_objects_v2(Bucket=prefix.bucket, Prefix=prefix.key, MaxKeys=1)
    except ClientError as error:
        if is_missing(error):
            return False
        raise
    return answer.get("KeyCount", len(answer.get("Contents", ()))) > 0


def head_object(s3: "S3Client", uri: S3Uri) -> S3Object:
    """The object of exactly this key; botocore's ``ClientError`` with code 404 where there is none."""
    answer = s3.head_object(Bucket=uri.bucket, Key=uri.key)
    return S3Object(uri.bucket, uri.key, answer["ContentLength"], answer["ETag"].strip('"'))


def no_objects_message(uri: S3Uri | str, *, region: str | None = None, role: str | None = None) -> str:
    """SageMaker's sentence for an empty input prefix."""
    bucket = uri.bucket if isinstance(uri, S3Uri) else S3Uri.parse(uri).bucket
    where = f" ({region})" if region else ""
    who = f' "{role}"' if role else ""
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
        f"bucket exists in the selected region{where}, that objects exist under that S3 prefix, and that "
        f'the role{who} has "s3:ListBucket" permissions on bucket "{bucket}".'
    )
