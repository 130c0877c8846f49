"""The runtime on a Docker engine."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from docker.errors import APIError, NotFound
from docker.models.containers import Container

from clary.kernel.errors import PlatformFault
from clary.kernel.ids import new_uid
from clary.runtimes.docker.containers import (
    CONFLICT,
    PHASES,
    read_state,
    remove_container,
    signal_container,
    start_container,
    wait_container,
)
from clary.runtimes.docker.creation import GATEWAY_HOST, Creation, to_labels
from clary.runtimes.docker.engine import Engine, readable_errors
from clary.runtimes.docker.images import Images
from clary.runtimes.docker.logs import LogFollower
from clary.runtimes.docker.networks import Networks
from clary.runtimes.docker.ownership import needs_reclaim, reclaim
from clary.runtimes.protocol import ContainerSpec, ContainerState, Listed, Phase

_LOG_SECONDS = 10.0
_CREATE_SECONDS = 10.0
_PAUSE_SECONDS = 0.02
_LOOPBACK = {"127.0.0.1", "localhost", "0.0.0.0", "::1"}  # noqa: S104 - compared, not bound


class DockerRuntime:
    """Runs any image as a hardened container, labelled with the data folder that it belongs to."""

    name = "docker"

    def __init__(
        self,
        data_folder: Path,
        *,
        base_image: str = "python:3.11-slim",
        build_network: str | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._run = data_folder / "run" / "docker"
        self.engine = engine or Engine.find()
        self.data_id = _read_data_id(self._run / "data-id")
        self.images = Images(
            self.engine,
            lock_file=self._run / "images.lock",
            base_image=base_image,
            build_network=build_network,
        )
        self._networks = Networks(self.engine, data_id=self.data_id)
        self._followers: dict[str, LogFollower] = {}
        self._reclaimed: set[str] = set()
        self._lock = threading.Lock()

    @property
    def keeps_read_only(self) -> bool:
        return True

    def check_image(self, image: str) -> None:
        """Raise ClientFault for a URI of an AWS registry that neither the catalog nor the engine has."""
        self.images.find_catalog_image(image)

    def prepare_image(self, image: str, *, report: Callable[[str], None] | None = None) -> None:
        """Build a catalog image, pull any other; nothing where the engine has it."""
        self.images.prepare(image, report)

    def start(self, spec: ContainerSpec) -> None:
        """Create and start a container, or adopt the one of that name."""
        self._check_mounts(spec)
        with readable_errors(f"starting {spec.name}"):
            container = self._find(spec.name) or self._create(spec)
            self._check_owner(container)
            if container.status == "created":
                self._networks.join_platform(spec, container)
                start_container(container)
        self._follow(container)

    def _check_mounts(self, spec: ContainerSpec) -> None:
        for mount in spec.mounts:
            if not mount.source.exists():
                raise PlatformFault(f"{mount.source}, to be seen at {mount.target}, does not exist")

    def _create(self, spec: ContainerSpec) -> Container:
        image = self.images.find_catalog_image(spec.image)
        creation = Creation(
            spec=spec,
            image=self.images.local_name(spec.image),
            # One without a program runs its caller's, as an image of theirs would.
            catalog=image if image is not None and image.algorithm else None,
            attachment=self._networks.attach(spec),
            data_id=self.data_id,
        )
        try:
            return self.engine.client.containers.create(**creation.options(self.engine))
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
            return self._await_other(spec.name, error)

    def _await_other(self, name: str, conflict: APIError) -> Container:
        """Another call is creating it: the engine knows the name before it shows the container."""
        deadline = time.monotonic() + _CREATE_SECONDS
        while (container := self._find(name)) is None:
            if time.monotonic() > deadline:
                raise conflict
            time.sleep(_PAUSE_SECONDS)
        return container

    def _check_owner(self, container: Container) -> None:
        if container.labels.get("clary.data-dir") != self.data_id:
            raise PlatformFault(f"a container {container.name} exists that is not of this platform")

    def _find(self, name: str) -> Container | None:
        try:
            return self.engine.client.containers.get(name)
        except NotFound:
            return None

    def _find_own(self, name: str) -> Container | None:
        with readable_errors(f"looking for {name}"):
            container = self._find(name)
        owned = container is not None and container.labels.get("clary.data-dir") == self.data_id
        return container if owned else None

    def _follow(self, container: Container) -> LogFollower | None:
        """The thread that copies the container's log, started where none runs in this process."""
        name, path = str(container.name), container.labels.get("clary.log-path")
        if path is None:
            return None
        with self._lock:
            follower = self._followers.get(name)
            if follower is None or follower.gave_up:
                follower = LogFollower(
                    self.engine,
                    name,
                    path=Path(path),
                    offset=int(container.labels["clary.log-offset"]),
                    lock_file=self._run / "logs" / f"{name}.lock",
                )
                self._followers[name] = follower
                follower.start()
        return follower

    def inspect(self, name: str) -> ContainerState:
        """The state now."""
        container = self._find_own(name)
        if container is None:
            return ContainerState(phase=Phase.MISSING)
        state = read_state(container)
        if state.phase is Phase.EXITED:
            self._settle(container)
        elif state.phase is Phase.RUNNING:
            self._follow(container)  # which may be another process's, that ended meanwhile
        return state

    def wait(self, name: str, timeout: float) -> ContainerState:
        """Block until it exits or the time is over. After its exit, its log is complete."""
        container = self._find_own(name)
        if container is None:
            return ContainerState(phase=Phase.MISSING)
        self._follow(container)
        if read_state(container).phase is Phase.RUNNING:
            with readable_errors(f"waiting for {name}"):
                wait_container(container, timeout)
        return self.inspect(name)

    def _settle(self, container: Container) -> None:
        """After the exit: the log is whole, and its files are the platform's."""
        self._finish_log(container)
        uid = os.geteuid()
        if container.id in self._reclaimed or not needs_reclaim(container, self.engine, platform_uid=uid):
            return
        reclaim(container, self.engine, uid=uid, gid=os.getegid())
        self._reclaimed.add(str(container.id))

    def _finish_log(self, container: Container) -> None:
        # The follower at hand may have given up while the engine was away: one that begins now finds it back.
        for _ in range(2):
            follower = self._follow(container)
            if follower is None:
                return
            follower.join(_LOG_SECONDS)
            if not follower.gave_up:
                return
        raise PlatformFault(f"the log of {container.name} can't be read to its end")

    def stop(self, name: str, grace: float) -> None:
        """TERM, and KILL after ``grace`` seconds."""
        container = self._find_own(name)
        if container is None or read_state(container).phase is not Phase.RUNNING:
            return
        with readable_errors(f"stopping {name}"):
            signal_container(container, "SIGTERM")
            wait_container(container, grace)
            signal_container(container, "SIGKILL")
            wait_container(container, _LOG_SECONDS)

    def remove(self, name: str) -> None:
        """Kill and remove it with its log on the engine."""
        container = self._find_own(name)
        if container is not None:
            with readable_errors(f"removing {name}"):
                remove_container(container)
        with self._lock:
            follower = self._followers.pop(name, None)
        if follower is not None:
            follower.join(_LOG_SECONDS)
        (self._run / "logs" / f"{name}.lock").unlink(missing_ok=True)

    def remove_group(self, group: str) -> None:
        """Remove the group's network."""
        self._networks.remove_group(group)

    def address(self, name: str) -> tuple[str, int] | None:
        """Where its server is reached."""
        container = self._find_own(name)
        if container is None or (port := container.labels.get("clary.port")) is None:
            return None
        settings = container.attrs["NetworkSettings"]
        if published := (settings.get("Ports") or {}).get(f"{port}/tcp"):
            return "127.0.0.1", int(published[0]["HostPort"])
        addresses = [
            network["IPAddress"] for network in settings["Networks"].values() if network["IPAddress"]
        ]
        return (addresses[0], int(port)) if addresses and self.engine.is_direct else None

    def list(self, labels: Mapping[str, str]) -> Iterable[Listed]:
        """Containers of this data folder that carry all the labels."""
        wanted = to_labels({**labels, "clary.data-dir": self.data_id})
        with readable_errors("listing containers"):
            found = self.engine.client.api.containers(all=True, filters={"label": wanted})
        for row in found:
            own = json.loads(row["Labels"]["clary.labels"])  # without those that the image carries
            phase = PHASES.get(row["State"], Phase.EXITED)
            yield Listed(name=row["Names"][0].removeprefix("/"), labels=own, phase=phase)

    def platform_url(self, url: str) -> str:
        """The gateway's URL from inside: this machine is ``host.docker.internal`` there."""
        parts = urlsplit(url)
        if parts.hostname not in _LOOPBACK:
            return url
        return urlunsplit(
            parts._replace(netloc=f"{GATEWAY_HOST}:{parts.port}" if parts.port else GATEWAY_HOST)
        )


def _read_data_id(path: Path) -> str:
    """The id that labels this data folder's containers; it moves with the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{new_uid()}")
    draft.write_text(new_uid())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()
