"""Starting and ending a platform from the command line."""

import json
import signal
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from support.running import CLARY, clean_environment, process_ids, run_clary, running_platform


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "platform"


def test_up_in_the_foreground_prints_the_facts_and_ends_on_ctrl_c(folder: Path) -> None:
    command = [*CLARY, "up", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        printed: list[str] = []
        while "eval" not in "".join(printed[-1:]):
            printed.append(process.stdout.readline())
            assert printed[-1], "clary up ended before it was ready"
        text = "".join(printed)
        status = json.loads(run_clary("status", "--json", "--data-dir", str(folder)).stdout)
        key = json.loads((folder / "credentials.json").read_text())
        assert f"ready at {status['url']}" in text
        for fact in ("000000000000", "us-east-1", key["access_key_id"], key["secret_access_key"]):
            assert fact in text
        assert process_ids(folder)["supervisor"] == process.pid
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert run_clary("status", "--data-dir", str(folder)).returncode == 3


def test_status_tells_ready_from_not_running(folder: Path) -> None:
    before = run_clary("status", "--data-dir", str(folder))
    assert before.returncode == 3
    assert "not running" in before.stdout
    with running_platform(folder):
        during = run_clary("status", "--data-dir", str(folder))
        assert during.returncode == 0
        assert "ready" in during.stdout
        assert set(process_ids(folder)) == {"supervisor", "gateway-1", "controller"}
    assert run_clary("status", "--data-dir", str(folder)).returncode == 3


def test_workers_are_gateway_processes(folder: Path) -> None:
    with running_platform(folder, "--workers", "2"):
        assert {"gateway-1", "gateway-2"} < set(process_ids(folder))


def test_a_second_up_on_the_same_folder_says_so(folder: Path) -> None:
    with running_platform(folder) as platform:
        second = run_clary("up", "--detach", "--port", "0", "--data-dir", str(folder))
        assert second.returncode == 1
        assert f"already runs on {folder}" in second.stderr
        assert run_clary("status", "--data-dir", str(platform.data_dir)).returncode == 0


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run_clary("up", "--detach", "--port", str(port), "--data-dir", str(folder))
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in refused.stderr


def test_the_key_is_made_once_and_only_its_owner_reads_it(folder: Path) -> None:
    with running_platform(folder) as first:
        pass
    with running_platform(folder) as second:
        assert second.access_key_id == first.access_key_id
        assert second.secret_access_key == first.secret_access_key
    for secret in (folder / "credentials.json", folder / "clary.db"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_a_chosen_key_replaces_the_one_kept(folder: Path) -> None:
    chosen = {"CLARY_ACCESS_KEY_ID": "AKIACHOSENCHOSEN1234", "CLARY_SECRET_ACCESS_KEY": "chosen-secret"}
    with running_platform(folder) as before:
        pass
    with running_platform(folder, **chosen) as platform:
        assert platform.access_key_id == "AKIACHOSENCHOSEN1234"
        identity = platform.client("sts").get_caller_identity()
        assert identity["Account"] == "000000000000"
        assert "ClaryAdministrator" in identity["Arn"]
        stale = platform.client(
            "sts",
            aws_access_key_id=before.access_key_id,
            aws_secret_access_key=before.secret_access_key,
        )
        with pytest.raises(stale.exceptions.ClientError, match="InvalidClientTokenId"):
            stale.get_caller_identity()


def test_half_a_key_is_refused(folder: Path) -> None:
    refused = run_clary(
        "up", "--detach", "--data-dir", str(folder), environment=clean_environment(CLARY_ACCESS_KEY_ID="AKIA")
    )
    assert refused.returncode == 2
    assert "set both or neither" in refused.stderr


@pytest.mark.parametrize(
    ("option", "value", "variable"),
    [
        ("--runtime", "podman", "CLARY_RUNTIME"),
        ("--port", "70000", "CLARY_PORT"),
        ("--workers", "0", "CLARY_WORKERS"),
    ],
)
def test_a_bad_option_is_named_with_its_rule(folder: Path, option: str, value: str, variable: str) -> None:
    refused = run_clary("up", "--detach", "--data-dir", str(folder), option, value)
    assert refused.returncode == 2
    assert variable in refused.stderr
    assert value in refused.stderr


def test_down_without_a_platform_is_no_error(folder: Path) -> None:
    ended = run_clary("down", "--data-dir", str(folder))
    assert ended.returncode == 0
    assert "No platform runs" in ended.stdout
