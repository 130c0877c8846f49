"""Which way each client takes to the platform, of those that commands would get here."""

import json
import re
import shutil
import subprocess

from packaging.version import Version

from clary.cli.doctor.checks import Finding, Verdict

SECONDS = 20
ANY_WAY = "clary configure, clary env or clary run"
# The first ones that read AWS_ENDPOINT_URL and a profile's endpoint_url, by major version.
BOTO3 = {1: Version("1.28")}
AWS_CLI = {1: Version("1.29"), 2: Version("2.13")}
_ASK = """
import json, sys
from importlib import metadata
versions = {}
for name in sys.argv[1:]:
    try:
        versions[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(versions))
"""
_PACKAGES = ("boto3", "pyspark", "sagemaker")


def check_clients() -> list[Finding]:
    """What each client needs, and whether ``python``, ``aws`` and ``java`` on the path have it."""
    packages = _python_packages()
    cli = re.match(r"aws-cli/(\d+[.\d]*\d)", _ask("aws", "--version"))
    return [
        _any_way("boto3", packages.get("boto3"), BOTO3),
        _any_way("AWS CLI", cli[1] if cli else None, AWS_CLI),
        _one_way("SageMaker SDK", packages.get("sagemaker"), "it calls STS at AWS's own address"),
        _one_way(
            "PySpark", packages.get("pyspark"), "its AWS SDK for Java 1 knows AWS's own addresses alone"
        ),
        _one_way("AWS SDK for Java 1", shutil.which("java"), "it knows AWS's own addresses alone"),
        Finding("AWS SDK for Java 2", Verdict.OK, f"{ANY_WAY} ({_here(shutil.which('java'))})"),
    ]


def _any_way(client: str, version: str | None, since: dict[int, Version]) -> Finding:
    known = Version(version) if version else None
    oldest = since.get(known.major) if known else None
    if known and oldest and known < oldest:
        detail = f"clary run alone ({known} is here; from {oldest} on {ANY_WAY})"
        return Finding(client, Verdict.LIMITED, detail, "Bring it up to date, or start it by clary run.")
    return Finding(client, Verdict.OK, f"{ANY_WAY} ({_here(version)})")


def _one_way(client: str, found: str | None, reason: str) -> Finding:
    return Finding(client, Verdict.OK, f"clary run alone, as {reason} ({_here(found)})")


def _here(found: str | None) -> str:
    return f"{found} is here" if found else "not here"


def _python_packages() -> dict[str, str]:
    """Versions by name, of the ``python`` that the user's commands would get, not of Clary's own."""
    said = _ask("python", "-c", _ASK, *_PACKAGES) or _ask("python3", "-c", _ASK, *_PACKAGES)
    packages: dict[str, str] = json.loads(said or "{}")
    return packages


def _ask(program: str, *arguments: str) -> str:
    """What a program prints; nothing where there is none that works."""
    if shutil.which(program) is None:
        return ""
    try:
        ran = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout if ran.returncode == 0 else ""
