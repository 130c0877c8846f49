"""The containers of an endpoint: started, asked how they are, stopped."""

import http.client
import logging
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.kernel.errors import JobError
from clary.kernel.work import Work
from clary.resources.endpoint.artifacts import Artifacts
from clary.resources.endpoint.faults import no_image, not_started
from clary.resources.execution_role import aws_environment, issue_credentials, revoke_session
from clary.runtimes.instance_types import limits
from clary.runtimes.protocol import ContainerSpec, ContainerState, Mount, Phase, Runtime
from clary.store.log_streams import ensure_stream
from clary.store.tables import InstanceRow

log = logging.getLogger(__name__)

PORT = 8080
PING_SECONDS = 2.0
AT_ONCE = 16
YEAR = 365 * 86_400

Variant = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Health:
    """An instance at one look: its container, and its address where it answered ``/ping``."""

    container: ContainerState
    address: tuple[str, int] | None = None

    @property
    def runs(self) -> bool:
        """Whether the container runs."""
        return self.container.phase is Phase.RUNNING


class Serving:
    """One endpoint's folders and containers on this machine."""

    def __init__(self, work: Work, runtime: Runtime) -> None:
        self.runtime = runtime
        self._work = work
        self._platform = work.platform
        self._folder = work.platform.settings.folder / "endpoints" / work.row.uid
        self.artifacts = Artifacts(work.platform, self._folder / "models", account=work.row.account)

    def start(self, instance: InstanceRow, variant: Variant) -> None:
        """Place the model and start the instance's container, or adopt it.

        Raises :class:`VariantFailed` where one of these can't be done.
        """
        image = variant["container"]["Image"]
        try:
            self.runtime.check_image(image)
            self.runtime.prepare_image(image)
        except JobError as error:
            raise no_image(variant["name"], error) from error
        root = self._folder / instance.id
        root.mkdir(parents=True, exist_ok=True)
        self.artifacts.place(instance.generation, variant, root / "model")
        try:
            self.runtime.start(self._container(instance, variant, root))
        except JobError as error:
            raise not_started(variant["name"], error) from error

    def look_at(self, instances: Iterable[InstanceRow]) -> list[tuple[InstanceRow, Health]]:
        """Every instance's health; all are asked at once, so that a silent one keeps none waiting."""
        rows = list(instances)
        if len(rows) <= 1:
            return [(row, self._look(row)) for row in rows]
        with ThreadPoolExecutor(min(len(rows), AT_ONCE)) as pool:
            return list(zip(rows, pool.map(self._look, rows), strict=True))

    def remove(self, instances: Iterable[InstanceRow], *, grace: float) -> list[InstanceRow]:
        """Stop containers and free what they held; returns the instances of which nothing is left."""
        rows = list(instances)
        if not rows:
            return []
        with ThreadPoolExecutor(min(len(rows), AT_ONCE)) as pool:
            gone = pool.map(lambda row: self._remove(row, grace=grace), rows)
        return [row for row, is_gone in zip(rows, gone, strict=True) if is_gone]

    def remove_folders(self) -> None:
        """Free the endpoint's folders."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _look(self, instance: InstanceRow) -> Health:
        container = self.runtime.inspect(instance.container)
        if container.phase is not Phase.RUNNING:
            return Health(container)
        address = self.runtime.address(instance.container)
        return Health(container, address if address is not None and _answers_ping(address) else None)

    def _remove(self, instance: InstanceRow, *, grace: float) -> bool:
        try:
            self.runtime.stop(instance.container, grace)
            self.runtime.inspect(instance.container)  # its files become the platform's
            self.runtime.remove(instance.container)
            self.runtime.remove_group(instance.container)
        except JobError:
            log.exception("%s of endpoint %s can't be removed now", instance.container, self._work.row.name)
            return False
        revoke_session(self._platform, self._work.row.account, session_name=_session_name(instance))
        shutil.rmtree(self._folder / instance.id, ignore_errors=True)
        return True

    def _container(self, instance: InstanceRow, variant: Variant, root: Path) -> ContainerSpec:
        container = variant["container"]
        hostname = container.get("ContainerHostname") or "algo-1"
        return ContainerSpec(
            name=instance.container,
            image=container["Image"],
            command=("serve",),
            environment={**self._environment(instance, variant), **(container.get("Environment") or {})},
            mounts=(
                Mount(root, "/opt/ml"),
                # As on AWS; and its files are links that all instances of the variant share.
                Mount(root / "model", "/opt/ml/model", read_only=True),
            ),
            labels={"clary.kind": self._work.row.kind, "clary.uid": self._work.row.uid},
            limits=limits(variant["instance_type"]),
            group=instance.container,
            hostname=hostname,
            peers=(hostname,),
            network_isolation=variant["isolated"],
            port=PORT,
            log_path=self._log_path(instance),
        )

    def _environment(self, instance: InstanceRow, variant: Variant) -> Mapping[str, str]:
        if variant["role"] is None or variant["isolated"]:
            return {}
        credential = issue_credentials(
            self._work, variant["role"], session_name=_session_name(instance), seconds=YEAR
        )
        return aws_environment(self._platform, self.runtime, self._work.scope, credential)

    def _log_path(self, instance: InstanceRow) -> Path:
        row = self._work.row
        with self._work.write() as session:
            path = ensure_stream(
                session,
                account=row.account,
                region=row.region,
                group=f"/aws/sagemaker/Endpoints/{row.name}",
                stream=f"{instance.variant}/{instance.id}",
            )
        return self._platform.settings.folder / path


def _session_name(instance: InstanceRow) -> str:
    return f"SageMaker-{instance.id}"


def _answers_ping(address: tuple[str, int]) -> bool:
    connection = http.client.HTTPConnection(*address, timeout=PING_SECONDS)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
