"""The clients that flows are tried with, and their versions; ``make clients`` makes .venv/clients."""

import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from importlib.metadata import distributions, version
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".venv" / "clients"


def client_python(environment: str) -> Path:
    """The interpreter of a client's own environment, such as ``sdk_v2``."""
    return FOLDER / environment / "bin" / "python"


def find_aws_v2() -> Path | None:
    """The program of the AWS CLI's version 2; None where it has not been unpacked."""
    return next(FOLDER.glob("aws_cli_v2/awscli/v2/*/dist/aws"), None)


def find_java_sdk() -> Path | None:
    """The jar of version 1 of the AWS SDK for Java; None where there is none."""
    return next(FOLDER.glob("java/sagemaker_pyspark/jars/aws-java-sdk-bundle-*.jar"), None)


def _version_in(environment: str, distribution: str) -> str:
    paths = [str(path) for path in (FOLDER / environment).glob("lib/python*/site-packages")]
    found = [each.version for each in distributions(name=distribution, path=paths)]
    return found[0] if found else "not installed"


def _version_of_curl() -> str:
    program = shutil.which("curl")
    if program is None:
        return "not installed"
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[
        1
    ]


def _version_of_aws_v2() -> str:
    program = find_aws_v2()
    return program.parents[1].name if program else "not installed"


def _version_of_java_sdk() -> str:
    jar = find_java_sdk()
    return jar.stem.rpartition("-")[2] if jar else "not installed"


VERSIONS: dict[str, Callable[[], str]] = {
    "AWS CLI v1": partial(version, "awscli"),
    "AWS CLI v2": _version_of_aws_v2,
    "AWS SDK for Java v1": _version_of_java_sdk,
    "boto3": partial(version, "boto3"),
    "curl": _version_of_curl,
    "SageMaker SDK v2": partial(_version_in, "sdk_v2", "sagemaker"),
    "SageMaker SDK v3": partial(_version_in, "sdk_v3", "sagemaker"),
}
