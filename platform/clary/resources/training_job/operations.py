"""The calls: create, describe, list, stop, update, delete."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context, Request, operation
from clary.kernel import clock, repository
from clary.kernel.errors import ServiceError, ValidationError
from clary.resources.search.registry import Finders, serve_search
from clary.resources.training_job.checks import check_training_job
from clary.resources.training_job.declaration import STATES, TRAINING_JOB, secondary_transitions
from clary.resources.training_job.metrics import final_metrics, metric_definitions
from clary.store.tables import ResourceRow

DAY = 86_400


@operation("sagemaker", "CreateTrainingJob")
def create_training_job(context: Context, request: Request) -> dict[str, str]:
    """Record the job and hand it to the reconciler."""
    check_training_job(context, request)
    with context.platform.database.write() as session:
        row = TRAINING_JOB.create(
            session,
            context,
            _with_defaults(request),
            secondary="Starting",
            message="Starting the training job",
            wake=True,
        )
    return {"TrainingJobArn": row.arn}


def _with_defaults(request: Request) -> Request:
    algorithm = dict(request["AlgorithmSpecification"])
    algorithm.setdefault("EnableSageMakerMetricsTimeSeries", False)
    stopping = {"MaxRuntimeInSeconds": DAY, **(request.get("StoppingCondition") or {})}
    return {**request, "AlgorithmSpecification": algorithm, "StoppingCondition": stopping}


def _describe_algorithm(_session: Session, row: ResourceRow) -> dict[str, Any]:
    algorithm = row.spec["AlgorithmSpecification"]
    return {**algorithm, "MetricDefinitions": metric_definitions(algorithm)}


_FINDERS: Finders = {
    "AlgorithmSpecification": _describe_algorithm,
    "SecondaryStatusTransitions": secondary_transitions,
    "FinalMetricDataList": lambda session, row: final_metrics(session, row) or None,
}


def _more(session: Session, row: ResourceRow) -> dict[str, Any]:
    return {member: find(session, row) for member, find in _FINDERS.items()}


def _where(request: Request) -> tuple[sa.ColumnElement[bool], ...]:
    # No job here has a warm pool or a training plan.
    filters = {"WarmPoolStatusEquals", "TrainingPlanArnEquals"}
    return (sa.false(),) if filters & request.keys() else ()


TRAINING_JOB.serve_describe(_more)
TRAINING_JOB.serve_list(_where)
serve_search(TRAINING_JOB, _FINDERS)


@operation("sagemaker", "StopTrainingJob")
def stop_training_job(context: Context, request: Request) -> None:
    """Ask for the stop; the job ends as Stopped, with the artifacts saved so far."""
    with context.platform.database.write() as session:
        row = TRAINING_JOB.find(session, context, request["TrainingJobName"])
        if row.status == "Stopping":
            return
        if row.status in STATES.terminal:
            raise ValidationError(
                f"The request was rejected because the training job is in status {row.status}."
            )
        repository.transition(
            session,
            row.id,
            STATES,
            "Stopping",
            secondary="Stopping",
            message="Stopping the training job",
            wake=True,
        )
        if row.lock_token is None and "launched_at" not in row.state:
            _end_unstarted(session, row)


def _end_unstarted(session: Session, row: ResourceRow) -> None:
    # Nothing was begun: the job need not wait for its turn only to be ended.
    repository.transition(
        session,
        row.id,
        STATES,
        "Stopped",
        secondary="Stopped",
        message="Training job stopped",
        state={"ended_at": clock.now()},
    )


@operation("sagemaker", "UpdateTrainingJob")
def update_training_job(context: Context, request: Request) -> dict[str, str]:
    """Record a profiler, remote-debugging or warm-pool change of a job."""
    changes = {key: value for key, value in request.items() if key != "TrainingJobName"}
    with context.platform.database.write() as session:
        row = TRAINING_JOB.find(session, context, request["TrainingJobName"])
        if row.status in STATES.terminal and set(changes) - {"ResourceConfig"}:
            raise ValidationError(
                f"The request was rejected because the training job is in status {row.status}."
            )
        for member in ("ResourceConfig", "ProfilerConfig", "RemoteDebugConfig"):
            if member in changes:
                changes[member] = (row.spec.get(member) or {}) | changes[member]
        repository.update(session, row.id, spec=changes)
    return {"TrainingJobArn": row.arn}


def _check_deletable(_session: Session, row: ResourceRow) -> None:
    if row.status not in STATES.terminal:
        raise ServiceError(
            f"You can't delete the training job ({row.arn}) while it is in status {row.status}.",
            code="ResourceInUse",
        )


TRAINING_JOB.serve_delete(_check_deletable)
