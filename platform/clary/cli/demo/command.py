"""The command: the main job on a platform, its metric beside plain xgboost's, the timeline."""

import importlib.util
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clary.cli.output import fail

if TYPE_CHECKING:
    from clary.cli.demo.timeline import Timeline

# Both train on the same rows with the same parameters: only rounding on the wire may differ.
TOLERANCE = 1e-4


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
    from botocore.exceptions import ClientError
    from rich.console import Console

    from clary.cli.demo.display import open_display, print_timeline
    from clary.cli.demo.timeline import Timeline
    from clary.cli.demo.training import DemoFailed

    # A demo that is told to end takes its platform down first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console(highlight=False)
    try:
        with open_display(console) as audience:
            timeline = Timeline(audience)
            ours, plain = _run(timeline, data_dir, runtime)
    except (DemoFailed, ClientError) as error:
        fail(str(error))
    print_timeline(console, timeline)
    console.print(f"\nArea under the ROC curve on the held-out rows: {ours:.6f} from the endpoint,")
    console.print(f"{plain:.6f} from plain xgboost on the same split.")
    if abs(ours - plain) > TOLERANCE:
        fail("They should be the same.")


def _run(timeline: "Timeline", data_dir: Path | None, runtime: str | None) -> tuple[float, float]:
    """The areas under the ROC curve: the endpoint's and plain xgboost's."""
    from clary.cli.demo import baseline
    from clary.cli.demo.data import load_split
    from clary.cli.demo.job import run_job
    from clary.cli.demo.platform import passing_platform, running_platform

    with timeline.stage("Load the data") as stage:
        split = load_split()
        stage.note = f"{len(split.train_labels)} rows to train on, {len(split.test_labels)} held out"
    if data_dir is not None:
        ours = run_job(timeline, split, running_platform(data_dir))
    else:
        with passing_platform(timeline, runtime) as environment:
            ours = run_job(timeline, split, environment)
    with timeline.stage("Plain xgboost on the same split"):
        plain = baseline.score(split.test_labels, baseline.predict(split))
    return ours, plain
