"""The commands that point AWS clients at a platform: env, run, configure."""

import json
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from support.running import RunningPlatform, clean_environment, run_clary

READ_ENVIRONMENT = "import os, json; print(json.dumps(dict(os.environ)))"


def test_env_prints_exports_that_a_shell_takes(platform_up: RunningPlatform) -> None:
    exports = platform_up.clary("env").stdout
    shell = subprocess.run(
        ["bash", "-c", f"{exports}\nexec {sys.executable} -c '{READ_ENVIRONMENT}'"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    variables = json.loads(shell.stdout)
    assert variables["AWS_ENDPOINT_URL"] == platform_up.url
    assert variables["AWS_ACCESS_KEY_ID"] == platform_up.access_key_id
    assert variables["AWS_SECRET_ACCESS_KEY"] == platform_up.secret_access_key
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"


def test_env_before_the_first_start_says_what_to_do(tmp_path: Path) -> None:
    refused = run_clary("env", "--data-dir", str(tmp_path / "none"))
    assert refused.returncode == 3
    assert "clary up" in refused.stderr
    assert refused.stdout == ""


def test_run_sets_the_environment_and_passes_the_exit_code_through(platform_up: RunningPlatform) -> None:
    program = f"{READ_ENVIRONMENT}; raise SystemExit(7)"
    ran = platform_up.clary("run", sys.executable, "-c", program)
    assert ran.returncode == 7
    assert json.loads(ran.stdout)["AWS_ENDPOINT_URL"] == platform_up.url


def test_run_takes_away_what_would_point_elsewhere(platform_up: RunningPlatform) -> None:
    environment = clean_environment(
        CLARY_DATA_DIR=str(platform_up.data_dir), AWS_PROFILE="work", AWS_ENDPOINT_URL_S3="https://elsewhere"
    )
    ran = run_clary("run", sys.executable, "-c", READ_ENVIRONMENT, environment=environment)
    assert {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3"}.isdisjoint(json.loads(ran.stdout))


def test_run_leaves_the_commands_own_options_alone(platform_up: RunningPlatform) -> None:
    ran = platform_up.clary("run", "echo", "--json", "--data-dir", "x")
    assert ran.stdout == "--json --data-dir x\n"


def test_run_names_a_command_that_does_not_exist(platform_up: RunningPlatform) -> None:
    refused = platform_up.clary("run", "no-such-command")
    assert refused.returncode == 127
    assert "no-such-command" in refused.stderr


def test_run_without_a_platform_starts_nothing(tmp_path: Path) -> None:
    refused = run_clary("run", "--data-dir", str(tmp_path / "none"), "true")
    assert refused.returncode == 3
    assert "clary up" in refused.stderr


@pytest.fixture
def aws_files(tmp_path: Path) -> dict[str, str]:
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws" / "credentials"),
    }


def test_configure_writes_a_profile_that_boto3_uses(
    platform_up: RunningPlatform, aws_files: dict[str, str]
) -> None:
    environment = clean_environment(CLARY_DATA_DIR=str(platform_up.data_dir), **aws_files)
    assert run_clary("configure", environment=environment).returncode == 0
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | {"AWS_PROFILE": "clary"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == platform_up.account
    for path in aws_files.values():
        assert Path(path).stat().st_mode & 0o777 == 0o600


def test_configure_keeps_everything_else(platform_up: RunningPlatform, aws_files: dict[str, str]) -> None:
    config = Path(aws_files["AWS_CONFIG_FILE"])
    config.parent.mkdir()
    before = (
        "# my accounts\n[default]\nregion = eu-west-1\ns3 =\n    max_concurrent_requests = 20\n\n"
        "[profile clary]\nregion = old\noutput = table\n\n"
        "[sso-session corp]\nsso_region = us-east-1 ; near\n"
    )
    config.write_text(before)
    environment = clean_environment(CLARY_DATA_DIR=str(platform_up.data_dir), **aws_files)
    for _ in range(2):
        assert run_clary("configure", environment=environment).returncode == 0
    after = config.read_text()
    expected = before.replace("region = old\n", "region = us-east-1\n")
    assert set(expected.splitlines()) < set(after.splitlines())
    assert after.startswith(before.partition("[profile clary]")[0])
    parser = ConfigParser()
    parser.read_string(after)
    assert dict(parser["profile clary"]) == {
        "region": "us-east-1",
        "output": "table",
        "endpoint_url": platform_up.url,
    }


def test_configure_leaves_a_broken_file_alone(
    platform_up: RunningPlatform, aws_files: dict[str, str]
) -> None:
    config = Path(aws_files["AWS_CONFIG_FILE"])
    config.parent.mkdir()
    config.write_text("no section here\n")
    environment = clean_environment(CLARY_DATA_DIR=str(platform_up.data_dir), **aws_files)
    refused = run_clary("configure", environment=environment)
    assert refused.returncode == 1
    assert str(config) in refused.stderr
    assert config.read_text() == "no section here\n"
