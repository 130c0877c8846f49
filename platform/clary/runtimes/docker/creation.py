"""Turns a container's specification into the engine's options, hardened."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount

from clary.kernel.errors import PlatformFault
from clary.runtimes.catalog import CatalogImage
from clary.runtimes.docker.engine import Engine
from clary.runtimes.docker.networks import Attachment
from clary.runtimes.protocol import ContainerSpec, Limits

GATEWAY_HOST = "host.docker.internal"
# What images that expect to be root need at most: own and read any file inside, drop to another user, signal
# its own processes, listen on a low port.
_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SHARED_MEMORY = 2**30


@dataclass(frozen=True, slots=True)
class Creation:
    """What a container is made from; ``catalog`` where that is an algorithm of Clary's own."""

    spec: ContainerSpec
    image: str
    catalog: CatalogImage | None
    attachment: Attachment
    data_id: str

    def options(self, engine: Engine) -> dict[str, Any]:
        """Arguments for ``client.containers.create``."""
        spec = self.spec
        return {
            "image": self.image,
            "command": list(spec.command) or None,
            "entrypoint": list(spec.entrypoint) if spec.entrypoint is not None else None,
            "name": spec.name,
            "hostname": spec.hostname,
            "environment": self._environment(),
            "labels": self._labels(),
            "mounts": [
                self._mount(mount.target, str(mount.source), mount.read_only) for mount in spec.mounts
            ],
            "user": self._user(engine),
            "init": True,
            "cap_drop": ["ALL"],
            "cap_add": [] if self.catalog else list(_CAPABILITIES),
            "security_opt": ["no-new-privileges:true"],
            # No rotation, whatever the engine's default: lines are counted from the first (see LogFollower).
            "log_config": LogConfig(type="json-file", config={"max-size": "1024g", "max-file": "1"}),
            **limit_options(spec.limits, engine),
            **self._network_options(engine),
        }

    def _environment(self) -> dict[str, str]:
        spec = self.spec
        environment: dict[str, str] = {}
        if self.catalog is not None:
            threads = str(max(1, int(spec.limits.cpus))) if spec.limits.cpus else None
            environment |= self.catalog.environment | {"HOME": "/tmp", "USER": "clary", "LOGNAME": "clary"}  # noqa: S108
            environment |= dict.fromkeys(_THREAD_VARIABLES, threads) if threads else {}
        environment |= spec.environment
        if spec.port is not None:
            environment["SAGEMAKER_BIND_TO_PORT"] = str(spec.port)
        return environment

    def _labels(self) -> dict[str, str]:
        own = dict(self.spec.labels)
        labels = {**own, "clary.labels": json.dumps(own), "clary.data-dir": self.data_id}
        if self.spec.port is not None:
            labels["clary.port"] = str(self.spec.port)
        if (path := self.spec.log_path) is not None:
            labels["clary.log-path"] = str(path)
            labels["clary.log-offset"] = str(path.stat().st_size if path.exists() else 0)
        return labels

    @staticmethod
    def _mount(target: str, source: str, read_only: bool) -> Mount:
        return Mount(target=target, source=source, type="bind", read_only=read_only)

    def _user(self, engine: Engine) -> str | None:
        """Clary's own images run as the platform's user, who owns what they write; others as they ask."""
        if self.catalog is None:
            return None
        return "0:0" if engine.is_rootless else f"{os.geteuid()}:{os.getegid()}"

    def _network_options(self, engine: Engine) -> dict[str, Any]:
        name, isolated = self.attachment.network, self.spec.network_isolation
        if name == "none":
            return {"network_mode": "none"}
        options: dict[str, Any] = {"network": name}
        if self.attachment.aliases:
            endpoint = engine.client.api.create_endpoint_config(aliases=list(self.attachment.aliases))
            options["networking_config"] = {name: endpoint}
        if not isolated:
            options["extra_hosts"] = {GATEWAY_HOST: "host-gateway"}
        if self.spec.port is not None and not engine.is_direct:
            if isolated:
                raise PlatformFault(
                    "a server with EnableNetworkIsolation needs a Docker engine on this very machine: "
                    "a virtual machine's engine can't publish the port of an isolated network"
                )
            options["ports"] = {f"{self.spec.port}/tcp": ("127.0.0.1", None)}
        return options


def limit_options(limits: Limits, engine: Engine) -> dict[str, Any]:
    """Processors, memory (swap counts in), processes and GPUs."""
    options: dict[str, Any] = {"pids_limit": limits.pids, "shm_size": _SHARED_MEMORY}
    if limits.cpus is not None:
        options["nano_cpus"] = int(min(limits.cpus, engine.cpus) * 1e9)
    if limits.memory is not None:
        options |= {"mem_limit": limits.memory, "memswap_limit": limits.memory}
        options["shm_size"] = min(_SHARED_MEMORY, limits.memory // 2)
    if limits.gpus and engine.has_gpus:
        options["device_requests"] = [DeviceRequest(count=limits.gpus, capabilities=[["gpu"]])]
    return options


def to_labels(labels: Mapping[str, str]) -> list[str]:
    """Labels as the engine's list filter takes them."""
    return [f"{name}={value}" for name, value in labels.items()]
