"""A reset leaves nothing of an account but its keys, whatever goes on, and touches nobody else's."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.accounts import Accounts, accounts_of, create_token
from support.flow import Flow
from support.jobs import Jobs
from support.refusing import refusal
from support.running import RunningPlatform, process_ids, running_platform
from support.waiting import wait_for

TRUST = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}'
POLICY = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
HANG = "echo started; sleep 1000"


@pytest.fixture
def accounts(tmp_path: Path, database_url: str) -> Iterator[Accounts]:
    """The administrator of a platform on each database."""
    variables = {"CLARY_DATABASE_URL": database_url}
    with running_platform(tmp_path / "data", "--runtime", "process", **variables) as platform:
        yield Accounts(platform, **variables)


def test_everything_of_an_account_goes_and_nothing_of_others(accounts: Accounts) -> None:
    user, other = accounts.create(), accounts.create()
    flow, bystander = Flow(user), Flow(other)
    kept = bystander.finish(bystander.create("echo kept > model/m"))
    running = bystander.create(HANG)
    bystander.says(running, "started")
    fill(flow)

    done = accounts.reset(user)

    assert done["account"] == user.account
    assert done["settled"]
    assert done["removed"]["resources"] == 7
    assert census(user) == NOTHING
    containers = user.data_dir / "run" / "containers"
    assert [path.name for path in (user.data_dir / "jobs").iterdir()] != []
    assert len(list(containers.iterdir())) == 1
    assert not list((user.data_dir / "endpoints").iterdir())
    assert not [path for path in (user.data_dir / "logs" / user.account).rglob("*") if path.is_file()]
    assert bystander.describe(running)["TrainingJobStatus"] == "InProgress"
    assert bystander.model(kept) == {"m": "kept\n"}
    assert bystander.lines(running) == ["started"]
    accounts.reset(other)
    assert census(other) == NOTHING
    wait_for(lambda: not flow.leftovers(), what="the end of all containers")


def test_names_are_free_and_keys_are_good_after_it(accounts: Accounts) -> None:
    user = accounts.create()
    jobs = Jobs(user)
    request = jobs.request(HANG)
    jobs.sagemaker.create_training_job(**request)
    jobs.says(request["TrainingJobName"], "started")
    accounts.reset(user)
    jobs.s3.create_bucket(Bucket=jobs.bucket)
    request["AlgorithmSpecification"]["ContainerArguments"] = ["echo new > $CLARY_ML_ROOT/model/m"]
    jobs.sagemaker.create_training_job(**request)
    described = jobs.finish(request["TrainingJobName"])
    assert jobs.model(described) == {"m": "new\n"}
    assert jobs.lines(request["TrainingJobName"]) == []
    accounts.reset(user)


def test_jobs_that_are_at_any_step_do_not_come_back(accounts: Accounts) -> None:
    user = accounts.create()
    for number in range(8):
        jobs = Jobs(user)
        names = [jobs.create("echo started > model/m; sleep 0.1") for _ in range(4)]
        # Each round a little later in their lives.
        statuses = ["Starting", "Downloading", "Training", "Completed"]
        jobs.reach(names[number % 4], statuses[number // 2])
        accounts.reset(user)
        assert census(user) == NOTHING
        assert jobs.leftovers() == []


@pytest.mark.docker
def test_containers_of_docker_are_removed(docker_platform_up: RunningPlatform) -> None:
    accounts = accounts_of(docker_platform_up)
    user = accounts.create()
    jobs = Jobs(user, patience=240)
    name = jobs.create(HANG, hosts=2)
    jobs.says(name, "started")
    accounts.reset(user)
    assert census(user) == NOTHING
    assert not list((user.data_dir / "jobs").glob("*"))


def test_the_records_go_at_once_where_the_controller_is_away(tmp_path: Path) -> None:
    with running_platform(tmp_path / "data", "--runtime", "process") as platform:
        jobs = Jobs(platform)
        name = jobs.create(HANG)
        jobs.says(name, "started")
        controller = process_ids(platform.data_dir)["controller"]
        os.kill(controller, signal.SIGSTOP)
        try:
            ended = platform.clary("reset", "--yes")
            assert census(platform) == NOTHING
            assert jobs.leftovers() != []
        finally:
            os.kill(controller, signal.SIGCONT)
        assert ended.returncode == 1
        assert "The controller does not answer" in ended.stderr
        wait_for(lambda: not jobs.leftovers(), what="the end of what ran")


def test_the_command_asks_first(platform_up: RunningPlatform) -> None:
    accounts = accounts_of(platform_up)
    user = accounts.create()
    user.client("s3").create_bucket(Bucket=f"kept-{user.account}")
    ended = platform_up.clary("reset", "--account", user.account)
    assert ended.returncode == 1
    assert f"Wipe everything that account {user.account} has" in ended.stderr
    assert census(user) == NOTHING | {"buckets": [f"kept-{user.account}"]}
    wiped = platform_up.clary("reset", "--account", user.account, "--yes")
    assert wiped.returncode == 0, wiped.stderr
    assert f"Wiped account {user.account}: " in wiped.stdout
    assert "buckets 1" in wiped.stdout
    assert census(user) == NOTHING


def test_an_account_that_is_not_there_is_named(platform_up: RunningPlatform) -> None:
    ended = platform_up.clary("reset", "--account", "999999999999", "--yes")
    assert ended.returncode == 1
    assert "There is no account 999999999999." in ended.stderr
    assert accounts_of(platform_up).post("reset", account="999999999999").status_code == 404


def test_only_the_first_account_reaches_others(platform_up: RunningPlatform) -> None:
    accounts = accounts_of(platform_up)
    user, other = accounts.create(), accounts.create()
    token = create_token(platform_up, "--account", user.account)
    assert accounts.post("reset", token=token, account=other.account).status_code == 403
    assert accounts.post("accounts", token=token).status_code == 403
    assert accounts.post("reset", token="nobody", account=other.account).status_code == 401
    assert accounts.post("reset", token=token).json()["account"] == user.account


def test_an_account_is_made_once(platform_up: RunningPlatform) -> None:
    accounts = accounts_of(platform_up)
    user = accounts.create()
    assert user.client("sts").get_caller_identity()["Account"] == user.account
    assert accounts.post("accounts", account=user.account).status_code == 409
    assert accounts.post("accounts", account="12").status_code in {400, 422}


def fill(flow: Flow) -> None:
    """Something of everything."""
    endpoint = flow.host(flow.train())
    running = flow.create(HANG)
    flow.says(running, "started")
    flow.sagemaker.create_code_repository(
        CodeRepositoryName="code",
        GitConfig={"RepositoryUrl": "https://git.example/code"},
        Tags=[{"Key": "team", "Value": "red"}],
    )
    failed = flow.finish(flow.create("exit 3"), status="Failed")
    assert failed["FailureReason"]
    flow.logs.create_log_group(logGroupName="mine", tags={"team": "red"})
    iam = flow.platform.client("iam")
    iam.create_role(RoleName="mine", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="mine", PolicyName="all", PolicyDocument=POLICY)
    arn = iam.create_policy(PolicyName="mine", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="mine", PolicyArn=arn)
    flow.s3.put_object(Bucket=flow.bucket, Key="small", Body=b"small")
    flow.s3.put_object(Bucket=flow.bucket, Key="large", Body=bytes(1 << 20))
    for key, is_completed in (("whole", True), ("begun", False)):
        upload = {"Bucket": flow.bucket, "Key": key}
        upload["UploadId"] = flow.s3.create_multipart_upload(**upload)["UploadId"]
        part = flow.s3.upload_part(**upload, PartNumber=1, Body=bytes(1 << 20))
        if is_completed:
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            flow.s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    runtime = flow.platform.client("sagemaker-runtime")
    assert refusal(runtime.invoke_endpoint, EndpointName="none", Body=b"").code == "ValidationError"
    flow.check(endpoint)


NOTHING: dict[str, list[str]] = {
    "jobs": [],
    "models": [],
    "configurations": [],
    "endpoints": [],
    "repositories": [],
    "groups": [],
    "roles": ["ClaryAdministrator", "ClaryExecutionRole"],
    "policies": [],
    "buckets": [],
}


def census(platform: RunningPlatform) -> dict[str, list[str]]:
    """What an account has, by name."""
    sagemaker = platform.client("sagemaker")

    def names(items: list[dict[str, Any]], member: str) -> list[str]:
        return sorted(item[member] for item in items)

    repositories = sagemaker.list_code_repositories()["CodeRepositorySummaryList"]
    configurations = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    iam = platform.client("iam")
    return {
        "jobs": names(sagemaker.list_training_jobs()["TrainingJobSummaries"], "TrainingJobName"),
        "models": names(sagemaker.list_models()["Models"], "ModelName"),
        "configurations": names(configurations, "EndpointConfigName"),
        "endpoints": names(sagemaker.list_endpoints()["Endpoints"], "EndpointName"),
        "repositories": names(repositories, "CodeRepositoryName"),
        "groups": names(platform.client("logs").describe_log_groups()["logGroups"], "logGroupName"),
        "roles": names(iam.list_roles()["Roles"], "RoleName"),
        "policies": names(iam.list_policies(Scope="Local")["Policies"], "PolicyName"),
        "buckets": names(platform.client("s3").list_buckets()["Buckets"], "Name"),
    }
