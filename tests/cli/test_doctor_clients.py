"""What ``clary doctor`` says of the clients on the path."""

import json
import os
from pathlib import Path

import pytest

from support.running import clean_environment, run_clary


def advice(folder: Path, **programs: str) -> dict[str, dict[str, str]]:
    """The findings by client, where the programs print the given texts."""
    for name, text in programs.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{text}'\n")
        program.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    environment = clean_environment(CLARY_DATA_DIR=str(folder / "data"), PATH=path)
    findings = json.loads(run_clary("doctor", "--json", environment=environment).stdout)
    return {finding["subject"]: finding for finding in findings}


@pytest.mark.parametrize("cli", ["aws-cli/1.45.11 Python/3.11.7", "aws-cli/2.15.0 Python/3.11.6 Linux/6"])
def test_clients_of_today_and_their_ways(tmp_path: Path, cli: str) -> None:
    packages = json.dumps({"boto3": "1.44.5", "sagemaker": "2.257.7"})
    found = advice(tmp_path, aws=cli, python=packages)
    assert found["boto3"]["detail"] == "clary configure, clary env or clary run (1.44.5 is here)"
    assert found["AWS CLI"]["detail"].startswith("clary configure, clary env or clary run (")
    assert found["SageMaker SDK"]["detail"].startswith("clary run alone")
    assert "2.257.7 is here" in found["SageMaker SDK"]["detail"]
    assert found["PySpark"]["detail"].endswith("(not here)")
    assert {found[client]["verdict"] for client in ("boto3", "AWS CLI", "SageMaker SDK", "PySpark")} == {"ok"}


def test_clients_too_old_for_an_endpoint_of_their_own(tmp_path: Path) -> None:
    found = advice(tmp_path, aws="aws-cli/2.9.1 Python/3.9", python=json.dumps({"boto3": "1.26.165"}))
    for client in ("boto3", "AWS CLI"):
        assert found[client]["verdict"] == "limited"
        assert found[client]["detail"].startswith("clary run alone (")
        assert "clary run" in found[client]["remedy"]
