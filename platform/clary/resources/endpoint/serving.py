"""The containers of an endpoint: model artifacts staged, started, pinged, stopped."""

import http.client
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clary.kernel.work import Work
from clary.objects.artifacts import extract_archive
from clary.objects.cache import Cache
from clary.objects.channels import stage_channel
from clary.objects.client import s3_client
from clary.objects.uri import S3Uri
from clary.resources.execution_role import aws_environment, issue_credentials
from clary.runtimes.instance_types import limits
from clary.runtimes.protocol import ContainerSpec, Mount, Runtime
from clary.store.log_streams import ensure_stream
from clary.store.tables import InstanceRow

PORT = 8080
PING_SECONDS = 2.0
YEAR = 365 * 86_400


class Serving:
    """One endpoint's folders and containers on this machine."""

    def __init__(self, work: Work, runtime: Runtime) -> None:
        self.work = work
        self.runtime = runtime
        self.folder = work.platform.settings.folder / "endpoints" / work.row.uid

    def start(self, instance: InstanceRow, variant: Mapping[str, Any]) -> None:
        """Stage the model and start the instance's container, or adopt it."""
        self.runtime.check_image(variant["container"]["Image"])
        self.runtime.prepare_image(variant["container"]["Image"])
        root = self.folder / instance.id
        if not (root / "model").is_dir():
            root.mkdir(parents=True, exist_ok=True)
            source = self._staged_model(instance, variant)
            _place(root / "model", lambda partial: _link_tree(source, partial))
        self.runtime.start(self._container(instance, variant, root))

    def ping(self, instance: InstanceRow) -> tuple[str, int] | None:
        """The instance's address, once ``GET /ping`` answers 200 within two seconds."""
        address = self.runtime.address(instance.container)
        if address is None:
            return None
        connection = http.client.HTTPConnection(*address, timeout=PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return address if connection.getresponse().status == http.HTTPStatus.OK else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def remove(self, instance: InstanceRow, *, grace: float) -> None:
        """Stop the instance's container and free what it held."""
        self.runtime.stop(instance.container, grace)
        self.runtime.remove(instance.container)
        self.runtime.remove_group(instance.container)
        shutil.rmtree(self.folder / instance.id, ignore_errors=True)

    def remove_all(self) -> None:
        """Free the endpoint's folders."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_path(self, instance: InstanceRow) -> Path:
        """The file of the instance's log stream, ``<variant>/<instance id>``."""
        row = self.work.row
        with self.work.platform.database.write() as session:
            path = ensure_stream(
                session,
                account=row.account,
                region=row.region,
                group=f"/aws/sagemaker/Endpoints/{row.name}",
                stream=f"{instance.variant}/{instance.id}",
            )
        return self.work.platform.settings.folder / path

    def _staged_model(self, instance: InstanceRow, variant: Mapping[str, Any]) -> Path:
        # Extracted once for all instances of a variant; each instance gets its own tree of links to it.
        target = self.folder / "models" / f"{instance.generation}-{instance.variant}"
        if not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            _place(target, lambda partial: self._fetch_model(variant["container"], partial))
        return target

    def _fetch_model(self, container: Mapping[str, Any], target: Path) -> None:
        target.mkdir()
        platform = self.work.platform
        s3 = s3_client(platform, self.work.row.account)
        source = (container.get("ModelDataSource") or {}).get("S3DataSource")
        if source and source.get("CompressionType") == "None":
            channel = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source["S3Uri"]}}}
            cache = Cache(platform.settings.folder / "cache")
            stage_channel(s3, channel, target, host_index=0, host_count=1, cache=cache)
        elif url := (source["S3Uri"] if source else container.get("ModelDataUrl")):
            extract_archive(s3, S3Uri.parse(url), target)

    def _container(self, instance: InstanceRow, variant: Mapping[str, Any], root: Path) -> ContainerSpec:
        container = variant["container"]
        return ContainerSpec(
            name=instance.container,
            image=container["Image"],
            command=("serve",),
            environment={**self._environment(variant), **(container.get("Environment") or {})},
            mounts=(Mount(root, "/opt/ml"),),
            labels={"clary.kind": self.work.row.kind, "clary.uid": self.work.row.uid},
            limits=limits(variant["instance_type"]),
            group=instance.container,
            hostname=container.get("ContainerHostname") or "algo-1",
            peers=(container.get("ContainerHostname") or "algo-1",),
            network_isolation=variant["isolated"],
            port=PORT,
            log_path=self.log_path(instance),
        )

    def _environment(self, variant: Mapping[str, Any]) -> Mapping[str, str]:
        if variant["role"] is None or variant["isolated"]:
            return {}
        credential = issue_credentials(
            self.work.platform,
            variant["role"],
            session_name=f"SageMaker-{self.work.row.uid[:12]}-{variant['name']}",
            seconds=YEAR,
        )
        return aws_environment(self.work.platform, self.runtime, self.work.scope, credential)


def _place(target: Path, fill: Callable[[Path], None]) -> None:
    # Made beside and renamed: a folder under its final name is whole, whatever was killed before.
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    fill(partial)
    partial.rename(target)


def _link_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=lambda src, dst: Path(dst).hardlink_to(src))
