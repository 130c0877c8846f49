"""Which runtime the settings give, what each refuses, and what the doctor finds."""

import subprocess
import sys
from pathlib import Path

import pytest

from clary.kernel.errors import ClientFault, PlatformFault
from clary.runtimes.probe import probe
from clary.runtimes.process.isolation import Isolation
from clary.runtimes.process.runtime import ProcessRuntime
from clary.runtimes.process.view import Bind, Empty, compose_view, python_folders
from clary.runtimes.select import open_runtime
from clary.settings import Settings

NOWHERE = "unix:///nonexistent/docker.sock"


def _settings(tmp_path, runtime):
    return Settings(data_dir=tmp_path, runtime=runtime)


def test_auto_is_process_where_no_engine_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    assert open_runtime(_settings(tmp_path, "auto")).name == "process"


@pytest.mark.docker
def test_auto_is_docker_where_an_engine_answers(tmp_path):
    assert open_runtime(_settings(tmp_path, "auto")).name == "docker"
    assert open_runtime(_settings(tmp_path, "process")).name == "process"


def test_docker_by_name_without_an_engine_is_an_error_that_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    with pytest.raises(PlatformFault, match=r"no Docker engine answers at .*nonexistent"):
        open_runtime(_settings(tmp_path, "docker"))


def test_a_custom_image_without_docker_is_the_requests_fault_and_says_what_helps(tmp_path):
    runtime = open_runtime(_settings(tmp_path, "process"))
    with pytest.raises(ClientFault, match=r"my-image:1 needs Docker.*--runtime docker"):
        runtime.check_image("my-image:1")


def test_the_doctor_names_a_remedy_for_what_does_not_work(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    findings = {finding.subject: finding for finding in probe()}
    engine = findings["Docker engine"]
    assert not engine.works
    assert "nonexistent" in engine.detail
    assert "install Docker" in engine.remedy
    assert len(findings) == 4


def test_the_process_runtime_never_loads_the_docker_sdk(tmp_path):
    code = (
        "import sys; from clary.runtimes.select import open_runtime; from clary.settings import Settings; "
        "open_runtime(Settings(data_dir=sys.argv[1], runtime='process')); "
        "sys.exit('docker' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0


def test_a_shim_needs_the_standard_library_alone():
    from clary.runtimes.process.launch import program

    for name in ("shim", "enter", "relay", "hold"):
        command = program(name)
        command[4] = (
            "import sys; sys.path.append(sys.argv[1]); before = set(sys.modules); __import__(sys.argv[2]); "
            "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
            "sys.exit(bool(new - sys.stdlib_module_names - {'clary'}))"
        )
        assert subprocess.run(command, check=False).returncode == 0, name


def test_no_isolation_is_told_in_a_warning(monkeypatch, caplog):
    from clary.runtimes.process.isolation import choose_isolation

    monkeypatch.setenv("PATH", "/nonexistent")
    assert choose_isolation() is Isolation.NONE
    assert "without isolation" in caplog.text


def test_the_data_folder_is_hidden_even_inside_a_folder_that_is_seen(tmp_path):
    seen = sorted(python_folders()) or ["/usr"]
    hidden = next(child for child in Path(seen[0]).iterdir() if child.is_dir())
    view = compose_view(mounts=(), files={}, scratch=tmp_path, hidden=[hidden])
    assert Empty(str(hidden)) in view
    assert not any(isinstance(entry, Bind) and entry.source == str(hidden) for entry in view)


@pytest.mark.parametrize("isolation", list(Isolation))
def test_only_a_sandbox_keeps_a_read_only_mount_read_only(tmp_path, isolation):
    runtime = ProcessRuntime(tmp_path, isolation=isolation)
    assert runtime.keeps_read_only is (isolation is not Isolation.NONE)
