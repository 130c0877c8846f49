"""The AWS CLI pointed at a platform: by ``clary run``, or by the profile that ``clary configure`` writes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.clients import find_aws_v2
from support.running import CLARY, RunningPlatform, clean_environment, run_clary
from support.waiting import wait_for

AWS_V1 = Path(sys.executable).with_name("aws")
SECONDS = 120
# What it prints must not depend on the machine's locale, nor wait for a pager.
PLAIN = {"AWS_PAGER": "", "PYTHONUTF8": "1", "PYTHONWARNINGS": "", "TZ": "UTC"}


class AwsCli:
    """One way to call ``aws``; ``command`` is what precedes the CLI's own arguments."""

    def __init__(
        self, platform: RunningPlatform, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.platform = platform
        self.sagemaker = platform.client("sagemaker")
        self.role = f"arn:aws:iam::{platform.account}:role/ClaryExecutionRole"
        self._command = command
        self._environment = clean_environment(**PLAIN, **environment)

    def run(self, *arguments: str, standard_input: bytes = b"", **variables: str) -> "Done":
        """Run a command to its end, whatever that is."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment | variables,
            input=standard_input,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr.decode())

    def output(self, *arguments: str, standard_input: bytes = b"", **variables: str) -> bytes:
        """What a command prints; it must succeed."""
        done = self.run(*arguments, standard_input=standard_input, **variables)
        assert done.code == 0, f"aws {' '.join(arguments)}: {done.error}"
        return done.output

    def text(self, *arguments: str, standard_input: bytes = b"", **variables: str) -> str:
        """The same, as text."""
        return self.output(*arguments, standard_input=standard_input, **variables).decode()

    def json(self, *arguments: str, **members: Any) -> Any:
        """What a command answers; members go as options, in JSON where they are not text."""
        options = [part for name, value in members.items() for part in (_option(name), _value(value))]
        printed = self.text(*arguments, *options, "--output", "json")
        return json.loads(printed) if printed else None

    @contextmanager
    def following(self, *arguments: str, output: Path) -> Iterator[None]:
        """A command that goes on until it is interrupted, at the end of the block, by Ctrl-C."""
        with (
            output.open("wb") as file,
            subprocess.Popen(
                [*self._command, *arguments],
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield
            finally:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(SECONDS)

    def wait_while(self, status: str, what: str, name: str) -> str:
        """Wait until a training job or an endpoint has another status; that status.

        By boto3: the CLI takes half a second to start, and its waiters look every 30 or 120 seconds.
        """
        describe = getattr(self.sagemaker, f"describe_{what}")
        member = f"{what.title().replace('_', '')}"

        def look() -> str | None:
            found: str = describe(**{f"{member}Name": name})[f"{member}Status"]
            return None if found == status else found

        found = wait_for(look, seconds=SECONDS, what=f"the end of {status} for {name}")
        assert found is not None
        return found


class Done:
    """A command that has ended."""

    def __init__(self, code: int, output: bytes, error: str) -> None:
        self.code = code
        self.output = output
        self.error = error


def with_run(platform: RunningPlatform, program: Path = AWS_V1) -> AwsCli:
    """``clary run aws …``."""
    return AwsCli(platform, [*CLARY, "run", str(program)], {"CLARY_DATA_DIR": str(platform.data_dir)})


def with_profile(platform: RunningPlatform, folder: Path, program: Path = AWS_V1) -> AwsCli:
    """``aws --profile clary …`` after ``clary configure``, whose files go to ``folder``."""
    files = {
        "HOME": str(folder),  # where it keeps the keys of roles for an hour, whoever gave them
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }
    environment = clean_environment(CLARY_DATA_DIR=str(platform.data_dir), **files)
    configured = run_clary("configure", environment=environment)
    assert configured.returncode == 0, configured.stderr
    return AwsCli(platform, [str(program), "--profile", "clary"], files)


def require_v2() -> Path:
    """The program of version 2; skips the test where AWS makes none for this kind of machine."""
    if (sys.platform, os.uname().machine) != ("linux", "x86_64"):
        pytest.skip("the package of the AWS CLI v2 is for Linux on x86-64")
    program = find_aws_v2()
    assert program is not None, "run 'make clients'"
    return program


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
