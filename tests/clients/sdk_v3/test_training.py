"""ModelTrainer on the process runtime, and its main flows on Docker."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from support.flow_scripts import FlowScript
from support.jobs import Jobs

CLIENT = "SageMaker SDK v3"
FLOWS = ("describe_session", "train_image", "train_source_code", "train_command", "train_in_vain")
PYTHON_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.us-east-1\.amazonaws\.com/sagemaker-base-python-310:1\.0")
GZIP = b"\x1f\x8b"
pytestmark = pytest.mark.xdist_group("sdk-v3-training")


@pytest.fixture(scope="module")
def training(platform_up: Any, run_script: Any, user_folder: Path) -> FlowScript:
    script: FlowScript = run_script(platform_up, "training", user_folder, *FLOWS)
    return script


@pytest.fixture(scope="module")
def docker_training(docker_platform_up: Any, run_script: Any, user_folder: Path) -> FlowScript:
    script: FlowScript = run_script(docker_platform_up, "training", user_folder, *FLOWS[1:3])
    return script


@pytest.mark.flow(CLIENT, "Session.default_bucket, account_id, upload_data, get_execution_role")
def test_a_session_knows_account_bucket_and_role(training: FlowScript) -> None:
    found, platform = training["describe_session"], training.platform
    assert found["account"] == platform.account
    assert found["bucket"] == f"sagemaker-{platform.region}-{platform.account}"
    assert found["role"].startswith(f"arn:aws:iam::{platform.account}:role/")
    assert found["decision"] == "allowed"
    assert found["uri"] == f"s3://{found['bucket']}/sdk-v3/rows"
    assert Jobs(platform).keys(f"{found['uri']}/") == {"train.csv"}


def check_image(training: FlowScript) -> None:
    found, jobs = training["train_image"], Jobs(training.platform)
    described = jobs.describe(found["job"])
    assert found["status"] == described["TrainingJobStatus"] == "Completed"
    assert found["model"] == described["ModelArtifacts"]["S3ModelArtifacts"]
    assert jobs.get(found["model"]).startswith(GZIP)
    assert re.search(rf"{found['job']}/algo-1-\d+:\s.*\n\s+\[4\]\S+train-rmse:", training.output)


@pytest.mark.flow(CLIENT, "ModelTrainer.train of a built-in algorithm, with its log")
def test_an_image_trains_and_its_log_is_shown(training: FlowScript) -> None:
    check_image(training)


@pytest.mark.docker
@pytest.mark.flow(CLIENT, "ModelTrainer.train of a built-in algorithm, with its log")
def test_an_image_trains_and_its_log_is_shown_on_docker(docker_training: FlowScript) -> None:
    check_image(docker_training)


def check_source_code(training: FlowScript) -> None:
    found, jobs = training["train_source_code"], Jobs(training.platform)
    algorithm = jobs.describe(found["job"])["AlgorithmSpecification"]
    assert PYTHON_IMAGE.fullmatch(algorithm["TrainingImage"])
    assert algorithm["ContainerEntrypoint"] == ["/bin/bash"]
    assert "good morning, epoch 2" in training.output
    assert json.loads(jobs.unpack(found["model"])["seen.json"]) == {
        "name": "two words",
        "colour": "green",
        "channels": ["train", "code", "sm_drivers"],
        "rows": ["train.csv"],
    }


@pytest.mark.flow(CLIENT, "ModelTrainer.train of an entry script with requirements")
def test_an_entry_script_gets_requirements_hyperparameters_and_channels(training: FlowScript) -> None:
    check_source_code(training)


@pytest.mark.docker
@pytest.mark.flow(CLIENT, "ModelTrainer.train of an entry script with requirements")
def test_an_entry_script_gets_the_same_on_docker(docker_training: FlowScript) -> None:
    check_source_code(docker_training)


@pytest.mark.flow(CLIENT, "ModelTrainer.train of a command on two hosts")
def test_a_command_runs_on_every_host(training: FlowScript, user_folder: Path) -> None:
    found, jobs = training["train_command"], Jobs(training.platform)
    script = (user_folder / "source" / "train.py").read_text()
    assert jobs.unpack(found["model"]) == {"algo-1.py": script, "algo-2.py": script}


@pytest.mark.flow(CLIENT, "ModelTrainer.train that fails, with the reason")
def test_a_command_that_fails_says_why(training: FlowScript) -> None:
    found = training["train_in_vain"]
    assert found["status"] == "Failed"
    assert found["error"].endswith("Failure Reason: AlgorithmError: no luck, exit code: 3")
