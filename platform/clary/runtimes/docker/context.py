"""What an image is built from: its Dockerfile, the algorithms' package and the packages that they need."""

import hashlib
import io
import sys
import tarfile
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from clary.kernel.errors import PlatformFault
from clary.runtimes.catalog import CatalogImage
from clary.shipped import find_folder

_DISTRIBUTION = "clary"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class BuildContext:
    """The files of one build by name, and the image that it starts from."""

    image: CatalogImage
    base_image: str
    files: dict[str, bytes]

    @cached_property
    def digest(self) -> str:
        """Changes whenever the image would: 12 hexadecimal digits."""
        state = hashlib.sha256(self.base_image.encode())
        for name, content in sorted(self.files.items()):
            state.update(f"\0{name}\0{len(content)}\0".encode() + content)
        return state.hexdigest()[:12]

    @property
    def tag(self) -> str:
        """The local image's full name."""
        return f"{self.image.name}:{self.digest}"

    def pack(self) -> io.BytesIO:
        """The tar archive that the engine takes."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, content in sorted(self.files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o644
                tar.addfile(entry, io.BytesIO(content))
        archive.seek(0)
        return archive


def assemble_context(image: CatalogImage, *, base_image: str, machine: str) -> BuildContext:
    """Gather the files to build ``image`` for an engine of the architecture ``machine`` (``x86_64``)."""
    files = _read_tree(find_folder("containers") / image.folder, under="")
    if image.algorithm is not None:
        files |= _read_tree(_find_algorithms(), under="clary_algorithms/")
    requirements = list_requirements(image.extra, machine=machine, pinned=f"python:{_PYTHON}" in base_image)
    files["requirements.txt"] = "".join(f"{line}\n" for line in requirements).encode()
    return BuildContext(image=image, base_image=base_image, files=files)


def _find_algorithms() -> Path:
    spec = find_spec("clary_algorithms")
    if spec is None or spec.origin is None:
        raise PlatformFault("the package clary_algorithms is not installed beside clary")
    return Path(spec.origin).parent


def _read_tree(folder: Path, *, under: str) -> dict[str, bytes]:
    return {
        under + path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def list_requirements(extra: str, *, machine: str, pinned: bool) -> list[str]:
    """The packages of one of the distribution's extras, as pip takes them.

    ``pinned`` asks for the very versions installed here, so that both runtimes compute the same; it is right
    where the image has this Python.
    """
    environment = {
        "extra": extra,
        "platform_machine": machine,
        "platform_system": "Linux",
        "sys_platform": "linux",
    }
    lines: set[str] = set()
    for text in metadata.requires(_DISTRIBUTION) or ():
        requirement = Requirement(text)
        if "extra" not in text or (requirement.marker and not requirement.marker.evaluate(environment)):
            continue
        if requirement.name == _DISTRIBUTION:
            for other in requirement.extras:
                lines.update(list_requirements(other, machine=machine, pinned=pinned))
        else:
            lines.add(_write_requirement(requirement, pinned=pinned))
    return sorted(lines)


def _write_requirement(requirement: Requirement, *, pinned: bool) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    if pinned:
        try:
            return f"{requirement.name}{extras}=={metadata.version(requirement.name)}"
        except metadata.PackageNotFoundError:
            pass  # chosen by the engine's architecture, not by this machine's
    return f"{requirement.name}{extras}{requirement.specifier}"
