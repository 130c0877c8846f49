"""The step of a training job: from Starting to Completed, Failed or Stopped, whatever happens in between."""

import logging

from clary.kernel import clock
from clary.kernel.errors import ClaryError, JobError, PlatformFault
from clary.kernel.work import Again, Outcome, Rest, Work
from clary.resources.reconciled import LaneName, reconcile
from clary.resources.training_job import stages
from clary.resources.training_job.declaration import TRAINING_JOB
from clary.resources.training_job.run import TrainingRun
from clary.runtimes.protocol import Runtime

log = logging.getLogger(__name__)


def give_up(work: Work, runtime: Runtime, error: Exception) -> None:
    """End a job whose step kept failing for reasons of the platform's own."""
    if work.current_status() == "Stopping":
        _end(work, "Stopped", message=f"Training job stopped; an internal error hindered it: {error}")
    else:
        fault = PlatformFault(f"the job could not be carried on: {error}")
        _end(work, "Failed", message="Training job failed", failure_reason=fault.reason)
    TrainingRun(work, runtime).remove()


@reconcile(TRAINING_JOB, LaneName.JOBS, give_up=give_up)
def step(work: Work, runtime: Runtime) -> Outcome:
    """Carry the job as far as it goes."""
    run = TrainingRun(work, runtime)
    if work.row.status == "Stopping":
        return _stop(run)
    if work.row.status != "InProgress":
        run.remove()
        return Rest()
    try:
        return _advance(run)
    except JobError as error:
        return _fail(run, error)


def _advance(run: TrainingRun) -> Outcome:
    work = run.work
    if work.state.get("stage", "prepare") == "prepare":
        stages.prepare(run)
    if work.state["stage"] == "train":
        try:
            if not stages.train(run):
                return Again()
        except TimeoutError:
            return _stop_for_time(run)
        work.enter("Uploading", "Uploading generated training model", state={"stage": "upload"})
    artifacts = stages.upload(run)
    _end(work, "Completed", message="Training job completed", state=artifacts)
    run.remove()
    return Rest()


def _fail(run: TrainingRun, error: JobError) -> Outcome:
    work = run.work
    attempt = work.state.get("attempt", 0)
    allowed = (run.spec.get("RetryStrategy") or {}).get("MaximumRetryAttempts", 0)
    if isinstance(error, PlatformFault) and attempt < allowed:
        run.remove()
        work.enter(
            "Restarting",
            f"Restarting the training job: {error}",
            state={"stage": "prepare", "attempt": attempt + 1},
        )
        return Again()
    if work.state.get("stage") == "train":
        _save_output(run)
    _end(work, "Failed", message="Training job failed", failure_reason=error.reason)
    run.remove()
    return Rest()


def _save_output(run: TrainingRun) -> None:
    try:
        stages.upload_output(run)
    except ClaryError:
        # The job fails for its own reason; a store that is away must not hide it.
        log.exception("training job %s: its output could not be saved", run.work.row.name)


def _stop_for_time(run: TrainingRun) -> Outcome:
    run.work.transition(
        "Stopping",
        secondary="Stopping",
        message="Training job runtime exceeded MaxRuntimeInSeconds provided",
        state={"stopped_for": "MaxRuntimeExceeded"},
    )
    return _stop(run)


def _stop(run: TrainingRun) -> Outcome:
    work = run.work
    secondary = work.state.get("stopped_for", "Stopped")
    message = "Training job stopped"
    artifacts = None
    if work.state.get("stage") in {"train", "upload"}:
        stages.stop_containers(run, grace=stages.STOP_GRACE_SECONDS)
        stages.Follower(run).finish()
        try:
            artifacts = stages.upload(run)
        except JobError as error:
            message = f"Training job stopped; its artifacts were not saved: {error}"
    if secondary == "MaxRuntimeExceeded":
        message = "Training job runtime exceeded MaxRuntimeInSeconds provided"
    _end(work, "Stopped", secondary=secondary, message=message, state=artifacts)
    run.remove()
    return Rest()


def _end(
    work: Work,
    status: str,
    *,
    message: str,
    secondary: str | None = None,
    failure_reason: str | None = None,
    state: dict[str, dict[str, str]] | None = None,
) -> None:
    work.transition(
        status,
        secondary=secondary or status,
        message=message,
        failure_reason=failure_reason,
        state={**(state or {}), "ended_at": clock.now()},
    )
