"""One job in the hands of a worker: where its folders, hosts, containers and logs are."""

import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from clary.kernel import clock
from clary.kernel.errors import ClaryError, IllegalTransition
from clary.kernel.work import Work
from clary.objects.client import s3_client
from clary.objects.uri import S3Uri
from clary.resources.execution_role import aws_environment, issue_credentials, revoke_credentials
from clary.resources.training_job.containers import (
    choose_launch_time,
    container_name,
    container_spec,
    open_log,
)
from clary.resources.training_job.layout import Host, HostFolder, hosts_of
from clary.runtimes.protocol import ContainerState, Phase, Runtime

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DAY = 86_400


class OutOfTime(ClaryError):
    """MaxRuntimeInSeconds is over."""


class TrainingRun:
    """The present attempt of a job: everything a stage needs, derived from the row."""

    def __init__(self, work: Work, runtime: Runtime) -> None:
        self.work = work
        self.runtime = runtime
        self.spec = work.spec
        for channel in self.spec.get("InputDataConfig") or []:
            channel.setdefault("InputMode", self.spec["AlgorithmSpecification"]["TrainingInputMode"])
        self.hosts = hosts_of(self.spec)
        self.folder = work.platform.settings.folder / "jobs" / work.row.uid

    @property
    def image(self) -> str:
        return str(self.spec["AlgorithmSpecification"]["TrainingImage"])

    @property
    def max_runtime(self) -> int:
        """Seconds that all attempts together may take."""
        return int(self.spec["StoppingCondition"]["MaxRuntimeInSeconds"])

    @cached_property
    def s3(self) -> "S3Client":
        return s3_client(self.work.platform, self.work.row.account)

    @property
    def output(self) -> S3Uri:
        """Where the job's artifacts go: ``<S3OutputPath>/<job>/output``."""
        return S3Uri.parse(self.spec["OutputDataConfig"]["S3OutputPath"].rstrip("/")).join(
            self.work.row.name, "output"
        )

    def host_folder(self, host: Host) -> HostFolder:
        return HostFolder(self.folder / host.name)

    @cached_property
    def logs(self) -> Mapping[str, Path]:
        """The log file of each host, by name."""
        launched_at = self.work.state["launched_at"]
        return {host.name: open_log(self.work, host, launched_at=launched_at) for host in self.hosts}

    def launch(self) -> None:
        """Fix the moment that the log streams are named for, once a job."""
        if "launched_at" not in self.work.state:
            self.work.update(launched_at=choose_launch_time(self.work, self.hosts[0]))

    def start_containers(self) -> None:
        """Start every host's container, or adopt those that run."""
        environment = self._environment()
        for host in self.hosts:
            self.runtime.start(
                container_spec(
                    self.work,
                    host,
                    spec=self.spec,
                    hosts=self.hosts,
                    folder=self.host_folder(host),
                    environment=environment,
                    log=self.logs[host.name],
                )
            )

    def states(self) -> dict[str, ContainerState]:
        """The state of each host's container."""
        return {host.name: self.runtime.inspect(container_name(self.work, host)) for host in self.hosts}

    def wait_any(self, states: Mapping[str, ContainerState], timeout: float) -> None:
        """Block until a running container exits, at most ``timeout`` seconds."""
        running = [host for host in self.hosts if states[host.name].phase is Phase.RUNNING]
        if running:
            self.runtime.wait(container_name(self.work, running[0]), timeout)

    def remove(self) -> None:
        """Free the containers of every attempt, what they shared, their credentials and the job's folders."""
        found = {container.name for container in self.runtime.list({"clary.uid": self.work.row.uid})}
        for name in found | {container_name(self.work, host) for host in self.hosts}:
            self.runtime.remove(name)
        self.runtime.remove_group(f"clary-{self.work.row.uid}")
        revoke_credentials(self.work.platform, self.spec["RoleArn"], session_name=self._session)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def interrupted(self) -> bool:
        """Whether the job was stopped, or this process is to end."""
        return self.work.halted or self.work.current_status() != self.work.row.status

    def check_time(self) -> None:
        """Raise :class:`OutOfTime` past MaxRuntimeInSeconds."""
        if clock.now() > self.work.state["started_at"] + self.max_runtime * clock.SECOND:
            raise OutOfTime(self.work.row.name)

    def check(self) -> None:
        """To be called during long work: raises where it should not go on."""
        self.check_time()
        if self.interrupted:
            raise IllegalTransition(f"training job {self.work.row.name} was interrupted")

    @property
    def _session(self) -> str:
        return f"SageMaker-{self.work.row.uid}"

    def _environment(self) -> Mapping[str, str]:
        credential = issue_credentials(
            self.work,
            self.spec["RoleArn"],
            session_name=self._session,
            seconds=self.max_runtime + DAY,
        )
        return aws_environment(self.work.platform, self.runtime, self.work.scope, credential)
