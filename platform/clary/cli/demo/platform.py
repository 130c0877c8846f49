"""The demo's platform: one of its own that leaves nothing behind, or one that runs already."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from clary.cli.choices import load_settings
from clary.cli.demo.timeline import Timeline
from clary.cli.down import stop
from clary.cli.launch import settle_key, start_detached
from clary.cli.located import client_environment, find_platform, require_running

# Settings of the user's own platform that the demo's must not share.
ELSEWHERE = ("CLARY_DATABASE_URL", "CLARY_S3_ENDPOINT_URL", "CLARY_ACCESS_KEY_ID", "CLARY_SECRET_ACCESS_KEY")


def running_platform(data_dir: Path) -> Mapping[str, str]:
    """The variables that point clients at the platform of the folder."""
    return client_environment(*require_running(data_dir))


@contextmanager
def passing_platform(timeline: Timeline, runtime: str | None) -> Iterator[Mapping[str, str]]:
    """A platform in a temporary folder on a free port; after a failure the folder stays, for its logs."""
    for variable in ELSEWHERE:
        os.environ.pop(variable, None)
    folder = Path(tempfile.mkdtemp(prefix="clary-demo-"))
    try:
        with timeline.stage("Start the platform") as stage:
            settings = load_settings(data_dir=folder, port=0, runtime=runtime)
            start_detached(settings, settle_key(settings))
            found, key = require_running(folder)
            stage.note = found.url
        yield client_environment(found, key)
    except BaseException:
        timeline.audience.say(f"The platform's logs stay at {folder}/logs")
        stop(find_platform(folder))
        raise
    with timeline.stage("Stop the platform"):
        stop(find_platform(folder))
        shutil.rmtree(folder)
