"""The stages of a job, in order: prepare, train, upload. Each may be run again after a crash."""

import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clary.kernel import clock
from clary.kernel.errors import AlgorithmFault
from clary.objects.artifacts import folder_is_empty, upload_archive, upload_folder
from clary.objects.cache import Cache
from clary.objects.channels import stage_channel
from clary.objects.checkpoints import CheckpointSync
from clary.objects.uri import S3Uri
from clary.resources.training_job.containers import container_name
from clary.resources.training_job.failure import failure_of
from clary.resources.training_job.layout import HostFolder, write_config
from clary.resources.training_job.metrics import MetricReader, forget_metrics, store_metrics
from clary.resources.training_job.progress import ImageProgress
from clary.resources.training_job.run import TrainingRun
from clary.runtimes.protocol import Phase

WAIT_SECONDS = 0.25
METRICS_SECONDS = 1.0
CHECKPOINT_SECONDS = 5.0
STOP_GRACE_SECONDS = 120
PEER_GRACE_SECONDS = 30


def prepare(run: TrainingRun) -> None:
    """Make the image ready, stage every channel for every host, write the configuration files."""
    work = run.work
    if "launched_at" not in work.state:
        work.update(launched_at=clock.now())
    run.runtime.check_image(run.image)
    progress = ImageProgress(work, run.logs[run.hosts[0].name])
    run.runtime.prepare_image(run.image, report=progress)
    work.enter("Downloading", "Downloading input data", state={"started_at": clock.now()})
    shutil.rmtree(run.folder, ignore_errors=True)
    cache = Cache(work.platform.settings.folder / "cache")
    check = run.interruption()
    for host in run.hosts:
        folder = run.host_folder(host)
        folder.make()
        for channel in run.spec.get("InputDataConfig") or []:
            stage_channel(
                run.s3,
                channel,
                folder.channel(channel["ChannelName"]),
                host_index=host.index,
                host_count=len(run.hosts),
                cache=cache,
                read_only=channel["InputMode"] == "FastFile",
                check=check,
            )
        if checkpoints := _checkpoints(run, folder):
            checkpoints.prefill()
        interface = "lo" if run.runtime.name == "process" else "eth0"
        write_config(folder, run.spec, host, run.hosts, interface=interface)
    work.enter(
        "Training", "Training image download completed. Training in progress.", state={"stage": "train"}
    )


def train(run: TrainingRun) -> bool:
    """Start or adopt the containers and follow them. False where the job was stopped or this process ends.

    Raises :class:`JobError` for a container that failed, :class:`TimeoutError` past MaxRuntimeInSeconds.
    """
    follow = Follower(run)
    run.start_containers()
    deadline = run.work.state["started_at"] / clock.SECOND + run.max_runtime
    while True:
        states = run.states()
        failed = [host for host in run.hosts if _failed(states[host.name].phase, states[host.name].exit_code)]
        if failed:
            stop_containers(run, grace=PEER_GRACE_SECONDS)
            follow.finish()
            host = failed[0]
            if states[host.name].phase is Phase.MISSING:
                raise AlgorithmFault(f"The container of {host.name} disappeared")
            failure_file = run.host_folder(host).failure
            raise failure_of(states[host.name], failure_file=failure_file, log=run.logs[host.name])
        if all(state.phase is Phase.EXITED for state in states.values()):
            follow.finish()
            return True
        if run.work.halted or run.work.current_status() != run.work.row.status:
            return False
        if time.time() > deadline:
            raise TimeoutError
        follow.look()
        run.wait_any(states, WAIT_SECONDS)


def upload(run: TrainingRun) -> dict[str, dict[str, str]]:
    """Upload model and output of all hosts; returns the ModelArtifacts member."""
    model = _gather(run, "model", lambda folder: folder.model)
    if (run.spec["OutputDataConfig"].get("CompressionType") or "GZIP") == "NONE":
        target = run.output.join("model")
        upload_folder(run.s3, model, target)
        artifacts = f"{target}/"
    else:
        target = run.output.join("model.tar.gz")
        upload_archive(run.s3, model, target)
        artifacts = str(target)
    upload_output(run)
    return {"ModelArtifacts": {"S3ModelArtifacts": artifacts}}


def upload_output(run: TrainingRun) -> None:
    """Upload what the hosts left in /opt/ml/output/data, where there is any."""
    output = _gather(run, "output", lambda folder: folder.output_data)
    if not folder_is_empty(output):
        upload_archive(run.s3, output, run.output.join("output.tar.gz"))


def stop_containers(run: TrainingRun, *, grace: float) -> None:
    """TERM to all hosts at once, KILL after ``grace`` seconds."""
    names = [container_name(run.work, host) for host in run.hosts]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: run.runtime.stop(name, grace), names))


class Follower:
    """What goes on beside the containers: metrics from their logs, checkpoints to S3."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        definitions = run.spec["AlgorithmSpecification"].get("MetricDefinitions") or []
        self._metrics = MetricReader(definitions, list(run.logs.values()))
        self._checkpoints = [
            found for host in run.hosts if (found := _checkpoints(run, run.host_folder(host)))
        ]
        self._due = {"metrics": 0.0, "checkpoints": time.monotonic() + CHECKPOINT_SECONDS}
        if definitions:
            with run.work.platform.database.write() as session:
                forget_metrics(session, run.work.row.id)

    def look(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if now >= self._due["metrics"]:
            self._due["metrics"] = now + METRICS_SECONDS
            self._store_metrics()
        if now >= self._due["checkpoints"]:
            self._due["checkpoints"] = now + CHECKPOINT_SECONDS
            for checkpoints in self._checkpoints:
                checkpoints.push()

    def finish(self) -> None:
        """Read the rest of the logs and upload the last checkpoints."""
        self._store_metrics()
        for checkpoints in self._checkpoints:
            checkpoints.push(final=True)

    def _store_metrics(self) -> None:
        points = self._metrics.read()
        if points:
            with self._run.work.platform.database.write() as session:
                store_metrics(session, self._run.work.row.id, points)


def _failed(phase: Phase, exit_code: int | None) -> bool:
    return phase is Phase.MISSING or (phase is Phase.EXITED and exit_code != 0)


def _checkpoints(run: TrainingRun, folder: HostFolder) -> CheckpointSync | None:
    config = run.spec.get("CheckpointConfig")
    return CheckpointSync(run.s3, folder.checkpoints, S3Uri.parse(config["S3Uri"])) if config else None


def _gather(run: TrainingRun, name: str, part: Callable[[HostFolder], Path]) -> Path:
    # One archive holds what all hosts wrote; where two wrote the same name the first host's file stays.
    if len(run.hosts) == 1:
        return part(run.host_folder(run.hosts[0]))
    gathered = run.folder / f"gathered-{name}"
    shutil.rmtree(gathered, ignore_errors=True)
    gathered.mkdir()
    _merge(gathered, (part(run.host_folder(host)) for host in run.hosts))
    return gathered


def _merge(target: Path, sources: Iterable[Path]) -> None:
    def link(source: str, destination: str) -> None:
        if not Path(destination).exists():
            Path(destination).hardlink_to(source)

    for source in sources:
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, copy_function=link, dirs_exist_ok=True)
