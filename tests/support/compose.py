"""The stack of docker-compose.yml, apart from any other on this machine: its own names, folder and port."""

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from support.pages import ROOT
from support.running import RunningPlatform, clean_environment
from support.servers import miss_docker
from support.serving import find_free_port

# Compose 1.29 is a command of its own, version 2 a plugin of the engine's.
COMMANDS = {"1": ("docker-compose",), "2": ("docker", "compose")}
COMMAND_SECONDS = 280
PLATFORM_IMAGE = "clary-test/platform"
MINIO_IMAGE = "clary-test/minio"


def find_compose(version: str) -> Sequence[str]:
    """The command of that major version; skips the test where it is missing, or fails it in CI."""
    command = COMMANDS[version]
    told = ""
    if shutil.which(command[0]):
        asked = [*command, "version", "--short"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    if not re.match(rf"v?{version}\.", told):
        miss_docker(f"`{' '.join(command)}` of version {version} is not installed")
    return command


@dataclass
class Stack:
    """One stack. ``suffix`` is what the profile adds to the names of the platform's services."""

    command: Sequence[str]
    profile: str
    data_dir: Path
    name: str = field(default_factory=lambda: f"clary-test-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=find_free_port)

    @property
    def suffix(self) -> str:
        return "" if self.profile == "minio" else f"-{self.profile}"

    @property
    def network(self) -> str:
        """The network that jobs and endpoints join."""
        return f"{self.name}-jobs"

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """What a user would set to have a second stack on one machine, and the stand-in for MinIO."""
        return clean_environment(
            COMPOSE_PROJECT_NAME=self.name,
            CLARY_DATA_DIR=str(self.data_dir),
            CLARY_PORT=str(self.port),
            CLARY_DOCKER_NETWORK=self.network,
            PLATFORM_IMAGE=PLATFORM_IMAGE,
            MINIO_IMAGE=MINIO_IMAGE,
            # The default profile must do without; .env names it.
            **({} if self.profile == "minio" else {"COMPOSE_PROFILES": self.profile}),
        )

    def compose(self, *arguments: str) -> str:
        """Run a command of Compose in the repository's root; what it prints."""
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def clary(self, *arguments: str) -> str:
        """Run a command of the platform's in the gateway's container."""
        return self.compose("exec", "-T", f"gateway{self.suffix}", "clary", *arguments)

    @cached_property
    def platform(self) -> RunningPlatform:
        """The stack as clients see it."""
        variables = json.loads(self.clary("env", "--json"))
        return RunningPlatform(
            url=variables["AWS_ENDPOINT_URL"],
            account="000000000000",
            region=variables["AWS_REGION"],
            access_key_id=variables["AWS_ACCESS_KEY_ID"],
            secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            data_dir=self.data_dir,
        )

    def containers(self, engine: Any) -> dict[str, Any]:
        """The stack's containers by service, less the profile's ending."""
        found = engine.containers.list(all=True, filters={"label": f"com.docker.compose.project={self.name}"})
        return {
            container.labels["com.docker.compose.service"].removesuffix(self.suffix): container
            for container in found
        }

    def remove(self, engine: Any) -> None:
        """Remove containers that jobs and endpoints left, the stack, its volumes and its data folder."""
        self.compose("stop", "--timeout", "30")  # else the controller would replace what is removed
        for container in engine.containers.list(all=True, filters={"network": self.network}):
            if "clary.data-dir" in container.labels:
                container.remove(force=True)
        self.compose("down", "--volumes")
        # Its files belong to the stack's own user.
        folder = str(self.data_dir)
        engine.containers.run(
            PLATFORM_IMAGE, ["sh", "-c", 'rm -rf "$1"/* "$1"/.[!.]*', "sh", folder], user="0:0", remove=True,
            volumes=[f"{folder}:{folder}"],
        )  # fmt: skip
