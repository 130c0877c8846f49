"""The networks that containers join: a container sees the other hosts of its job, and nobody else's."""

import threading
from dataclasses import dataclass

from docker.models.networks import Network

from clary.runtimes.docker.engine import Engine, readable_errors
from clary.runtimes.protocol import ContainerSpec

_NO_TALK = {"com.docker.network.bridge.enable_icc": "false"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """The network that a container joins, and the names that it has there."""

    network: str
    aliases: tuple[str, ...] = ()


class Networks:
    """Networks of one data folder on one engine.

    Making a network takes a tenth of a second, so a single host gets none of its own: it joins one where
    containers can't reach each other. Several hosts get a network for their group.
    """

    def __init__(self, engine: Engine, *, data_id: str) -> None:
        self._engine = engine
        self._labels = {"clary.data-dir": data_id}
        self._prefix = f"clary-{data_id[:8]}"
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
        name = f"{self._prefix}-{'isolated' if spec.network_isolation else 'open'}"
        self._ensure(name, internal=spec.network_isolation, talk=False)
        return Attachment(network=name)

    def remove_group(self, group: str) -> None:
        """Remove the group's own network, where it had one."""
        name = self._group_name(group)
        with self._lock, readable_errors(f"removing the network {name}"):
            for network in self._find(name):
                network.remove()
            self._known.discard(name)

    def _group_name(self, group: str) -> str:
        return f"{self._prefix}-group-{group}"

    def _find(self, name: str) -> list[Network]:
        return [
            network for network in self._engine.client.networks.list(names=[name]) if network.name == name
        ]

    def _ensure(self, name: str, *, internal: bool, talk: bool) -> None:
        with self._lock, readable_errors(f"making the network {name}"):
            if name in self._known:
                return
            if not self._find(name):
                self._engine.client.networks.create(
                    name,
                    driver="bridge",
                    internal=internal,
                    labels=self._labels,
                    options={} if talk else _NO_TALK,
                )
            self._known.add(name)
