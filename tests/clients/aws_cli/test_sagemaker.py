"""``aws sagemaker`` beside the main flow: requests from files, pages, tags, stops, waiters and errors."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from support.aws_cli import AwsCli, with_run
from support.endpoints import XGBOOST
from support.jobs import Jobs

V1 = "AWS CLI v1"


@pytest.fixture(scope="module")
def jobs(aws: AwsCli) -> Jobs:
    """Jobs of the same platform, to look at with the CLI."""
    return Jobs(aws.platform)


def new_name() -> str:
    """A name that nothing has."""
    return f"cli-{uuid.uuid4().hex[:12]}"


def create_models(aws: AwsCli, count: int) -> str:
    """Models whose names begin alike; that beginning."""
    name = new_name()
    for number in range(count):
        aws.sagemaker.create_model(
            ModelName=f"{name}-{number}",
            ExecutionRoleArn=aws.role,
            PrimaryContainer={"Image": XGBOOST},
        )
    return name


@pytest.mark.flow(V1, "--generate-cli-skeleton, --cli-input-json")
def test_a_request_is_filled_in_from_its_skeleton(aws: AwsCli, tmp_path: Path) -> None:
    skeleton = json.loads(aws.text("sagemaker", "create-model", "--generate-cli-skeleton"))
    assert {"ModelName", "PrimaryContainer", "Containers", "Tags"} <= set(skeleton)
    name = new_name()
    file = tmp_path / "model.json"
    file.write_text(
        json.dumps(
            {
                "ModelName": name,
                "PrimaryContainer": {"Image": XGBOOST, "Environment": {"LEVEL": "1"}},
                "ExecutionRoleArn": aws.role,
                "Tags": [{"Key": "team", "Value": "blue"}],
            }
        )
    )
    arn = aws.json("sagemaker", "create-model", "--cli-input-json", f"file://{file}")["ModelArn"]
    described = aws.json("sagemaker", "describe-model", "--model-name", name)
    assert (described["ModelArn"], described["PrimaryContainer"]["Environment"]) == (arn, {"LEVEL": "1"})
    assert aws.json("sagemaker", "list-tags", "--resource-arn", arn)["Tags"] == [
        {"Key": "team", "Value": "blue"}
    ]


@pytest.mark.flow(V1, "add-tags, list-tags, delete-tags")
def test_tags_come_and_go(aws: AwsCli) -> None:
    arn = aws.sagemaker.describe_model(ModelName=f"{create_models(aws, 1)}-0")["ModelArn"]
    of = ("--resource-arn", arn)
    aws.text("sagemaker", "add-tags", *of, "--tags", "Key=a,Value=1", "Key=b,Value=2")
    aws.text("sagemaker", "delete-tags", *of, "--tag-keys", "a")
    assert aws.json("sagemaker", "list-tags", *of)["Tags"] == [{"Key": "b", "Value": "2"}]


@pytest.mark.flow(V1, "--max-items, --page-size, --starting-token, --query, --no-paginate")
def test_lists_page_by_page(aws: AwsCli) -> None:
    name = create_models(aws, 5)
    expected = [f"{name}-{number}" for number in range(5)]
    listing = (
        "sagemaker",
        "list-models",
        "--name-contains",
        name,
        "--sort-by",
        "Name",
        "--sort-order",
        "Ascending",
    )
    first = aws.json(*listing, "--max-items", "3", "--page-size", "2")
    assert [model["ModelName"] for model in first["Models"]] == expected[:3]
    names = ("--query", "Models[].ModelName", "--output", "text")
    rest = aws.text(*listing, "--page-size", "2", "--starting-token", first["NextToken"], *names)
    assert rest.split() == expected[3:]
    assert aws.text(*listing, "--page-size", "2", *names).split() == expected
    page = aws.json(*listing, "--max-results", "2", "--no-paginate")
    assert [model["ModelName"] for model in page["Models"]] == expected[:2]
    following = aws.json(*listing, "--max-results", "2", "--no-paginate", "--next-token", page["NextToken"])
    assert [model["ModelName"] for model in following["Models"]] == expected[2:4]


@pytest.mark.flow(V1, "stop-training-job, wait for a stopped and for a failed job")
def test_waiting_ends_well_for_a_stopped_job_and_ill_for_a_failed_one(aws: AwsCli, jobs: Jobs) -> None:
    stopped, failed = jobs.create("sleep 600"), jobs.create("echo out of luck; exit 1")
    aws.text("sagemaker", "stop-training-job", "--training-job-name", stopped)
    jobs.finish(stopped, status="Stopped")
    jobs.finish(failed, status="Failed")
    wait = ("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name")
    assert aws.run(*wait, stopped).code == 0
    ill = aws.run(*wait, failed)
    assert ill.code == 255
    assert "Waiter TrainingJobCompletedOrStopped failed: Waiter encountered a terminal failure" in ill.error
    reason = aws.text(
        *("sagemaker", "describe-training-job", "--training-job-name", failed),
        *("--query", "[TrainingJobStatus, FailureReason]", "--output", "text"),
    )
    assert reason.startswith("Failed\tAlgorithmError: ")


@pytest.mark.flow(V1, "wait for an endpoint that is not there")
def test_waiting_for_an_endpoint_that_is_not_there(aws: AwsCli) -> None:
    endpoint = ("--endpoint-name", new_name())
    missing = aws.run("sagemaker", "wait", "endpoint-in-service", *endpoint)
    assert missing.code == 255
    assert "Waiter EndpointInService failed" in missing.error
    aws.text("sagemaker", "wait", "endpoint-deleted", *endpoint)


WRONG: dict[str, tuple[tuple[str, ...], int, str]] = {
    "missing": (
        ("describe-model", "--model-name", "none"),
        255,
        '(ValidationException) when calling the DescribeModel operation: Could not find model "arn:',
    ),
    "invalid": (
        ("describe-training-job", "--training-job-name", "a b"),
        255,
        "(ValidationException) when calling the DescribeTrainingJob operation: 1 validation error detected:",
    ),
    "unsupported": (
        ("list-domains",),
        255,
        "(UnsupportedOperation) when calling the ListDomains operation: ",
    ),
    "incomplete": (("describe-model",), 2, "the following arguments are required: --model-name"),
    "unknown option": (("list-models", "--nothing", "x"), 255, "Unknown options: --nothing"),
}


@pytest.mark.flow(V1, "errors: exit codes and texts")
@pytest.mark.parametrize("case", WRONG)
def test_errors_end_with_a_code_and_a_text(aws: AwsCli, case: str) -> None:
    arguments, code, text = WRONG[case]
    done = aws.run("sagemaker", *arguments)
    assert (done.code, done.output) == (code, b"")
    assert text in done.error


@pytest.mark.flow(V1, "errors: exit codes and texts")
def test_clary_run_passes_an_error_through(aws: AwsCli) -> None:
    done = with_run(aws.platform).run("sagemaker", "describe-endpoint", "--endpoint-name", "none")
    assert done.code == 255
    assert 'operation: Could not find endpoint "arn:' in done.error


@pytest.mark.flow(V1, "a duplicate is refused")
def test_a_second_job_of_a_name_is_refused(aws: AwsCli, jobs: Jobs, tmp_path: Path) -> None:
    request: dict[str, Any] = jobs.request("true")
    file = tmp_path / "job.json"
    file.write_text(json.dumps(request))
    create = ("sagemaker", "create-training-job", "--cli-input-json", f"file://{file}")
    aws.text(*create)
    refused = aws.run(*create)
    assert (refused.code, "(ResourceInUse)" in refused.error) == (255, True)
    jobs.finish(request["TrainingJobName"])
