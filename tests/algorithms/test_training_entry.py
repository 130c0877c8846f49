"""``python -m clary_algorithms``: which algorithm runs, and what the contract's files mean."""

import subprocess
import sys
from pathlib import Path

import pytest

from clary_algorithms.contract.configuration import Channel, read_channels, read_checkpoint_folder, read_hosts
from clary_algorithms.contract.errors import AlgorithmError, PlatformError, UserError, describe_failure
from clary_algorithms.contract.image import Image
from clary_algorithms.contract.paths import MLPaths
from support.training import TrainingContainer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "usage: python -m clary_algorithms ALGORITHM train|serve"),
        (["xgboost"], "usage: "),
        (["xgboost", "fly"], "usage: "),
        (["no-such", "train"], "no built-in algorithm 'no-such' that can train"),
        (["formats", "train"], "no built-in algorithm 'formats' that can train"),
    ],
)
def test_what_cannot_run_says_why(arguments: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clary_algorithms", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(message)


def test_start_up_imports_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys, clary_algorithms.xgboost.train\n"
        "print([name for name in ('pandas', 'sklearn', 'pyarrow', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_failures_name_whose_they_are() -> None:
    assert describe_failure(UserError("no")) == "ClientError: no"
    assert describe_failure(AlgorithmError("no")) == "AlgorithmError: no"
    assert describe_failure(PlatformError("no")) == "InternalServerError: no"
    assert describe_failure(ZeroDivisionError("no")) == "AlgorithmError: ZeroDivisionError: no"


def test_files_that_are_not_there_mean_nothing_was_asked(tmp_path: Path) -> None:
    paths = MLPaths(tmp_path)
    assert read_channels(paths) == {}
    assert read_hosts(paths).names == ("algo-1",)
    assert read_checkpoint_folder(paths) is None


def test_hosts_have_ranks(tmp_path: Path) -> None:
    TrainingContainer(tmp_path, hosts=("algo-1", "algo-2"), current="algo-2")
    assert read_hosts(MLPaths(tmp_path)).rank == 1


def test_checkpoints_go_where_the_job_says(tmp_path: Path) -> None:
    configuration = tmp_path / "input" / "config"
    configuration.mkdir(parents=True)
    (configuration / "checkpointconfig.json").write_text('{"LocalPath": "/opt/ml/checkpoints/mine"}')
    assert read_checkpoint_folder(MLPaths(tmp_path)) == tmp_path / "checkpoints" / "mine"


def test_the_root_and_the_image_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLARY_ML_ROOT", raising=False)
    assert MLPaths.from_environment().model == Path("/opt/ml/model")
    monkeypatch.setenv("CLARY_ML_ROOT", "/elsewhere")
    monkeypatch.setenv("CLARY_IMAGE_REPOSITORY", "kmeans")
    monkeypatch.setenv("CLARY_IMAGE_TAG", "1")
    assert MLPaths.from_environment().pipe("train", 2) == Path("/elsewhere/input/data/train_2")
    assert Image.from_environment() == Image("kmeans", "1")


def test_a_channel_lists_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b", "a/c", "a/d/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    channel = Channel("train", tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in channel.files()] == ["a/c", "a/d/e", "b"]
    assert [path.name for path in channel.files(depth=0)] == ["b"]
