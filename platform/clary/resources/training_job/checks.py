"""What CreateTrainingJob refuses at once, in AWS's words; everything else fails in the job."""

import re
from collections.abc import Iterable
from typing import Any

from clary.aws.operations import Context, Request
from clary.kernel.errors import UnsupportedOperation, ValidationError
from clary.objects.client import s3_client
from clary.objects.faults import request_faults
from clary.objects.listing import any_object, no_objects_message
from clary.objects.uri import S3Uri
from clary.resources.builtin_images import is_builtin
from clary.resources.execution_role import check_role
from clary.resources.training_job.layout import DEFAULT_CHECKPOINTS

_CHECKPOINT_PATH = re.compile(r"(/[^/:\x00]+)+/?")
_RESERVED = {
    "/opt",
    "/opt/ml",
    *(
        f"/opt/ml/{name}"
        for name in ("input", "input/config", "input/data", "model", "output", "output/data")
    ),
    *(
        f"/{name}"
        for name in ("bin", "dev", "etc", "lib", "lib64", "proc", "root", "sbin", "sys", "tmp", "usr")
    ),
}
_LATER = ("ServerlessJobConfig", "SessionChainingConfig", "ModelPackageConfig")


def check_training_job(context: Context, request: Request) -> None:
    """Raise the first error that AWS would answer the request with."""
    for member in _LATER:
        if request.get(member):
            raise UnsupportedOperation(f"CreateTrainingJob with {member} is not supported yet.")
    _check_algorithm(request)
    _check_resources(request)
    _check_stopping(request)
    S3Uri.parse(request["OutputDataConfig"]["S3OutputPath"])
    _check_checkpoints(request.get("CheckpointConfig"))
    check_role(context, request["RoleArn"])
    channels = request.get("InputDataConfig") or []
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) != len(names):
        raise ValidationError(f"Duplicate channel name found: {_first_repeated(names)}")
    for channel in channels:
        _check_channel(context, request, channel)


def _check_algorithm(request: Request) -> None:
    algorithm = request.get("AlgorithmSpecification") or {}
    image, name = algorithm.get("TrainingImage"), algorithm.get("AlgorithmName")
    if name:
        raise UnsupportedOperation(
            "CreateTrainingJob by AlgorithmName is not supported yet; give TrainingImage."
        )
    if not image:
        raise ValidationError(
            "Either TrainingImage or AlgorithmName must be specified in AlgorithmSpecification."
        )
    definitions = algorithm.get("MetricDefinitions") or []
    if definitions and is_builtin(image):
        raise ValidationError(
            "You can't override the metric definitions for Amazon SageMaker algorithms. "
            "Please retry the request without specifying metric definitions."
        )
    for definition in definitions:
        _check_regex(definition)


def _check_regex(definition: dict[str, str]) -> None:
    try:
        groups = re.compile(definition["Regex"]).groups
    except re.error as error:
        raise ValidationError(f"Invalid regex for metric {definition['Name']}: {error}") from error
    if groups < 1:
        raise ValidationError(f"The regex for metric {definition['Name']} must have a capturing group.")


def _check_resources(request: Request) -> None:
    resources = request.get("ResourceConfig")
    if not resources:
        raise ValidationError("ResourceConfig is required.")
    if resources.get("InstanceGroups"):
        if resources.get("InstanceType") or resources.get("InstanceCount"):
            raise ValidationError(
                "InstanceGroups can't be specified together with InstanceType or InstanceCount."
            )
        return
    for member in ("InstanceType", "InstanceCount"):
        if not resources.get(member):
            raise ValidationError(f"ResourceConfig must have {member} where InstanceGroups is not specified.")


def _check_stopping(request: Request) -> None:
    stopping = request.get("StoppingCondition") or {}
    wait, runtime = stopping.get("MaxWaitTimeInSeconds"), stopping.get("MaxRuntimeInSeconds", 86_400)
    spot = request.get("EnableManagedSpotTraining", False)
    if spot and (wait is None or wait < runtime):
        raise ValidationError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )
    if wait is not None and not spot:
        raise ValidationError("MaxWaitTimeInSeconds above 0 is only supported for managed spot training.")


def _check_checkpoints(config: dict[str, str] | None) -> None:
    if config is None:
        return
    S3Uri.parse(config["S3Uri"])
    path = config.get("LocalPath") or DEFAULT_CHECKPOINTS
    if not _CHECKPOINT_PATH.fullmatch(path) or path.rstrip("/") in _RESERVED or "/../" in f"{path}/":
        raise ValidationError(
            f"Invalid LocalPath in CheckpointConfig: {path}. It must be an absolute path that SageMaker "
            "does not reserve."
        )


def _check_groups(request: Request, channel: dict[str, Any]) -> None:
    names = {group["InstanceGroupName"] for group in request["ResourceConfig"].get("InstanceGroups") or []}
    for name in channel["DataSource"]["S3DataSource"].get("InstanceGroupNames") or []:
        if name not in names:
            raise ValidationError(
                f"Channel {channel['ChannelName']}: instance group {name} is not in ResourceConfig."
            )


def _check_channel(context: Context, request: Request, channel: dict[str, Any]) -> None:
    name, source = channel["ChannelName"], channel["DataSource"].get("S3DataSource")
    if source is None:
        raise UnsupportedOperation(f"Channel {name}: only S3DataSource is supported.")
    if "Pipe" in {channel.get("InputMode"), request["AlgorithmSpecification"]["TrainingInputMode"]}:
        raise UnsupportedOperation(
            f"Channel {name}: input mode Pipe is not supported yet; use File or FastFile."
        )
    if source["S3DataType"] == "AugmentedManifestFile" and not source.get("AttributeNames"):
        raise ValidationError(f"Channel {name}: AttributeNames is required for an AugmentedManifestFile.")
    _check_groups(request, channel)
    uri = S3Uri.parse(source["S3Uri"])
    with request_faults(uri):
        found = any_object(s3_client(context.platform, context.account), uri)
    if not found:
        raise ValidationError(no_objects_message(uri, region=context.region, role=request["RoleArn"]))


def _first_repeated(names: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
