"""The step of a training job: from Starting to Completed, Failed or Stopped, whatever happens in between."""

import logging
import shutil

from sqlalchemy.exc import SQLAlchemyError

from clary.kernel import clock, revisions
from clary.kernel.errors import ClaryError, ClientFault, IllegalTransition, JobError, PlatformFault
from clary.kernel.wiping import SWEEPS_ASKED
from clary.kernel.work import Again, Outcome, Rest, Work
from clary.resources.reconciled import LaneName, reconcile
from clary.resources.training_job import artifacts, stages
from clary.resources.training_job.declaration import STATES, TRAINING_JOB
from clary.resources.training_job.failure import ContainerLost
from clary.resources.training_job.follower import Follower
from clary.resources.training_job.run import OutOfTime, TrainingRun
from clary.resources.training_job.space import find_overflow
from clary.runtimes.protocol import Runtime

log = logging.getLogger(__name__)

OUT_OF_TIME = "Training job runtime exceeded MaxRuntimeInSeconds provided"


def give_up(work: Work, runtime: Runtime, error: Exception) -> None:
    """End a job whose step kept failing for reasons of the platform's own."""
    status = work.current_status()
    if status == "Stopping":
        _end(work, "Stopped", message=f"Training job stopped; its artifacts were not saved: {error}")
    elif status == "InProgress":
        fault = error if isinstance(error, JobError) else PlatformFault(f"the job could not go on: {error}")
        _end(work, "Failed", message="Training job failed", failure_reason=fault.reason)
    try:
        TrainingRun(work, runtime).remove()
    except ClaryError:
        log.exception("training job %s: something of it is left behind", work.row.name)
        with work.platform.database.write() as session:
            revisions.count_up(session, SWEEPS_ASKED)


@reconcile(TRAINING_JOB, LaneName.JOBS, give_up=give_up)
def step(work: Work, runtime: Runtime) -> Outcome:
    """Carry the job as far as it goes."""
    run = TrainingRun(work, runtime)
    if work.row.status == "Stopping":
        return _stop(run)
    if work.row.status in STATES.terminal:
        run.remove()
        return Rest()
    try:
        return _advance(run)
    except OutOfTime:
        return _stop_for_time(run)
    except (JobError, OSError, SQLAlchemyError) as error:
        if overflow := find_overflow(run):
            return _fail_for_space(run, overflow)
        if isinstance(error, JobError):
            return _fail(run, error)
        raise


def _advance(run: TrainingRun) -> Outcome:
    work = run.work
    if work.state.get("stage", "prepare") == "prepare":
        stages.prepare(run)
    elif not run.folder.exists():  # the platform was restored from a copy
        raise ContainerLost("the container was lost: its folder is gone")
    if work.state["stage"] == "train":
        if not stages.train(run):
            return Again()
        work.enter("Uploading", "Uploading generated training model", state={"stage": "upload"})
    saved = artifacts.upload(run)
    _end(work, "Completed", message="Training job completed", state=saved)
    run.remove()
    return Rest()


def _fail(run: TrainingRun, error: JobError) -> Outcome:
    work = run.work
    if isinstance(error, PlatformFault):
        if _may_restart(run):
            return _restart(run, error)
        if not isinstance(error, ContainerLost):
            raise error  # the reconciler tries the step again before it gives up
    if run.interrupted:
        raise IllegalTransition(f"training job {work.row.name} was stopped while it failed")
    if work.state.get("stage") == "train" and run.folder.exists():
        _save_output(run)
    _end(work, "Failed", message="Training job failed", failure_reason=error.reason)
    run.remove()
    return Rest()


def _fail_for_space(run: TrainingRun, overflow: ClientFault) -> Outcome:
    # Nothing can be written before the job's files are gone, its end neither.
    stages.stop_containers(run, grace=0)
    shutil.rmtree(run.folder, ignore_errors=True)
    _end(run.work, "Failed", message="Training job failed", failure_reason=overflow.reason)
    run.remove()
    return Rest()


def _may_restart(run: TrainingRun) -> bool:
    allowed: int = (run.spec.get("RetryStrategy") or {}).get("MaximumRetryAttempts", 0)
    return bool(run.work.state.get("attempt", 0) < allowed)


def _restart(run: TrainingRun, error: JobError) -> Outcome:
    run.work.enter(
        "Restarting",
        f"Restarting the training job: {error}",
        state={"stage": "prepare", "attempt": run.work.state.get("attempt", 0) + 1},
    )
    return Again()


def _save_output(run: TrainingRun) -> None:
    try:
        artifacts.upload_output(run)
    except ClaryError:
        # The job fails for its own reason; a store that is away must not hide it.
        log.exception("training job %s: its output could not be saved", run.work.row.name)


def _stop_for_time(run: TrainingRun) -> Outcome:
    run.work.transition(
        "Stopping",
        secondary="Stopping",
        message=OUT_OF_TIME,
        state={"stopped_for": "MaxRuntimeExceeded"},
    )
    return _stop(run)


def _stop(run: TrainingRun) -> Outcome:
    work = run.work
    secondary = work.state.get("stopped_for", "Stopped")
    message = OUT_OF_TIME if secondary == "MaxRuntimeExceeded" else "Training job stopped"
    saved = None
    if work.state.get("stage") in {"train", "upload"}:
        stages.stop_containers(run, grace=_take_grace(run))
        stages.restore(run)
        try:
            Follower(run).finish()
            saved = artifacts.upload(run)
        except ClientFault as fault:
            message = f"{message}; its artifacts were not saved: {fault}"
    _end(work, "Stopped", secondary=secondary, message=message, state=saved)
    run.remove()
    return Rest()


def _take_grace(run: TrainingRun) -> float:
    """The seconds until KILL, from the first TERM on: a restart of the platform gives no more."""
    if "terminated_at" not in run.work.state:
        run.work.update(terminated_at=clock.now())
    since: int = run.work.state["terminated_at"]
    return max(0.0, run.work.platform.settings.stop_grace_seconds - (clock.now() - since) / clock.SECOND)


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
