"""What users of the SageMaker SDK v3 have on disk and in S3."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.flow import ROWS
from support.flow_scripts import FlowScript
from support.running import RunningPlatform

SCRIPT = """\
import argparse, json, os

import greeting  # which requirements.txt installs

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--name")
options = parser.parse_args()
for epoch in range(options.epochs):
    print(f"{greeting.TEXT}, epoch {epoch}")
seen = {
    "name": options.name,
    "colour": os.environ["COLOUR"],
    "channels": json.loads(os.environ["SM_CHANNELS"]),
    "rows": os.listdir(os.environ["SM_CHANNEL_TRAIN"]),
}
with open(os.path.join(os.environ["SM_MODEL_DIR"], "seen.json"), "w") as file:
    json.dump(seen, file)
"""
WHEEL = {
    "greeting.py": "TEXT = 'good morning'\n",
    "greeting-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
    "greeting-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "greeting-1.0.dist-info/RECORD": "",
}
Run = Callable[..., FlowScript]


@pytest.fixture(scope="session")
def run_script() -> Run:
    """``run_script(platform, "jobs", *arguments)`` runs a script of ``flows``."""

    def run(platform: RunningPlatform, name: str, *arguments: str | Path) -> FlowScript:
        script = Path(__file__).parent / "flows" / f"{name}.py"
        return FlowScript(platform, "sdk_v3", script, *arguments)

    return run


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows to train on, and a script whose requirements need no network."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "rows").mkdir()
    (folder / "rows" / "train.csv").write_text("".join(f"{2 * row},{row}\n" for row in ROWS))
    source = folder / "source"
    source.mkdir()
    (source / "__init__.py").touch()
    (source / "train.py").write_text(SCRIPT)
    (source / "requirements.txt").write_text("numpy\n./greeting-1.0-py3-none-any.whl\n")
    with zipfile.ZipFile(source / "greeting-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in WHEEL.items():
            wheel.writestr(name, content)
    return folder
