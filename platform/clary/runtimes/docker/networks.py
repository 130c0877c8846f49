"""The networks that containers join: a container sees the other hosts of its job, and nobody else's."""

import threading
from dataclasses import dataclass

from docker.errors import APIError
from docker.models.containers import Container
from docker.models.networks import Network

from clary.kernel.errors import PlatformFault
from clary.runtimes.docker.engine import Engine, readable_errors
from clary.runtimes.protocol import ContainerSpec

_CONFLICT = 409
_NO_TALK = {"com.docker.network.bridge.enable_icc": "false"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """The network that a container joins, and the names that it has there."""

    network: str
    aliases: tuple[str, ...] = ()


class Networks:
    """Networks on one engine.

    Making a network takes a tenth of a second and an engine has room for some thirty, so a single host gets
    none of its own: it joins one, common to all data folders, where containers can't reach each other.
    Several hosts get a network for their group.

    A platform in a container sees no networks but its own: every container that is not isolated joins that.
    """

    def __init__(self, engine: Engine, *, data_id: str) -> None:
        self._engine = engine
        self._labels = {"clary.data-dir": data_id}
        self._prefix = f"clary-{data_id}"
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def attach(self, spec: ContainerSpec) -> Attachment:
        """The network for a container, made where it is missing."""
        if len(spec.peers) > 1:
            name = self._group_name(spec.group or spec.name)
            self._ensure(name, internal=spec.network_isolation, talk=True)
            return Attachment(network=name, aliases=(spec.hostname,))
        if spec.network_isolation and spec.port is None:
            return Attachment(network="none")
        if self._engine.network is not None:
            return Attachment(network=self._shared(spec, self._engine.network))
        name = "clary-isolated" if spec.network_isolation else "clary-open"
        self._ensure(name, internal=spec.network_isolation, talk=False)
        return Attachment(network=name)

    def join_platform(self, spec: ContainerSpec, container: Container) -> None:
        """Let one of several hosts reach a platform in a container, beside the other hosts."""
        name = self._engine.network
        if name is None or spec.network_isolation or name in container.attrs["NetworkSettings"]["Networks"]:
            return
        self._engine.client.networks.get(name).connect(container)

    def remove_group(self, group: str) -> None:
        """Remove the group's own network, where it had one."""
        name = self._group_name(group)
        with self._lock, readable_errors(f"removing the network {name}"):
            for network in self._find(name):
                network.remove()
            self._known.discard(name)

    @staticmethod
    def _shared(spec: ContainerSpec, network: str) -> str:
        if spec.network_isolation:
            raise PlatformFault(
                "a server with EnableNetworkIsolation needs a platform outside containers: "
                f"it shares no network but {network} with those it starts, and that one leads out"
            )
        return network

    def _group_name(self, group: str) -> str:
        return f"{self._prefix}-{group}"

    def _find(self, name: str) -> list[Network]:
        return [
            network for network in self._engine.client.networks.list(names=[name]) if network.name == name
        ]

    def _ensure(self, name: str, *, internal: bool, talk: bool) -> None:
        with self._lock, readable_errors(f"making the network {name}"):
            if name in self._known:
                return
            if not self._find(name):
                self._create(name, internal=internal, talk=talk)
            self._known.add(name)

    def _create(self, name: str, *, internal: bool, talk: bool) -> None:
        options = {} if talk else _NO_TALK
        try:
            self._engine.client.networks.create(
                name,
                driver="bridge",
                check_duplicate=True,
                internal=internal,
                labels=self._labels,
                options=options,
            )
        except APIError as error:  # another process made it meanwhile
            if error.status_code != _CONFLICT:
                raise
