"""AWS's own names under ``clary run``, asked by clients that know of no other endpoint."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.running import RunningPlatform
from support.tools import curl

PROGRAMS = Path(__file__).parent / "programs"
BOTO = PROGRAMS / "aws_names.py"
AWAY = "and lets nothing through to AWS"
TELEMETRY = "https://sm-pysdk-t-us-east-1.s3.us-east-1.amazonaws.com/telemetry?x-status=1"


@pytest.fixture(scope="module")
def answers(platform_up: RunningPlatform) -> dict[str, Any]:
    """What boto3 was answered."""
    ran = platform_up.clary("run", sys.executable, str(BOTO))
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_services_answer_at_their_own_hosts(answers: dict[str, Any], platform_up: RunningPlatform) -> None:
    assert answers["sts"] == ["https://sts.us-east-1.amazonaws.com", platform_up.account]
    assert answers["dual-stack"] == ["https://sts.us-east-1.api.aws", platform_up.account]
    assert answers["sagemaker"] is True
    code, message = answers["runtime"]
    assert (code, message) == (
        "ValidationError",
        f"Endpoint none of account {platform_up.account} not found.",
    )


def test_buckets_are_found_in_hosts_and_paths(answers: dict[str, Any]) -> None:
    key = "a%20key/with%2Bsigns"
    assert answers["buckets"] == {
        "proxied-plain": [f"https://proxied-plain.s3.amazonaws.com/{key}", "kept"],
        "proxied--double-hyphen": [f"https://proxied--double-hyphen.s3.amazonaws.com/{key}", "kept"],
        "proxied.with.dots": [f"https://s3.amazonaws.com/proxied.with.dots/{key}", "kept"],
    }


def test_multipart_transfers_and_presigned_urls(answers: dict[str, Any]) -> None:
    assert answers["multipart"] is True
    url = "https://proxied-plain.s3.amazonaws.com/a%20key/with%2Bsigns"
    assert answers["presigned"] == {"s3": [url, "kept"], "s3v4": [url, "kept"]}


@pytest.mark.parametrize(
    ("service", "host"),
    [
        ("batch", "batch.us-east-1.amazonaws.com"),
        ("cloudfront", "cloudfront.amazonaws.com"),
        ("dynamodb", "dynamodb.us-east-1.amazonaws.com"),
        ("ec2", "ec2.us-east-1.amazonaws.com"),
        ("rds", "rds.us-east-1.amazonaws.com"),
        ("s3control", "000000000000.s3-control.us-east-1.amazonaws.com"),
        ("sqs", "sqs.us-east-1.amazonaws.com"),
    ],
)
def test_other_services_are_refused_by_a_sentence(answers: dict[str, Any], service: str, host: str) -> None:
    code, message = answers["refused"][service]
    assert code == "UnsupportedOperation"
    assert message == f"Clary does not answer for {host}, {AWAY}."


def test_other_hosts_are_refused_without_a_signature(platform_up: RunningPlatform) -> None:
    hosts = (
        "elasticmapreduce.eu-west-1.amazonaws.com",
        "api.ecr.cn-north-1.amazonaws.com.cn",
        "public.ecr.aws",
    )
    ran = platform_up.clary("run", *curl(*(f"https://{host}/" for host in hosts)))
    assert ran.returncode == 0, ran.stderr
    for host in hosts:
        assert f"Clary does not answer for {host}, {AWAY}." in ran.stdout


def test_usage_reports_of_the_sdks_are_taken_silently(platform_up: RunningPlatform) -> None:
    ran = platform_up.clary("run", *curl("--write-out", "%{http_code} %{size_download}", TELEMETRY))
    assert (ran.stdout, ran.stderr) == ("200 0", "")


def test_a_bucket_that_holds_an_object_called_telemetry_is_served(platform_up: RunningPlatform) -> None:
    s3 = platform_up.client("s3")
    s3.create_bucket(Bucket="telemetry")
    s3.put_object(Bucket="telemetry", Key="telemetry", Body=b"ours")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "telemetry", "Key": "telemetry"})
    assert platform_up.clary("run", *curl(url)).stdout == "ours"
    assert s3.list_objects_v2(Bucket="telemetry")["KeyCount"] == 1


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")
def test_java_finds_the_proxy_and_trusts_it(platform_up: RunningPlatform) -> None:
    hosts = ("https://glue.us-east-1.amazonaws.com/", "https://some-bucket.s3.amazonaws.com/key")
    ran = platform_up.clary("run", "java", str(PROGRAMS / "Ask.java"), *hosts)
    assert ran.returncode == 0, ran.stderr
    status, refusal, *rest = ran.stdout.split("\n", 2)
    assert status == "400"
    assert "<?xml" in refusal
    assert "Clary does not answer for glue.us-east-1.amazonaws.com" in ran.stdout
    assert "<Code>AccessDenied</Code>" in rest[0]
