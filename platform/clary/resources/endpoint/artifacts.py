"""Model artifacts on this machine: fetched once for all instances of a variant, a tree of links for each."""

import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.kernel.errors import ClaryError, ClientFault, JobError, ValidationError
from clary.kernel.platform import Platform
from clary.objects.artifacts import extract_archive
from clary.objects.cache import Cache
from clary.objects.channels import stage_channel
from clary.objects.client import s3_client
from clary.objects.uri import S3Uri
from clary.resources.endpoint.faults import VariantFailed, bad_model_data, no_model_data

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Container = Mapping[str, Any]


class Artifacts:
    """The models of one endpoint, by the generation and the name of their variant."""

    def __init__(self, platform: Platform, folder: Path, *, account: str) -> None:
        self._platform = platform
        self._folder = folder
        self._account = account

    def place(self, generation: int, variant: Mapping[str, Any], target: Path) -> None:
        """Make ``target`` the variant's model folder; :class:`VariantFailed` where that can't be had."""
        if not target.is_dir():
            source = self._fetch(generation, variant)
            _fill(target, lambda partial: _link_tree(source, partial))

    def keep_only(self, generations: Collection[int]) -> None:
        """Free the models of all other generations."""
        kept = {str(generation) for generation in generations}
        for path in self._folder.glob("[0-9]*"):
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def _fetch(self, generation: int, variant: Mapping[str, Any]) -> Path:
        name: str = variant["name"]
        target = self._folder / str(generation) / name
        if not target.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            _fill(target, lambda partial: self._download(variant["container"], partial))
        return target

    def _download(self, container: Container, target: Path) -> None:
        target.mkdir()
        url, is_archive = locate(container)
        if url is None:
            return
        s3 = s3_client(self._platform, self._account)
        try:
            if is_archive:
                extract_archive(s3, S3Uri.parse(url), target)
            else:
                self._download_prefix(s3, url, target)
        except (JobError, ValidationError) as error:
            raise _fault_of(url, error) from error

    def _download_prefix(self, s3: "S3Client", url: str, target: Path) -> None:
        channel = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": url}}}
        cache = Cache(self._platform.settings.folder / "cache")
        stage_channel(s3, channel, target, host_index=0, host_count=1, cache=cache)


def locate(container: Container) -> tuple[str | None, bool]:
    """Where a container's model data lies, and whether it is an archive; no URL where it has none."""
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if source:
        return source["S3Uri"], source.get("CompressionType") != "None"
    return container.get("ModelDataUrl"), True


def _fault_of(url: str, error: ClaryError) -> VariantFailed:
    # The archive's own faults say so; whatever else the client caused lies between here and the object.
    is_archive_fault = isinstance(error, ClientFault) and str(error).startswith("The archive")
    return bad_model_data(url, error) if is_archive_fault else no_model_data(url, error)


def _fill(target: Path, fill: Callable[[Path], None]) -> None:
    # Made beside and renamed: a folder under its final name is whole, whatever was killed before.
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    fill(partial)
    partial.rename(target)


def _link_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=lambda src, dst: Path(dst).hardlink_to(src))
