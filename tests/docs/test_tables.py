"""The guides' tables and lists that mirror the code say what the code says."""

import re
import tomllib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from clary.aws import dispatch
from clary.aws.claims import MAX_PRESIGNED_SECONDS
from clary.aws.sigv4 import MAX_SKEW
from clary.gateway import server
from clary.gateway.external_store import SILENCE_SECONDS
from clary.hosting import router
from clary.kernel import clock, leases
from clary.kernel.tags import MAX_TAGS
from clary.neighbours.logs.events import MAX_EVENTS
from clary.objects import cache
from clary.objectstore import call, completion, intake, promises, tags, uploads
from clary.resources.endpoint import observation, retiring, target
from clary.resources.training_job import declaration, follower, metrics, stages
from clary.runtimes.instance_types import find_instance_type
from clary.runtimes.lines import LINE_BYTES
from clary.settings import Settings
from clary.shipped import find_folder
from clary.store.database import BUSY_TIMEOUT_MS
from clary.store.log_files import MAX_MESSAGE_BYTES
from clary_algorithms.contract.configuration import Channel
from clary_algorithms.contract.errors import UserError
from clary_algorithms.contract.hyperparameters import Hyperparameter, Interval
from clary_algorithms.contract.image import Image
from clary_algorithms.serving.errors import UnsupportedMediaType
from clary_algorithms.xgboost import hyperparameters, release
from clary_algorithms.xgboost import metrics as xgboost_metrics
from clary_algorithms.xgboost.channels import validate_channels
from clary_algorithms.xgboost.payload import decode_payload
from support.jobs import Jobs
from support.pages import DOCS, read_table
from support.running import RunningPlatform

TRAINING = DOCS / "training-jobs.md"
ENDPOINTS = DOCS / "endpoints.md"
XGBOOST = DOCS / "algorithms" / "xgboost.md"
MEBIBYTE = 2**20

# Ranges whose own text is no list: what the page says of them.
IN_WORDS = {
    "eval_metric": "list of metrics",
    "_tuning_objective_metric": "`validation:` and a metric",
    "monotone_constraints": "list of -1, 0, 1",
    "interaction_constraints": "lists of integers, [0, +inf)",
}


def code(cell: str) -> list[str]:
    """The texts in code marks."""
    return re.findall(r"`([^`]+)`", cell)


def describe_interval(interval: Interval) -> str:
    lower = "(-inf" if interval.minimum is None else f"{'[('[interval.open_minimum]}{interval.minimum}"
    upper = "+inf)" if interval.maximum is None else f"{interval.maximum}{'])'[interval.open_maximum]}"
    return f"{lower}, {upper}"


def describe(name: str, declared: Hyperparameter) -> str:
    """A hyperparameter's cell: its type and range, or its choices."""
    if name in IN_WORDS:
        return IN_WORDS[name]
    if isinstance(declared.range, Interval):
        kind = "integer" if declared.parse is int else "float"
        return f"{kind}, {describe_interval(declared.range)}{', required' if declared.required else ''}"
    choices = ", ".join(f"`{choice}`" for choice in declared.range)  # type: ignore[attr-defined]
    return choices if declared.parse is str else f"list of {choices}"


def test_hyperparameters_are_the_declared_ones() -> None:
    written = {code(row[0])[0]: row[1] for row in read_table(XGBOOST, "name", "takes", "meaning")}
    assert written == {name: describe(name, one) for name, one in hyperparameters.DECLARED.items()}


def test_other_names_of_hyperparameters_are_the_declared_ones() -> None:
    sentence = re.search(r"^(`learning_rate`.*?)\.$", XGBOOST.read_text(), re.MULTILINE | re.DOTALL)
    assert sentence is not None
    assert code(sentence[1]) == [*hyperparameters.ALIASES, *hyperparameters.ALIASES.values()]


@pytest.mark.parametrize(
    ("head", "names"), [("larger", xgboost_metrics.MAXIMIZED), ("smaller", xgboost_metrics.MINIMIZED)]
)
def test_metrics_are_the_known_ones(head: str, names: tuple[str, ...]) -> None:
    listed = re.search(
        rf"^- {head} is better: (.*?)\n(?:\n|- )", XGBOOST.read_text(), re.MULTILINE | re.DOTALL
    )
    assert listed is not None
    assert code(listed[1]) == list(names)


def test_images_are_those_of_the_catalog() -> None:
    with (find_folder("containers") / "catalog.toml").open("rb") as file:
        repositories = tomllib.load(file)["xgboost"]["repositories"]
    expected = {
        (entry["name"], "any" if tag == "*" else tag) for entry in repositories for tag in entry["tags"]
    }
    rows = read_table(XGBOOST, "repository", "tag", "XGBoost", "model file")
    assert {(row[0].strip("`"), row[1].strip("`")) for row in rows} == expected


@pytest.mark.parametrize("row", read_table(XGBOOST, "repository", "tag", "XGBoost", "model file"), ids=str)
def test_versions_and_model_files_follow_from_the_image(row: list[str]) -> None:
    repository, tag, version, form = (cell.strip("`") for cell in row)
    found = release.Release.of(Image(repository, tag))
    assert f"{found.major}.{found.minor}" == version
    assert {True: "pickle", False: "UBJSON"}[found.pickles_model] == form


@pytest.mark.parametrize("row", read_table(XGBOOST, "ContentType", "format"), ids=str)
def test_content_types_of_channels_are_taken(row: list[str], tmp_path: Any) -> None:
    formats = set()
    for name in code(row[0]):
        formats.add(validate_channels({"train": Channel("train", tmp_path, {"ContentType": name})}))
    if "none" in row[0]:
        formats.add(validate_channels({"train": Channel("train", tmp_path)}))
    assert len(formats) == 1
    assert row[1].lower().startswith(formats.pop().partition("-")[0])


def test_channels_other_than_those_named_are_refused(tmp_path: Any) -> None:
    names = ("train", "validation", "code")
    assert validate_channels({name: Channel(name, tmp_path) for name in names})
    with pytest.raises(UserError, match="Extraneous channel found: test"):
        validate_channels({name: Channel(name, tmp_path) for name in (*names, "test")})


def test_content_types_of_requests_are_all_there_are() -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        decode_payload(b"1", "image/png")
    known = str(refused.value).partition(": ")[2].rstrip(".").split(", ")
    assert ", ".join(f"`{name}`" for name in known) in XGBOOST.read_text()


LIMITS: dict[str, dict[str, str]] = {
    "endpoints.md": {
        "request body": f"{router.BODY_LIMIT // MEBIBYTE} MiB",
        "silence of the container before or within its answer": f"{router.ANSWER_SECONDS:.0f} s",
        "requests under way at one instance, a gateway process": f"{router.INSTANCE_LIMIT}",
        "time for an instance to answer its first ping": f"{target.STARTUP_SECONDS} s",
        "silence of a serving instance until it is replaced": f"{observation.SILENCE // clock.SECOND} s",
    },
    "object-store.md": {
        "key": f"{call.KEY_LIMIT} bytes",
        "body of one PUT, and source of one copy": f"{promises.LARGEST_PUT // 2**30} GiB",
        "part of an upload, but for the last": f"{completion.SMALLEST_PART // MEBIBYTE} MiB at least",
        "part numbers": f"{uploads.PART_NUMBERS.start} to {uploads.PART_NUMBERS.stop - 1}",
        "tags of an object": f"{tags.OBJECT_LIMIT}",
        "tags of a bucket": f"{tags.BUCKET_LIMIT}",
        "life of a presigned URL": f"{MAX_PRESIGNED_SECONDS // 86_400} days",
        "difference of clocks": f"{MAX_SKEW.total_seconds() / 60:.0f} minutes",
    },
    "operations.md": {
        "jobs that run at once (`CLARY_MAX_RUNNING_JOBS`); others wait": f"{Settings().max_running_jobs}",
        "seconds from TERM to KILL for a job that is stopped (`CLARY_STOP_GRACE_SECONDS`)": (
            f"{Settings().stop_grace_seconds} s"
        ),
        "body of an operation, but for S3 and InvokeEndpoint": f"{dispatch.BODY_LIMIT // MEBIBYTE} MiB",
        "operations that wait for a thread of one gateway; more are told to come again": (
            f"{dispatch.MAX_WAITING}"
        ),
        "connections to one gateway": f"{server.MAX_CONNECTIONS}",
        "idle connection until it is closed": f"{server.KEEP_ALIVE_SECONDS} s",
        "open requests at `clary down`": f"{server.DRAIN_SECONDS} s",
        "tags of a resource": f"{MAX_TAGS}",
        "line that a container prints; the rest is cut": f"{LINE_BYTES} bytes",
        "message of PutLogEvents": f"{MAX_MESSAGE_BYTES} bytes",
        "events of one page of a log": f"{MAX_EVENTS}",
        "training data kept in `cache/`": f"{cache.DEFAULT_LIMIT >> 30} GiB",
        "time for a writer's turn at SQLite": f"{BUSY_TIMEOUT_MS // 1000} s",
        "life of the lease of a process that hangs": f"{leases.DURATION // clock.SECOND} s",
        "silence of another S3 server": f"{SILENCE_SECONDS:.0f} s",
    },
}


@pytest.mark.parametrize("page", LIMITS)
def test_limits_are_the_codes(page: str) -> None:
    assert dict(read_table(DOCS / page, "limit", "value")) == LIMITS[page]


SENTENCES = [
    ("endpoints.md", f"| built-in images alone | {retiring.DRAIN_OWN // clock.SECOND} s"),
    ("endpoints.md", f"| any other image | {retiring.DRAIN_OTHERS // clock.SECOND} s"),
    ("endpoints.md", f"SIGKILL follows {retiring.GRACE_SECONDS:.0f} seconds after SIGTERM"),
    ("object-store.md", f"Objects up to {intake.INLINE_LIMIT // 1024} KiB lie in the database"),
    ("training-jobs.md", f"SIGKILL {Settings().stop_grace_seconds} seconds later"),
    ("training-jobs.md", f"get SIGTERM and {stages.PEER_GRACE_SECONDS} seconds"),
    ("training-jobs.md", f"uploaded every {follower.CHECKPOINT_SECONDS:.0f} seconds"),
    ("training-jobs.md", f"at most {metrics.FINAL_METRICS_MAX} by name"),
]


@pytest.mark.parametrize(("page", "sentence"), SENTENCES)
def test_sentences_have_the_codes_numbers(page: str, sentence: str) -> None:
    assert sentence in " ".join((DOCS / page).read_text().split("\n"))


def test_statuses_of_a_job_are_the_kinds() -> None:
    rows = read_table(TRAINING, "status", "secondary status", "what happens")
    statuses = {"Stopped", *(row[0] for row in rows)}
    assert statuses == {declaration.STATES.initial, "Stopping", *declaration.STATES.terminal}


@pytest.mark.parametrize(
    "row", read_table(DOCS / "runtimes.md", "type", "vCPUs", "memory in GiB", "GPUs"), ids=str
)
def test_instance_types_are_the_tables(row: list[str]) -> None:
    found = find_instance_type(row[0])
    assert found is not None
    assert [f"{found.vcpus}", f"{found.memory:g}", f"{found.gpus}"] == row[1:]


def test_the_default_roles_are_those_of_a_new_account(platform_up: RunningPlatform) -> None:
    roles = platform_up.client("iam").list_roles()["Roles"]
    found = {f"`{role['RoleName']}`": role["Description"] for role in roles if "Clary" in role["RoleName"]}
    assert dict(read_table(DOCS / "neighbours.md", "role", "for")) == found


S3_CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}},
}
FILE_SYSTEM = {
    "DirectoryPath": "/data",
    "FileSystemId": "fs-0123456789abcdef0",
    "FileSystemAccessMode": "ro",
    "FileSystemType": "EFS",
}
REFUSED_JOBS: dict[str, dict[str, Any]] = {
    "Pipe": {"InputDataConfig": [S3_CHANNEL | {"InputMode": "Pipe"}]},
    "FileSystemDataSource": {
        "InputDataConfig": [S3_CHANNEL | {"DataSource": {"FileSystemDataSource": FILE_SYSTEM}}]
    },
    "AlgorithmName": {"AlgorithmSpecification": {"AlgorithmName": "mine", "TrainingInputMode": "File"}},
    "SessionChainingConfig": {"SessionChainingConfig": {"EnableSessionTagChaining": True}},
}


@pytest.fixture(scope="module")
def user(platform_up: RunningPlatform) -> Jobs:
    """A user of the shared platform."""
    return Jobs(platform_up)


@pytest.mark.parametrize("member", REFUSED_JOBS)
def test_what_a_job_cannot_ask_for_yet_is_refused(user: Jobs, member: str) -> None:
    with pytest.raises(ClientError, match="UnsupportedOperation"):
        user.sagemaker.create_training_job(**user.request() | REFUSED_JOBS[member])
    assert member in TRAINING.read_text().partition("## Not supported yet")[2]


VARIANT = {
    "VariantName": "v",
    "ModelName": "none",
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
}
REFUSED_CONFIGS: dict[str, dict[str, Any]] = {
    "AsyncInferenceConfig": {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/k"}}},
    "ExplainerConfig": {
        "ExplainerConfig": {
            "ClarifyExplainerConfig": {"ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "1"}}}
        }
    },
    "DataCaptureConfig": {
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        }
    },
    "ManagedInstanceScaling": {
        "ProductionVariants": [VARIANT | {"ManagedInstanceScaling": {"Status": "ENABLED"}}]
    },
    "ShadowProductionVariants": {"ShadowProductionVariants": [VARIANT | {"VariantName": "w"}]},
    "ServerlessConfig": {
        "ProductionVariants": [
            {
                "VariantName": "v",
                "ModelName": "none",
                "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
            }
        ]
    },
}


@pytest.mark.parametrize("member", REFUSED_CONFIGS)
def test_what_a_configuration_cannot_ask_for_yet_is_refused(user: Jobs, member: str) -> None:
    request = {"EndpointConfigName": "refused", "ProductionVariants": [VARIANT]}
    with pytest.raises(ClientError, match="UnsupportedOperation"):
        user.sagemaker.create_endpoint_config(**request | REFUSED_CONFIGS[member])
    assert member in ENDPOINTS.read_text().partition("## Not supported yet")[2]
