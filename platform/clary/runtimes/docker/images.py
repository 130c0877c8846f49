"""Finds, builds and pulls images."""

import fcntl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from clary.kernel.errors import ClientFault, PlatformFault
from clary.runtimes.catalog import CatalogImage, missing_image, resolve
from clary.runtimes.docker.context import BuildContext, assemble_context
from clary.runtimes.docker.engine import Engine, readable_errors

Report = Callable[[str], None]
_UNKNOWN_IMAGE = ("not found", "manifest unknown", "pull access denied", "does not exist", "repository name")


class Images:
    """Images of one engine. Each is built or pulled once, however many ask at a time."""

    def __init__(
        self, engine: Engine, *, lock_file: Path, base_image: str, build_network: str | None
    ) -> None:
        self._engine = engine
        self._lock_file = lock_file
        self._base_image = base_image
        self._build_network = build_network
        self._contexts: dict[str, BuildContext] = {}
        self._lock = threading.Lock()

    def find_catalog_image(self, uri: str) -> CatalogImage | None:
        """The catalog image that a URI means; None for the user's own, also one with an AWS-like name."""
        try:
            return resolve(uri)
        except ClientFault:
            if self._exists(uri):
                return None
            raise

    def local_name(self, uri: str) -> str:
        """The name that the engine knows the image by."""
        image = self.find_catalog_image(uri)
        return self._context(image).tag if image else uri

    def is_ready(self, uri: str) -> bool:
        """Whether the image is on the engine already."""
        return self._exists(self.local_name(uri))

    def prepare(self, uri: str, report: Report | None = None) -> None:
        """Build or pull the image unless the engine has it."""
        report = report or _drop
        if self.is_ready(uri):
            return
        self._lock_file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._lock_file.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.is_ready(uri):
                return
            image = self.find_catalog_image(uri)
            if image is None:
                self._pull(uri, report)
            else:
                self._build(self._context(image), report)

    def _exists(self, name: str) -> bool:
        try:
            with readable_errors(f"looking for the image {name}"):
                self._engine.client.images.get(name)
        except PlatformFault as fault:
            if isinstance(fault.__cause__, ImageNotFound):
                return False
            raise
        return True

    def _context(self, image: CatalogImage) -> BuildContext:
        """Assembled once a process: a job must not read the package again."""
        if image.folder not in self._contexts:
            machine = str(self._engine.facts.get("Architecture", "x86_64"))
            self._contexts[image.folder] = assemble_context(
                image, base_image=self._base_image, machine=machine
            )
        return self._contexts[image.folder]

    def _build(self, context: BuildContext, report: Report) -> None:
        report(f"Building the image {context.tag} (the first time only)")
        with readable_errors(f"building the image {context.tag}"):
            events = self._engine.client.api.build(
                fileobj=context.pack(),
                custom_context=True,
                tag=context.tag,
                buildargs={"BASE_IMAGE": context.base_image},
                network_mode=self._build_network,
                labels={"clary.image": context.image.folder},
                rm=True,
                forcerm=True,
                decode=True,
            )
            error = _follow(events, report)
        if error:
            raise PlatformFault(f"the image {context.tag} could not be built: {error}")

    def _pull(self, uri: str, report: Report) -> None:
        repository, tag = parse_repository_tag(uri)
        report(f"Pulling the image {uri}")
        try:
            events = self._engine.client.api.pull(repository, tag=tag or "latest", stream=True, decode=True)
            error = _follow(events, report)
        except APIError as failure:
            error = str(failure.explanation or failure)
        if not error:
            return
        if any(text in error for text in _UNKNOWN_IMAGE):
            raise missing_image(uri)
        raise ClientFault(f"the image {uri} is not on this machine and could not be pulled: {error}")


def _follow(events: Iterable[dict[str, Any]], report: Report) -> str | None:
    """Hand on the progress lines; the error that ended it, if one did."""
    for event in events:
        if "error" in event:
            return str(event["error"]).strip()
        line = str(event.get("stream") or event.get("status") or "").strip()
        if line and "progress" not in event:
            report(line)
    return None


def _drop(line: str) -> None:
    del line
