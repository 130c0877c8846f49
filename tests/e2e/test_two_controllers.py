"""Two controllers on one database share the work, and none of it is done twice."""

from pathlib import Path

from support.controllers import second_controller
from support.flow import Flow
from support.jobs import Jobs, statuses
from support.running import RunningPlatform, running_platform
from support.waiting import wait_for

SCRIPT = (
    "echo started; until rm model/go; do sleep 0.05; done 2>/dev/null; echo $TRAINING_JOB_NAME > model/name"
)


def test_two_controllers_never_do_the_same_work(tmp_path: Path, database_url: str) -> None:
    # One slot each: two jobs that run at once are with two controllers.
    variables = {"CLARY_DATABASE_URL": database_url, "CLARY_MAX_RUNNING_JOBS": "1"}
    with running_platform(tmp_path / "data", "--runtime", "process", **variables) as platform:
        jobs = Jobs(platform)
        with second_controller(platform, tmp_path / "log", **variables) as second:
            names = [jobs.create(SCRIPT) for _ in range(2)]
            for name in names:
                jobs.says(name, "started")
            # The end of one controller leaves its job to the other, which has one of its own to finish first.
            second.terminate()
            assert second.wait(60) == 0
        for path in wait_for(lambda: models(platform, 2), what="the models"):
            (path / "go").touch()
        for name in names:
            described = jobs.finish(name)
            assert jobs.model(described) == {"name": f"{name}\n"}
            assert jobs.lines(name) == ["started"]
            assert statuses(described) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
            assert len(described["SecondaryStatusTransitions"]) == 5


def test_each_job_and_endpoint_is_moved_by_one_of_two(tmp_path: Path, database_url: str) -> None:
    variables = {"CLARY_DATABASE_URL": database_url}
    with running_platform(tmp_path / "data", "--runtime", "process", **variables) as platform:
        flow = Flow(platform)
        with second_controller(platform, tmp_path / "log", **variables):
            names = [flow.create("echo started") for _ in range(6)]
            endpoint = flow.host(flow.train())
            flow.check(endpoint)
            streams = flow.logs.describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}")
            assert len(streams["logStreams"]) == 1
            for name in names:
                described = flow.finish(name)
                assert flow.lines(name) == ["started"]
                assert len(described["SecondaryStatusTransitions"]) == 5
            flow.take_down(endpoint)
        assert wait_for(lambda: not flow.leftovers(), what="the removal of what jobs leave")


def models(platform: RunningPlatform, count: int) -> list[Path]:
    """The model folders of running jobs, once there are so many."""
    found = list(platform.data_dir.glob("jobs/**/model"))
    return found if len(found) == count else []
