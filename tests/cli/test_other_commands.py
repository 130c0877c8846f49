"""doctor, images, db and the rest."""

import json
from pathlib import Path

import pytest

from clary import __version__, schema
from support.running import RunningPlatform, clean_environment, run_clary


def test_doctor_looks_at_everything(tmp_path: Path) -> None:
    report = run_clary("doctor", "--json", environment=clean_environment(CLARY_DATA_DIR=str(tmp_path)))
    subjects = " ".join(finding["subject"] for finding in json.loads(report.stdout))
    for subject in ("Python", "Database", "Port", "Disk", "Docker", "bubblewrap", "algorithms"):
        assert subject in subjects


def test_doctor_names_what_does_not_work_and_the_remedy(tmp_path: Path) -> None:
    broken = clean_environment(
        CLARY_DATA_DIR=str(tmp_path), CLARY_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none"
    )
    report = run_clary("doctor", environment=broken)
    assert report.returncode == 1
    assert "failed   Database" in report.stdout
    assert "CLARY_DATABASE_URL" in report.stdout


def test_doctor_knows_its_own_platform_on_the_port(platform_up: RunningPlatform) -> None:
    report = platform_up.clary("doctor")
    assert f"the platform listens at {platform_up.url}" in report.stdout


@pytest.mark.docker
def test_images_list_names_the_built_in_images(tmp_path: Path) -> None:
    listed = run_clary("images", "list", "--json", "--data-dir", str(tmp_path))
    assert "xgboost" in {image["image"] for image in json.loads(listed.stdout)}


@pytest.mark.docker
def test_images_build_names_what_there_is(tmp_path: Path) -> None:
    refused = run_clary("images", "build", "no-such-image", "--data-dir", str(tmp_path))
    assert refused.returncode == 2
    assert "xgboost" in refused.stderr


def test_images_without_an_engine_say_so(tmp_path: Path) -> None:
    environment = clean_environment(DOCKER_HOST=f"unix://{tmp_path / 'none.sock'}")
    refused = run_clary("images", "list", environment=environment)
    assert refused.returncode == 1
    assert "no Docker engine answers" in refused.stderr


def test_the_docker_runtime_without_an_engine_says_so(tmp_path: Path) -> None:
    environment = clean_environment(
        DOCKER_HOST=f"unix://{tmp_path / 'none.sock'}", CLARY_DATA_DIR=str(tmp_path / "platform")
    )
    refused = run_clary("up", "--detach", "--port", "0", "--runtime", "docker", environment=environment)
    assert refused.returncode == 1
    assert "no Docker engine answers" in refused.stderr
    assert "--runtime process" in refused.stderr


def test_db_upgrade_brings_the_schema_to_the_head(tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    upgraded = run_clary("db", "upgrade", "--data-dir", str(folder))
    assert upgraded.returncode == 0
    assert schema.is_current(f"sqlite:///{folder / 'clary.db'}")


def test_version_is_the_packages() -> None:
    assert run_clary("version").stdout.strip() == __version__
