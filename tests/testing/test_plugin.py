"""The pytest plugin in a suite of somebody's own: found without configuration, one account a test."""

import os
import subprocess
import sys
from pathlib import Path

SUITE = """
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

SEEN = Path("seen")
ASK = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"


def who():
    return boto3.client("sts").get_caller_identity()["Account"]


def note(account):
    SEEN.mkdir(exist_ok=True)
    (SEEN / account).touch(exist_ok=False)


@pytest.mark.parametrize("number", [1, 2])
def test_clients_act_as_an_account_of_the_test(clary_account, number):
    assert who() == clary_account.account_id
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == clary_account.account_id
    assert clary_account.session().client("sts").get_caller_identity()["Account"] == who()
    boto3.client("s3").create_bucket(Bucket="the-same-in-every-test")
    note(clary_account.account_id)


def test_a_test_may_have_more_accounts(clary_platform, clary_account):
    other = clary_platform.create_account()
    clary_account.client("s3").create_bucket(Bucket="mine")
    other.client("s3").create_bucket(Bucket="theirs")
    clary_platform.reset(other)
    assert other.client("s3").list_buckets()["Buckets"] == []
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]] == ["mine"]


def test_the_environment_is_as_before(clary_platform):
    assert os.environ["AWS_PROFILE"] == "work"
    assert "AWS_ENDPOINT_URL" not in os.environ
    assert clary_platform.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert str(clary_platform.data_dir) not in os.environ.get("CLARY_DATA_DIR", "")
"""


def test_a_suite_finds_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    suite = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_suite.py"],
        # What a developer may have set: none of it reaches the platform or the code under test.
        env=os.environ
        | {
            "AWS_PROFILE": "work",
            "AWS_SESSION_TOKEN": "stale",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
            "CLARY_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert suite.returncode == 0, suite.stdout + suite.stderr
    assert "4 passed" in suite.stdout
    assert len(list((tmp_path / "seen").iterdir())) == 2
