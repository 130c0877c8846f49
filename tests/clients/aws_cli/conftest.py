"""The AWS CLI v1 with the profile that ``clary configure`` writes, on the process runtime."""

import uuid

import pytest

from support.aws_cli import AwsCli, with_profile
from support.running import RunningPlatform


@pytest.fixture(scope="session")
def aws(platform_up: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> AwsCli:
    """``aws --profile clary``."""
    return with_profile(platform_up, tmp_path_factory.mktemp("profile"))


@pytest.fixture
def bucket(aws: AwsCli) -> str:
    """A new bucket's name."""
    name = f"cli-{uuid.uuid4().hex[:12]}"
    aws.platform.client("s3").create_bucket(Bucket=name)
    return name
