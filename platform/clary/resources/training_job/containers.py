"""The containers of a job: one a host, each with its own /opt/ml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.kernel import clock
from clary.kernel.work import Work
from clary.resources.training_job.layout import DEFAULT_CHECKPOINTS, Host, HostFolder, hosts_with
from clary.runtimes.instance_types import limits
from clary.runtimes.protocol import ContainerSpec, Mount
from clary.store.log_streams import ensure_stream, find_group, find_stream

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


def container_name(work: Work, host: Host) -> str:
    """Unique on the machine, the same for every worker that takes up this attempt of the job."""
    return f"clary-{work.row.uid}-{work.state.get('attempt', 0)}-{host.name}"


def container_spec(
    work: Work,
    host: Host,
    *,
    spec: Mapping[str, Any],
    hosts: list[Host],
    folder: HostFolder,
    environment: Mapping[str, str],
    log: Path,
) -> ContainerSpec:
    """The container of one host."""
    algorithm = spec["AlgorithmSpecification"]
    entrypoint = algorithm.get("ContainerEntrypoint")
    arguments = tuple(algorithm.get("ContainerArguments") or (() if entrypoint else ("train",)))
    isolated = spec.get("EnableNetworkIsolation", False)
    return ContainerSpec(
        name=container_name(work, host),
        image=algorithm["TrainingImage"],
        command=arguments,
        entrypoint=tuple(entrypoint) if entrypoint else None,
        environment={
            "TRAINING_JOB_NAME": work.row.name,
            "TRAINING_JOB_ARN": work.row.arn,
            "CURRENT_HOST": host.name,
            **({} if isolated else environment),
            **(spec.get("Environment") or {}),
        },
        mounts=_mounts(spec, folder, host, hosts),
        labels={"clary.kind": work.row.kind, "clary.uid": work.row.uid},
        limits=limits(host.instance_type),
        group=f"clary-{work.row.uid}",
        hostname=host.name,
        peers=tuple(each.name for each in hosts),
        network_isolation=isolated,
        log_path=log,
    )


def _stream(work: Work, host: Host, launched_at: int) -> str:
    return f"{work.row.name}/{host.name}-{launched_at // clock.SECOND}"


def _mounts(spec: Mapping[str, Any], folder: HostFolder, host: Host, hosts: list[Host]) -> tuple[Mount, ...]:
    mounts = [Mount(folder.root, "/opt/ml")]
    for channel in spec.get("InputDataConfig") or []:
        if channel["InputMode"] == "FastFile" and host in hosts_with(channel, hosts):
            name = channel["ChannelName"]
            mounts.append(Mount(folder.channel(name), f"/opt/ml/input/data/{name}", read_only=True))
    if config := spec.get("CheckpointConfig"):
        mounts.append(Mount(folder.checkpoints, config.get("LocalPath") or DEFAULT_CHECKPOINTS))
    return tuple(mounts)


def choose_launch_time(work: Work, host: Host) -> int:
    """Now, or so many seconds later that no earlier job of this name had a log stream of that second."""
    row, at = work.row, clock.now()
    with work.platform.database.read() as session:
        group = find_group(session, account=row.account, region=row.region, group=LOG_GROUP)
        while group is not None and find_stream(session, group, _stream(work, host, at)) is not None:
            at += clock.SECOND
    return at


def open_log(work: Work, host: Host, *, launched_at: int) -> Path:
    """The file of the host's log stream, ``<job>/algo-N-<epoch seconds>``; there is exactly one a host."""
    stream = _stream(work, host, launched_at)
    with work.write() as session:
        path = ensure_stream(
            session, account=work.row.account, region=work.row.region, group=LOG_GROUP, stream=stream
        )
    return work.platform.settings.folder / path
