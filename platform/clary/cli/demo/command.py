"""The command: a platform of its own, the main job, the metric beside plain xgboost's, the timeline."""

import importlib.util
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clary.cli.choices import load_settings
from clary.cli.launch import settle_key, start_detached
from clary.cli.located import client_environment, find_platform, require_running
from clary.cli.output import fail

if TYPE_CHECKING:
    from rich.console import Console

    from clary.cli.demo.timeline import Timeline

TOLERANCE = 1e-6
# Settings of the user's own platform that the demo's must not share.
ELSEWHERE = ("CLARY_DATABASE_URL", "CLARY_S3_ENDPOINT_URL", "CLARY_ACCESS_KEY_ID", "CLARY_SECRET_ACCESS_KEY")


def demo(
    *,
    data_dir: Annotated[
        Path | None, typer.Option(help="Use the platform that runs here, not one of the demo's own.")
    ] = None,
    runtime: Annotated[str | None, typer.Option(help="Where the job runs: auto, process, docker.")] = None,
) -> None:
    """Train, host and invoke on real data through plain boto3, and show where the time went."""
    if any(importlib.util.find_spec(name) is None for name in ("sklearn", "xgboost")):
        fail("The demo compares with plain xgboost on scikit-learn's data: pip install 'clary[demo]'")
    from rich.console import Console

    from clary.cli.demo.display import open_display, print_timeline
    from clary.cli.demo.timeline import Timeline
    from clary.cli.demo.training import DemoFailed

    console = Console()
    try:
        with open_display(console) as audience:
            timeline = Timeline(audience)
            ours, plain = _run(timeline, data_dir, runtime)
    except DemoFailed as error:
        fail(str(error))
    _print_metrics(console, ours, plain)
    print_timeline(console, timeline)
    if abs(ours - plain) > TOLERANCE:
        fail("The platform's model is not the one that plain xgboost makes.")


def _run(timeline: "Timeline", data_dir: Path | None, runtime: str | None) -> tuple[float, float]:
    """The areas under the ROC curve: the endpoint's and plain xgboost's."""
    from clary.cli.demo import baseline, hosting, training
    from clary.cli.demo.cleanup import clean_up
    from clary.cli.demo.data import load_split
    from clary.cli.demo.session import Session

    with timeline.stage("Load the data") as stage:
        split = load_split()
        stage.note = f"{len(split.train_labels)} rows to train on, {len(split.test_labels)} held out"
    with _platform(timeline, data_dir, runtime) as environment:
        session = Session.open(environment)
        try:
            with timeline.stage("Put the CSV to S3") as stage:
                stage.note = f"{training.upload(session, split):,} bytes to s3://{session.bucket}/train/"
            with timeline.stage("Train") as stage:
                training.start_training(session)
                job = training.follow_training(session, timeline.audience.say)
                stage.note = f"billable: {job.get('BillableTimeInSeconds', 0)} s"
            with timeline.stage("Create the endpoint"):
                hosting.create_endpoint(session, job["ModelArtifacts"]["S3ModelArtifacts"])
                hosting.wait_in_service(session, timeline.audience.say)
            with timeline.stage("Invoke it on the held-out rows") as stage:
                ours = baseline.score(split.test_labels, hosting.predict(session, split))
                stage.note = f"{len(split.test_labels)} rows"
        finally:
            with timeline.stage("Clean up"):
                clean_up(session)
    with timeline.stage("Plain xgboost on the same split"):
        plain = baseline.score(split.test_labels, baseline.predict(split))
    return ours, plain


@contextmanager
def _platform(
    timeline: "Timeline", data_dir: Path | None, runtime: str | None
) -> Iterator[Mapping[str, str]]:
    """The variables that point clients at a platform: the one that runs on ``data_dir``, or a passing one."""
    if data_dir is not None:
        yield client_environment(*require_running(data_dir))
        return
    from clary.cli.down import stop

    with tempfile.TemporaryDirectory(prefix="clary-demo-") as name:
        folder = Path(name)
        for variable in ELSEWHERE:
            os.environ.pop(variable, None)
        with timeline.stage("Start the platform") as stage:
            settings = load_settings(data_dir=folder, port=0, runtime=runtime)
            start_detached(settings, settle_key(settings))
            found, key = require_running(folder)
            stage.note = found.url
        try:
            yield client_environment(found, key)
        finally:
            with timeline.stage("Stop the platform"):
                stop(find_platform(folder))


def _print_metrics(console: "Console", ours: float, plain: float) -> None:
    console.print()
    console.print(
        f"Area under the ROC curve, held-out rows: {ours:.6f} from the endpoint, {plain:.6f} by xgboost."
    )
