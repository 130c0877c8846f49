"""A job's folders on this machine, and the files of /opt/ml/input/config that every container reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_CHECKPOINTS = "/opt/ml/checkpoints"


@dataclass(frozen=True, slots=True)
class Host:
    """One host of a job: ``algo-N``, its instance group and type, and its place among all."""

    name: str
    index: int
    group: str
    instance_type: str


@dataclass(frozen=True, slots=True)
class HostFolder:
    """The folder of one host: ``ml``, what it sees as /opt/ml, and its checkpoints.

    Checkpoints are read while the container runs, so they lie outside ``ml``, where it could put a link in
    the folder's place at any moment.
    """

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "ml"

    @property
    def config(self) -> Path:
        return self.root / "input" / "config"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def output_data(self) -> Path:
        return self.root / "output" / "data"

    @property
    def failure(self) -> Path:
        return self.root / "output" / "failure"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    def channel(self, name: str) -> Path:
        return self.root / "input" / "data" / name

    def make(self) -> None:
        """Create the folders that a container may count on."""
        for folder in (
            self.config,
            self.root / "input" / "data",
            self.model,
            self.output_data,
        ):
            folder.mkdir(parents=True, exist_ok=True)

    def restore(self) -> None:
        """After the container's end: put real folders where it left links, which could lead anywhere."""
        for folder in (self.root / "output", self.output_data, self.model):
            if folder.is_symlink() or not folder.is_dir():
                folder.unlink(missing_ok=True)
                folder.mkdir()


def hosts_of(spec: Mapping[str, Any]) -> list[Host]:
    """The hosts that ResourceConfig asks for, numbered through all instance groups."""
    resources = spec["ResourceConfig"]
    groups = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": "homogeneousCluster",
            "InstanceType": resources["InstanceType"],
            "InstanceCount": resources["InstanceCount"],
        }
    ]
    kinds = [
        (group["InstanceGroupName"], group["InstanceType"])
        for group in groups
        for _ in range(group["InstanceCount"])
    ]
    return [Host(f"algo-{index + 1}", index, group, kind) for index, (group, kind) in enumerate(kinds)]


def hosts_with(channel: Mapping[str, Any], hosts: Sequence[Host]) -> list[Host]:
    """The hosts that get a channel: all, or those of the instance groups that it names."""
    groups = channel["DataSource"]["S3DataSource"].get("InstanceGroupNames")
    return [host for host in hosts if not groups or host.group in groups]


def write_config(
    folder: HostFolder, spec: Mapping[str, Any], host: Host, hosts: list[Host], *, interface: str
) -> None:
    """Write hyperparameters.json, inputdataconfig.json and resourceconfig.json of one host."""
    documents = {
        "hyperparameters": spec.get("HyperParameters") or {},
        "inputdataconfig": {
            channel["ChannelName"]: _channel_config(channel)
            for channel in spec.get("InputDataConfig") or []
            if host in hosts_with(channel, hosts)
        },
        "resourceconfig": _resource_config(host, hosts, interface),
    }
    if config := spec.get("CheckpointConfig"):
        documents["checkpointconfig"] = {"LocalPath": config.get("LocalPath") or DEFAULT_CHECKPOINTS}
    for name, document in documents.items():
        (folder.config / f"{name}.json").write_text(json.dumps(document))


def _channel_config(channel: Mapping[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    config = {
        # The container sees plain files in both modes; FastFile is reported as File too.
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return config | ({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {})


def _resource_config(host: Host, hosts: list[Host], interface: str) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {}
    for each in hosts:
        group = groups.setdefault(
            each.group,
            {"instance_group_name": each.group, "instance_type": each.instance_type, "hosts": []},
        )
        group["hosts"].append(each.name)
    return {
        "current_host": host.name,
        "current_instance_type": host.instance_type,
        "current_group_name": host.group,
        "hosts": sorted(each.name for each in hosts),
        "instance_groups": list(groups.values()),
        "network_interface_name": interface,
    }
