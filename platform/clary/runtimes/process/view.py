"""What a sandboxed process sees of this machine: system libraries, Python, its mounts; nothing else."""

import site
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from clary.runtimes.protocol import Mount

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/gnu")
_ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "fonts",
    "gai.conf",
    "host.conf",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
_SECRET_FOLDERS = (".aws", ".ssh", ".config", ".docker", ".gnupg", ".kube")


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of this machine, seen at ``target``."""

    source: str
    target: str
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link at ``target``."""

    to: str
    target: str


@dataclass(frozen=True, slots=True)
class Empty:
    """An empty folder at ``target``, which hides what a parent would show there."""

    target: str


Entry = Bind | Link | Empty


def compose_view(
    *, mounts: Iterable[Mount], files: dict[str, Path], scratch: Path, hidden: Iterable[Path]
) -> list[Entry]:
    """The entries of a process's root folder, parents before children.

    ``files`` maps paths in ``/etc`` to what is seen there, ``scratch`` becomes ``/tmp``, and ``hidden`` (the
    platform's data folder) is never seen, even where it lies in a folder that is.
    """
    entries: dict[str, Entry] = {entry.target: entry for entry in _system_entries()}
    entries.update((path, Bind(path, path)) for path in python_folders())
    visible = [Path(target) for target in entries]
    for secret in (*hidden, *(Path.home() / name for name in _SECRET_FOLDERS)):
        if secret.is_dir() and any(secret.is_relative_to(parent) for parent in visible):
            entries[str(secret)] = Empty(str(secret))
    entries.update((target, Bind(str(source), target)) for target, source in files.items())
    entries["/tmp"] = Bind(str(scratch), "/tmp", read_only=False)  # noqa: S108 - its own folder
    entries.setdefault("/root", Empty("/root"))
    entries["/opt/ml"] = Empty("/opt/ml")
    entries.update((mount.target, Bind(str(mount.source), mount.target, mount.read_only)) for mount in mounts)
    return sorted(entries.values(), key=lambda entry: Path(entry.target).parts)


def _system_entries() -> Iterable[Entry]:
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            yield Link(str(path.readlink()), name)
        elif path.is_dir():
            yield Bind(name, name)
    for name in _ETC:
        if (path := Path("/etc") / name).exists():
            yield Bind(str(path), str(path))
    if (opt := Path("/opt")).is_dir():
        yield from (Bind(str(child), str(child)) for child in opt.iterdir() if _is_shown(child))


def _is_shown(child: Path) -> bool:
    return child.is_dir() and not child.is_symlink() and child.name != "ml"


def python_folders() -> set[str]:
    """Where this interpreter, its packages and the algorithms lie, less what ``/usr`` holds."""
    folders = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    folders.add(str(Path(sys.executable).parent))
    folders.add(str(Path(sys.executable).resolve().parent.parent))
    if site.ENABLE_USER_SITE and Path(site.getusersitepackages()).is_dir():
        folders.add(site.getuserbase())
    if (package := find_algorithms()) is not None:
        folders.add(str(package))
    return {folder for folder in folders if not Path(folder).is_relative_to("/usr") and folder != "/"}


def find_algorithms() -> Path | None:
    """Folder of the ``clary_algorithms`` package; None where it isn't installed."""
    spec = find_spec("clary_algorithms")
    return Path(spec.origin).parent if spec is not None and spec.origin else None
