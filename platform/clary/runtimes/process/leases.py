"""Addresses and ports that processes of one data folder hold, so that no two get the same."""

import fcntl
import json
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Below the ports that Linux gives to outgoing connections (32768 and up), so that none is taken by chance.
_PORTS = range(21000, 32000)


class Leases:
    """A JSON map from holder to what it holds, changed under a file lock that ends with its process."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _edit(self) -> Iterator[dict[str, list[str]]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            table: dict[str, list[str]] = json.loads(self._path.read_text()) if self._path.exists() else {}
            before = json.dumps(table)
            yield table
            if json.dumps(table) != before:
                draft = self._path.with_suffix(".draft")
                draft.write_text(json.dumps(table))
                draft.replace(self._path)

    def lease_addresses(self, holder: str, count: int) -> list[str]:
        """``count`` addresses in 127.31.0.0/16 for a group; the same ones each time it asks."""
        with self._edit() as table:
            if holder not in table:
                taken = {address for held in table.values() for address in held}
                table[holder] = _pick_addresses(count, taken)
            return table[holder]

    def lease_port(self, holder: str) -> int:
        """A port of this machine that nothing listens on; the same one each time the holder asks."""
        with self._edit() as table:
            if holder not in table:
                taken = {int(port) for held in table.values() for port in held}
                table[holder] = [str(_pick_port(taken))]
            return int(table[holder][0])

    def find(self, holder: str) -> list[str]:
        """What a holder holds now."""
        return json.loads(self._path.read_text()).get(holder, []) if self._path.exists() else []

    def release(self, holder: str) -> None:
        """Give back what a holder holds."""
        with self._edit() as table:
            table.pop(holder, None)


def _pick_addresses(count: int, taken: set[str]) -> list[str]:
    """Neighbouring addresses from a random start: other data folders on this machine choose likewise."""
    start = random.randrange(1 << 16)  # noqa: S311 - not a secret
    picked: list[str] = []
    for offset in range(1 << 16):
        high, low = divmod((start + offset) % (1 << 16), 256)
        address = f"127.31.{high}.{low}"
        if 0 < low < 255 and address not in taken:
            picked.append(address)
        if len(picked) == count:
            return picked
    raise OSError(f"no {count} addresses are free in 127.31.0.0/16")


def _pick_port(taken: set[int]) -> int:
    candidates = random.sample(_PORTS, len(_PORTS))
    for port in candidates:
        if port not in taken and _is_free(port):
            return port
    raise OSError(f"no port is free between {_PORTS.start} and {_PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - bound for an instant, never listened on
        except OSError:
            return False
    return True
