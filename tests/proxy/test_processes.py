"""The proxy as a process: there as long as the command is, and out of its way."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from support.running import CLARY, RunningPlatform, clean_environment
from support.waiting import wait_for

# Says where the proxy is and who it is itself, then does what it is told.
PROGRAM = """
import json, os, sys
try:
    children = [os.waitpid(-1, os.WNOHANG)[0]]
except ChildProcessError:
    children = []
facts = {"pid": os.getpid(), "proxy": os.environ["HTTPS_PROXY"], "children": children}
print(json.dumps(facts), flush=True)
print(sys.stdin.readline(), end="")
raise SystemExit(7)
"""
ASK = """
import boto3, os
del os.environ["AWS_ENDPOINT_URL"]
print(boto3.client("sts").get_caller_identity()["Account"])
"""


class Command:
    """A command under ``clary run`` that waits for a line."""

    def __init__(self, platform: RunningPlatform) -> None:
        self.process = subprocess.Popen(
            [*CLARY, "run", sys.executable, "-c", PROGRAM],
            env=clean_environment(CLARY_DATA_DIR=str(platform.data_dir)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.facts = json.loads(self.process.stdout.readline())
        self.port = int(self.facts["proxy"].rpartition(":")[2])

    def listens(self) -> bool:
        """Whether the proxy takes connections."""
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def proxy(self) -> psutil.Process:
        """The proxy's process."""
        told = f"--command={self.facts['pid']}"
        return wait_for(lambda: next(filter(lambda process: told in arguments(process), proxies()), None))


def proxies() -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if "clary.proxy" in arguments(process)]


def arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def running_command(platform: RunningPlatform) -> Iterator[Command]:
    command = Command(platform)
    try:
        yield command
    finally:
        command.process.kill()
        command.process.communicate()


@pytest.fixture
def command(platform_up: RunningPlatform) -> Iterator[Command]:
    with running_command(platform_up) as command:
        yield command


def test_the_command_is_the_process_that_was_started(command: Command) -> None:
    assert command.facts["pid"] == command.process.pid
    assert command.facts["children"] == []
    output, _ = command.process.communicate("a line\n")
    assert (output, command.process.returncode) == ("a line\n", 7)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_signal_ends_command_and_proxy(command: Command, number: signal.Signals) -> None:
    proxy = command.proxy()
    assert command.listens()
    command.process.send_signal(number)
    command.process.communicate()
    assert command.process.returncode == -number
    proxy.wait(timeout=30)
    assert not command.listens()


def test_the_proxy_ends_with_a_command_that_ends_at_once(platform_up: RunningPlatform) -> None:
    assert platform_up.clary("run", "true").returncode == 0
    folder = str(platform_up.data_dir)
    wait_for(lambda: not [process for process in proxies() if folder in arguments(process)])


def test_the_proxy_is_out_of_reach_for_other_machines_and_for_the_terminal(command: Command) -> None:
    proxy = command.proxy()
    assert wait_for(proxy.net_connections)
    assert {connection.laddr.ip for connection in proxy.net_connections()} == {"127.0.0.1"}
    assert proxy.ppid() != command.facts["pid"]
    assert proxy.terminal() is None


def test_two_commands_have_two_proxies(command: Command, platform_up: RunningPlatform) -> None:
    with running_command(platform_up) as other:
        assert other.port != command.port
        command.process.communicate("\n")
        wait_for(lambda: not command.listens())
        assert other.listens()
        ran = platform_up.clary("run", sys.executable, "-c", ASK)
        assert ran.stdout.strip() == platform_up.account


def test_the_authority_is_made_once_and_for_its_owner_alone(platform_up: RunningPlatform) -> None:
    folder = platform_up.data_dir / "tls"
    shutil.rmtree(folder, ignore_errors=True)
    with ThreadPoolExecutor(3) as threads:
        ran = list(threads.map(lambda _: platform_up.clary("run", sys.executable, "-c", ASK), range(3)))
    assert [one.stdout.strip() for one in ran] == [platform_up.account] * 3, ran
    assert modes(folder)["authority.pem"] == 0o600
    assert sorted(path.suffix for path in folder.iterdir()) == [".p12", ".pem", ".pem"]
    assert folder.stat().st_mode & 0o777 == 0o700
    before = (folder / "authority.pem").read_bytes()
    assert platform_up.clary("run", "true").returncode == 0
    assert (folder / "authority.pem").read_bytes() == before


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_only_certificates_are_shown_to_others(platform_up: RunningPlatform) -> None:
    variables = json.loads(
        platform_up.clary(
            "run", sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"
        ).stdout
    )
    bundle = Path(variables["AWS_CA_BUNDLE"]).read_text()
    assert "PRIVATE KEY" not in bundle
    authority = (platform_up.data_dir / "tls" / "authority.pem").read_text()
    assert authority[authority.index("-----BEGIN CERTIFICATE") :].strip() in bundle
    assert bundle.count("BEGIN CERTIFICATE") > 100
