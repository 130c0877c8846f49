"""The first process of a sandbox made by ``unshare``: builds its files, starts and reaps the command.

Runs as root of its own user, mount, pid and uts namespaces, with the standard library alone.
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
_MNT_DETACH = 2
_AT_RECURSIVE, _MOUNT_ATTR_RDONLY, _SYS_MOUNT_SETATTR, _AT_FDCWD = 0x8000, 1, 442, -100
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_CAPABILITY_VERSION = 0x20080522
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(source: str, target: Path | str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, str(target), kind, data)]
    result = _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _check(result, f"mount {target}")


def _make_read_only(target: Path) -> None:
    attributes = struct.pack("QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0)
    arguments = (_AT_FDCWD, str(target).encode(), _AT_RECURSIVE, attributes, ctypes.c_size_t(len(attributes)))
    if _libc.syscall(_SYS_MOUNT_SETATTR, *arguments) == 0:
        return
    kept = os.statvfs(target).f_flag & (_MS_NOSUID | _MS_NODEV | _MS_NOEXEC)  # kernels before 5.12
    _mount("none", target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)


def _bind(source: str, target: Path, *, read_only: bool) -> None:
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(source, target, None, _MS_BIND | _MS_REC)
    if read_only:
        _make_read_only(target)


def _place(entry: Mapping[str, str], root: Path) -> None:
    target = root / entry["target"].lstrip("/")
    if entry["kind"] == "Bind":
        _bind(entry["source"], target, read_only=bool(entry["read_only"]))
    elif entry["kind"] == "Link":
        target.symlink_to(entry["to"])
    else:
        target.mkdir(parents=True, exist_ok=True)
        _mount("tmpfs", target, "tmpfs", _MS_NOSUID | _MS_NODEV)


def _place_kernel_folders(root: Path) -> None:
    for name in ("proc", "dev"):
        (root / name).mkdir(exist_ok=True)
    _mount("proc", root / "proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        if (covered := root / "proc" / name).exists():
            _bind(str(covered), covered, read_only=True)
    _bind("/sys", root / "sys", read_only=True)
    for device in _DEVICES:
        _bind(f"/dev/{device}", root / "dev" / device, read_only=False)
    for name, to in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(to)
    (root / "dev" / "shm").mkdir()
    _mount("tmpfs", root / "dev" / "shm", "tmpfs", _MS_NOSUID | _MS_NODEV)


def _change_root(root: Path) -> None:
    old = root / ".old"
    old.mkdir()
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _check(_libc.syscall(number, str(root).encode(), str(old).encode()), "pivot_root")
    os.chdir("/")
    _check(_libc.umount2(b"/.old", _MNT_DETACH), "umount /.old")
    Path("/.old").rmdir()


def raise_loopback() -> None:
    """Bring up the loopback interface of a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(channel, _SIOCGIFFLAGS, request))
        fcntl.ioctl(channel, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _drop_capabilities() -> None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _check(_libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0), "drop capability")
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _check(_libc.capset(header, struct.pack("6I", 0, 0, 0, 0, 0, 0)), "capset")


def _run(command: list[str]) -> int:
    """Start the command, reap whatever ends, return the command's exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            os.execvpe(command[0], command, os.environ)  # noqa: S606 - running the user's program is the purpose
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        finally:
            os._exit(127)
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    """Build the world that ``arguments[0]`` (a plan) describes, run the rest of ``arguments`` in it."""
    plan = json.loads(Path(arguments[0]).read_text())
    root = Path(plan["root"])
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
    for entry in plan["view"]:
        _place(entry, root)
    _place_kernel_folders(root)
    _change_root(root)
    socket.sethostname(plan["hostname"])
    if not plan["network"]:
        raise_loopback()
    _drop_capabilities()
    return _run(arguments[1:])
