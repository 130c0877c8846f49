"""A PostgreSQL server of a test's own, that it may stop and start."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.servers import miss_postgres
from support.serving import find_free_port

# Debian keeps the server's programs out of the PATH.
PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
# The data is thrown away, so nothing waits for the disk.
OPTIONS = "-h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c full_page_writes=off"


class PostgresServer:
    """One server; it runs as user postgres where the tests run as root, whom it refuses."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._port = find_free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Answers when this returns."""
        options = OPTIONS.format(port=self._port, folder=self._folder)
        self._run("pg_ctl", "-l", str(self._folder / "log"), "-o", options, "-w", "start")

    def stop(self) -> None:
        """End every connection and the server."""
        self._run("pg_ctl", "-m", "fast", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        # Into a file: the server keeps what it is given open for as long as it lives.
        with (self._folder / "said").open("w+") as said:
            ended = subprocess.run(
                [self._programs / program, *arguments],
                env=os.environ | {"PGDATA": str(self._folder / "data")},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
                user=user,
            )
            said.seek(0)
            assert ended.returncode == 0, f"{program} failed: {said.read()}"


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A started server in a folder of its own, below /tmp: a socket's path must be short."""
    programs = _find_programs()
    folder = Path(tempfile.mkdtemp(prefix="clary-postgres-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server = PostgresServer(programs, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _find_programs() -> Path:
    found = next((place for place in PLACES if (place / "initdb").exists()), None) or _in_path()
    return found or miss_postgres("the programs of a PostgreSQL server are not installed")


def _in_path() -> Path | None:
    program = shutil.which("initdb")
    return Path(program).parent if program else None
