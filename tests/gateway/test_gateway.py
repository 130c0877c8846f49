"""What the gateway answers by itself, and what it leaves to the wire."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from support.running import RunningPlatform, read_logs, running_platform


def test_health_says_ready(platform_up: RunningPlatform) -> None:
    with urllib.request.urlopen(f"{platform_up.url}/_clary/health") as answer:
        assert json.load(answer)["ready"] is True
        assert "server" not in answer.headers


def test_an_unknown_page_of_the_platforms_own_is_not_found(platform_up: RunningPlatform) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{platform_up.url}/api/v1/nothing")


def test_objects_may_have_the_names_of_the_platforms_pages(platform_up: RunningPlatform) -> None:
    s3 = platform_up.client("s3")
    s3.create_bucket(Bucket="api")
    s3.put_object(Bucket="api", Key="v1/jobs", Body=b"an object")
    assert s3.get_object(Bucket="api", Key="v1/jobs")["Body"].read() == b"an object"
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "api", "Key": "v1/jobs"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"an object"


def test_without_the_other_s3_server_requests_are_refused_by_its_name(tmp_path: Path) -> None:
    elsewhere = {
        "CLARY_S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "CLARY_S3_ACCESS_KEY_ID": "theirs",
        "CLARY_S3_SECRET_ACCESS_KEY": "theirs",
    }
    with running_platform(tmp_path / "platform", **elsewhere) as platform:
        s3 = platform.client("s3")
        with pytest.raises(s3.exceptions.ClientError, match=r"http://127\.0\.0\.1:9 .*does not answer"):
            s3.list_buckets()


def test_the_log_holds_no_secret(platform_up: RunningPlatform) -> None:
    platform_up.client("sts").get_caller_identity()
    assert platform_up.secret_access_key not in read_logs(platform_up.data_dir)
