"""The main job, step by step, timed."""

from collections.abc import Mapping

from clary.cli.demo import baseline, hosting, training
from clary.cli.demo.cleanup import clean_up
from clary.cli.demo.data import Split
from clary.cli.demo.session import Session
from clary.cli.demo.timeline import Timeline


def run_job(timeline: Timeline, split: Split, environment: Mapping[str, str]) -> float:
    """Train, host and invoke; returns the endpoint's area under the ROC curve. Cleans up in any case."""
    session = Session.open(environment)
    try:
        return _run_job(timeline, split, session)
    finally:
        with timeline.stage("Clean up"):
            clean_up(session)


def _run_job(timeline: Timeline, split: Split, session: Session) -> float:
    with timeline.stage("Put the CSV to S3") as stage:
        stage.note = f"{training.upload(session, split):,} bytes to s3://{session.bucket}/train/"
    with timeline.stage("Train") as stage:
        training.start_training(session)
        job = training.follow_training(session, timeline.audience.say)
        stage.note = f"{job['TrainingJobName']}, billable: {job.get('BillableTimeInSeconds', 0)} s"
    with timeline.stage("Create the endpoint"):
        hosting.create_endpoint(session, job["ModelArtifacts"]["S3ModelArtifacts"])
        hosting.wait_in_service(session, timeline.audience.say)
    with timeline.stage("Invoke it on the held-out rows") as stage:
        probabilities = hosting.predict(session, split)
        stage.note = f"{len(probabilities)} predictions"
    return baseline.score(split.test_labels, probabilities)
