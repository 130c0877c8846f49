"""The kind: its states, its errors and what Describe derives from a row."""

from typing import Any

from sqlalchemy.orm import Session

from clary.kernel import clock, repository
from clary.kernel.errors import ServiceError, ValidationError
from clary.kernel.states import States
from clary.resources.kind import Kind
from clary.store.tables import ResourceRow, TransitionRow

STATES = States.declare(
    "InProgress",
    InProgress="Completed Failed Stopping",
    Stopping="Stopped",
    Completed="",
    Failed="",
    Stopped="",
)


def _not_found(_kind: Kind, _arn: str, _name: str) -> ServiceError:
    return ValidationError("Requested resource not found.")


def _taken(_kind: Kind, arn: str) -> ServiceError:
    return ServiceError(
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({arn})",
        code="ResourceInUse",
    )


def _present(row: ResourceRow) -> dict[str, Any]:
    state = row.state
    started, ended = state.get("started_at"), state.get("ended_at")
    members: dict[str, Any] = {
        "SecondaryStatus": row.secondary,
        "ModelArtifacts": state.get("ModelArtifacts", {"S3ModelArtifacts": ""}),
        # The SDKs index this member without asking whether it is there.
        "OutputDataConfig": {"KmsKeyId": "", **row.spec["OutputDataConfig"]},
        "EnableNetworkIsolation": row.spec.get("EnableNetworkIsolation", False),
        "EnableInterContainerTrafficEncryption": row.spec.get("EnableInterContainerTrafficEncryption", False),
        "EnableManagedSpotTraining": row.spec.get("EnableManagedSpotTraining", False),
    }
    if started is not None:
        members["TrainingStartTime"] = clock.to_datetime(started)
    if started is not None and ended is not None:
        seconds = max(1, round((ended - started) / clock.SECOND))
        members |= {
            "TrainingEndTime": clock.to_datetime(ended),
            "TrainingTimeInSeconds": seconds,
            "BillableTimeInSeconds": seconds,
        }
    return members


TRAINING_JOB = Kind(
    name="TrainingJob",
    path="training-job",
    label="training job",
    states=STATES,
    newest_first=False,
    present=_present,
    not_found=_not_found,
    taken=_taken,
)


def secondary_transitions(session: Session, row: ResourceRow) -> list[dict[str, Any]]:
    """The history as DescribeTrainingJob shows it: each entry ends where the next begins."""
    rows = [entry for entry in repository.history(session, row) if entry.secondary]
    ends: list[TransitionRow | None] = [*rows[1:], None]
    transitions = []
    for entry, following in zip(rows, ends, strict=True):
        end = following.at if following else (entry.at if row.status in STATES.terminal else None)
        transitions.append(
            {
                "Status": entry.secondary,
                "StartTime": clock.to_datetime(entry.at),
                "EndTime": None if end is None else clock.to_datetime(end),
                "StatusMessage": entry.message,
            }
        )
    return transitions
