"""What goes on beside a job's containers: metrics from their logs, checkpoints to S3."""

import logging
import time

from clary.kernel.errors import PlatformFault
from clary.objects.checkpoints import CheckpointSync
from clary.objects.uri import S3Uri
from clary.resources.training_job.layout import HostFolder
from clary.resources.training_job.metrics import (
    MetricReader,
    forget_metrics,
    metric_definitions,
    store_metrics,
)
from clary.resources.training_job.run import TrainingRun

log = logging.getLogger(__name__)

METRICS_SECONDS = 1.0
CHECKPOINT_SECONDS = 3.0


class Follower:
    """Reads the logs from their start, so that a job which is taken up again has its metrics once."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        definitions = metric_definitions(run.spec["AlgorithmSpecification"])
        self._metrics = MetricReader(definitions, list(run.logs.values()))
        self._checkpoints = [
            found for host in run.hosts if (found := checkpoints_of(run, run.host_folder(host)))
        ]
        self._due = {"metrics": 0.0, "checkpoints": time.monotonic() + CHECKPOINT_SECONDS}
        if definitions:
            with run.work.write() as session:
                forget_metrics(session, run.work.row.id)

    def look(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if now >= self._due["metrics"]:
            self._due["metrics"] = now + METRICS_SECONDS
            self._store_metrics()
        if now >= self._due["checkpoints"]:
            try:
                self._push(final=False)
            except PlatformFault as fault:  # the next look tries again; the last one must succeed
                log.warning("training job %s: %s", self._run.work.row.name, fault)
            self._due["checkpoints"] = time.monotonic() + CHECKPOINT_SECONDS

    def finish(self) -> None:
        """After the containers' end: read the rest of the logs, send the last checkpoints."""
        self._store_metrics()
        self._push(final=True)

    def _push(self, *, final: bool) -> None:
        for checkpoints in self._checkpoints:
            checkpoints.push(final=final)

    def _store_metrics(self) -> None:
        points = self._metrics.read()
        if points:
            with self._run.work.write() as session:
                store_metrics(session, self._run.work.row.id, points)


def checkpoints_of(run: TrainingRun, folder: HostFolder) -> CheckpointSync | None:
    """What keeps a host's checkpoints alike with S3; None for a job that asks for none."""
    config = run.spec.get("CheckpointConfig")
    return CheckpointSync(run.s3, folder.checkpoints, S3Uri.parse(config["S3Uri"])) if config else None
