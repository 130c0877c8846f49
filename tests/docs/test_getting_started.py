"""The pages for a client's first minutes do what they say, in the client's own environment."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.clients import client_python, find_java_sdk
from support.pages import DOCS, read_blocks, read_files
from support.running import RunningPlatform, clean_environment

FOLDER = DOCS / "getting-started"
CLIENTS = {
    "aws-cli": "AWS CLI v1",
    "boto3": "boto3",
    "curl": "curl",
    "java": "AWS SDK for Java v1",
    "sagemaker-sdk-v2": "SageMaker SDK v2",
    "sagemaker-sdk-v3": "SageMaker SDK v3",
}
OWN_ENVIRONMENTS = {"sagemaker-sdk-v2": "sdk_v2", "sagemaker-sdk-v3": "sdk_v3"}
SECONDS = 280


def lay_out_java(folder: Path) -> None:
    """Put the SDK's jar where the page has it."""
    if shutil.which("java") is None:
        pytest.skip("needs a JDK")
    jar = find_java_sdk()
    assert jar is not None, "run 'make clients'"
    (folder / "sdk").mkdir()
    (folder / "sdk" / jar.name).symlink_to(jar)


def test_every_page_is_run() -> None:
    assert {page.stem for page in FOLDER.glob("*.md")} == set(CLIENTS)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.flow(client, "the page of first steps"))
        for page, client in CLIENTS.items()
    ],
)
def test_a_page_leads_to_predictions(page: str, platform_up: RunningPlatform, tmp_path: Path) -> None:
    programs = [client_python(OWN_ENVIRONMENTS[page]).parent] if page in OWN_ENVIRONMENTS else []
    programs.append(Path(sys.executable).parent)
    if page == "java":
        lay_out_java(tmp_path)
    for name, text in read_files(FOLDER / f"{page}.md").items():
        (tmp_path / name).write_text(text)
    commands = [block.text for block in read_blocks(FOLDER / f"{page}.md") if block.language == "sh"]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env=clean_environment(
            CLARY_DATA_DIR=str(platform_up.data_dir),
            HOME=str(tmp_path),
            PATH=os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            PYTHONUTF8="1",
        ),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    last = "".join(done.stdout.splitlines(keepends=True)[-3:])
    predictions = [float(number) for number in re.findall(r"\d+\.\d+", last)]
    assert predictions == pytest.approx([120, 200], rel=0.05), last
