"""boto3 with nothing but what ``clary run`` gives, the endpoint's address taken away: AWS's own names."""

import io
import json
import os
import sys
import urllib.request
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

PART = 5 * 2**20
BUCKETS = ("proxied-plain", "proxied--double-hyphen", "proxied.with.dots")
# One of each of AWS's protocols.
NOT_HERE = {
    "batch": ("describe_compute_environments", {}),
    "cloudfront": ("list_distributions", {}),
    "dynamodb": ("list_tables", {}),
    "ec2": ("describe_instances", {}),
    "rds": ("describe_db_instances", {}),
    "s3control": ("list_jobs", {"AccountId": "000000000000"}),
    "sqs": ("list_queues", {}),
}


def main() -> None:
    del os.environ["AWS_ENDPOINT_URL"]
    sts = boto3.client("sts")
    answers: dict[str, Any] = {
        "sts": [sts.meta.endpoint_url, sts.get_caller_identity()["Account"]],
        "sagemaker": "Models" in boto3.client("sagemaker").list_models(),
        "runtime": refuse(boto3.client("sagemaker-runtime").invoke_endpoint, EndpointName="none", Body=b""),
        "dual-stack": dual_stack(),
        "buckets": {name: store(name) for name in BUCKETS},
        "multipart": multipart(),
        "presigned": {version: presigned(version) for version in ("s3", "s3v4")},
        "refused": {
            service: refuse(getattr(boto3.client(service), operation), **arguments)
            for service, (operation, arguments) in NOT_HERE.items()
        },
    }
    json.dump(answers, sys.stdout)


def dual_stack() -> list[str]:
    client = boto3.client("sts", config=Config(use_dualstack_endpoint=True))
    return [client.meta.endpoint_url, client.get_caller_identity()["Account"]]


def store(bucket: str) -> list[str]:
    s3 = boto3.client("s3", config=Config(s3={"addressing_style": "virtual"}))
    urls = []
    s3.meta.events.register("before-send.s3", lambda request, **_: urls.append(request.url))
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a key/with+signs", Body=b"kept")
    body = s3.get_object(Bucket=bucket, Key="a key/with+signs")["Body"].read().decode()
    return [urls[-1], body]


def multipart() -> bool:
    s3 = boto3.client("s3")
    data = os.urandom(2 * PART + 1)
    sizes = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
    s3.upload_fileobj(io.BytesIO(data), BUCKETS[0], "big", Config=sizes)
    received = io.BytesIO()
    s3.download_fileobj(BUCKETS[0], "big", received, Config=sizes)
    return received.getvalue() == data


def presigned(version: str) -> list[str]:
    s3 = boto3.client("s3", config=Config(signature_version=version, s3={"addressing_style": "virtual"}))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKETS[0], "Key": "a key/with+signs"})
    with urllib.request.urlopen(url) as answer:
        return [url.partition("?")[0], answer.read().decode()]


def refuse(call: Any, **arguments: Any) -> list[str]:
    try:
        return ["answered", str(call(**arguments))]
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["Error"]["Message"]]


if __name__ == "__main__":
    main()
