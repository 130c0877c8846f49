"""A database that is locked or away for a while: requests wait or fail, and nothing ends wrongly."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.flow import Flow
from support.jobs import Jobs, statuses
from support.postgres import postgres_server
from support.running import running_platform, troubles
from support.waiting import wait_for

LOCKED_SECONDS = 3
SCRIPT = "echo started; until rm model/go; do sleep 0.05; done 2>/dev/null; echo kept > model/m"


def test_requests_wait_for_a_locked_sqlite_file(tmp_path: Path) -> None:
    with running_platform(tmp_path / "data", "--runtime", "process") as platform:
        flow = Flow(platform)
        flow.s3.put_object(Bucket=flow.bucket, Key="old", Body=b"old")
        endpoint = flow.host(flow.train())
        running = flow.create(SCRIPT)
        model = wait_for(lambda: next(platform.data_dir.glob("jobs/**/model"), None), what="the model")
        flow.says(running, "started")
        writes: list[Callable[[], Any]] = [
            lambda: platform.client("s3").put_object(Bucket=flow.bucket, Key="small", Body=b"new"),
            lambda: platform.client("s3").put_object(Bucket=flow.bucket, Key="large", Body=bytes(1 << 20)),
            lambda: platform.client("logs").create_log_group(logGroupName="late"),
            lambda: flow.create("echo 1 > model/m"),
        ]
        with ThreadPoolExecutor(len(writes)) as pool, closing(_lock(platform.data_dir)) as stranger:
            waiting = [pool.submit(write) for write in writes]
            assert not wait(waiting, timeout=LOCKED_SECONDS).done
            # Who only reads is not kept waiting.
            assert flow.get(f"s3://{flow.bucket}/old") == b"old"
            flow.check(endpoint)
            assert troubles(platform) == {
                "database": "The database is locked by another process: writes wait."
            }
            assert "locked by another process" in platform.clary("doctor").stdout
            (model / "go").touch()
            stranger.execute("COMMIT")
            *_, job = [each.result(60) for each in waiting]
        assert troubles(platform) == {}
        assert flow.model(flow.finish(running)) == {"m": "kept\n"}
        assert {"small", "large", "old"} <= flow.keys(f"s3://{flow.bucket}/")
        flow.finish(job)
        flow.take_down(endpoint)


@pytest.mark.postgres
def test_a_postgres_server_that_restarts_ends_no_job(tmp_path: Path) -> None:
    with postgres_server() as server:
        variables = {"CLARY_DATABASE_URL": server.url}
        with running_platform(tmp_path / "data", "--runtime", "process", **variables) as platform:
            jobs = Jobs(platform)
            log = platform.data_dir / "logs" / "platform" / "controller.log"
            name = jobs.create(SCRIPT)
            jobs.says(name, "started")
            model = wait_for(lambda: next(platform.data_dir.glob("jobs/**/model"), None), what="the model")
            server.stop()
            try:
                (model / "go").touch()
                assert "does not answer" in troubles(platform, code=1)["database"]
                wait_for(lambda: "does not answer" in log.read_text(), what="trouble in the log")
                with pytest.raises(jobs.sagemaker.exceptions.ClientError) as refused:
                    jobs.describe(name)
                assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in {500, 503}
            finally:
                server.start()
            wait_for(lambda: platform.clary("status").returncode == 0, what="a ready platform")
            # Said once and not each second, whoever misses it.
            assert log.read_text().count("the database does not answer") == 1
            described = jobs.finish(name)
            assert jobs.model(described) == {"m": "kept\n"}
            assert jobs.lines(name) == ["started"]
            assert statuses(described) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
            jobs.run("echo 1 > model/m")


def _lock(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "clary.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection
