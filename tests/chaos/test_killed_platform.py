"""Kill -9 of the supervisor, and of all at once: the next ``clary up`` finds everything, and serves."""

import http.client
import random
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from clary.supervisor.record import ProcessRecord, read_record
from support.endpoints import Endpoints, new_name
from support.instances import ProcessMachine
from support.jobs import Jobs, channel, statuses
from support.killing import Killings
from support.remains import list_bodies, wait_clean, wait_no_garbage
from support.running import clean_environment, run_clary, running_platform, start_platform
from support.serving import find_free_port
from support.waiting import wait_for

pytestmark = pytest.mark.timeout(900)

MIB = 1024 * 1024
WAITING = "echo begin; until [ -e model/go ]; do sleep 0.05; done; echo end"
STAGES = ["Starting", "Downloading", "Training", "Uploading", "Completed"]


def kill_all(folder: Path) -> None:
    """End all of a platform's processes as a power cut would, and wait until they are gone."""
    record = read_record(folder)
    assert record is not None
    living = [psutil.Process(process.pid) for process in record.processes]
    for process in living:
        process.kill()
    psutil.wait_procs(living)


def let_go(folder: Path) -> None:
    """Let the waiting jobs of a platform end."""
    for model in folder.glob("jobs/*/*/ml/model"):
        (model / "go").touch()


def test_the_supervisor_may_die_at_every_step_of_up_and_down(tmp_path: Path) -> None:
    killings = Killings(tmp_path / "chaos")
    folder, port = tmp_path / "data", str(find_free_port())
    # The same port each time: what a dead supervisor left must not keep it.
    options = ("up", "--detach", "--port", port, "--runtime", "process", "--data-dir", str(folder))
    environment = clean_environment(**killings.variables)
    with running_platform(folder, "--runtime", "process", "--port", port, **killings.variables) as platform:
        jobs, endpoints = Jobs(platform), Endpoints(platform, ProcessMachine())
        name = jobs.create(WAITING)
        jobs.says(name, "begin")
        with endpoints.serving_toy() as endpoint:
            server = endpoints.ask(endpoint)["id"]
            platform.clary("down")

            def go_up_and_down() -> None:
                if run_clary(*options, environment=environment).returncode:
                    again = run_clary(*options, environment=environment)
                    assert again.returncode == 0, again.stderr
                assert endpoints.ask(endpoint)["id"] == server
                assert jobs.lines(name) == ["begin"]
                stopped = platform.clary("down")
                assert stopped.returncode == 0, stopped.stderr

            try:
                killings.walk("supervisor", go_up_and_down, at_least=10)
            finally:
                assert run_clary(*options, environment=environment).returncode == 0
            let_go(folder)
            assert statuses(jobs.finish(name)) == STAGES
            assert jobs.lines(name) == ["begin", "end"]
            instances = endpoints.instance_ids(endpoint)
            assert len(instances) == 1
            wait_clean(platform, containers=instances, database_url=f"sqlite:///{folder / 'clary.db'}")


def test_a_schema_that_was_half_made_is_made_by_the_next_start(tmp_path: Path, database_url: str) -> None:
    killings = Killings(tmp_path / "chaos")
    folder = tmp_path / "data"
    for at in count(1):
        with killings.order("migrate", at) as shot:
            options = ("up", "--detach", "--port", "0", "--runtime", "process", "--data-dir", str(folder))
            environment = clean_environment(CLARY_DATABASE_URL=database_url, **killings.variables)
            started = run_clary(*options, environment=environment)
        if not shot.hit:
            break
        assert started.returncode == 1
        assert "could not be brought up to date" in started.stderr
    try:
        assert started.returncode == 0, started.stderr
        assert at > 2
    finally:
        run_clary("down", "--data-dir", str(folder))


def test_everything_is_found_after_the_end_of_all(tmp_path: Path, database_url: str) -> None:
    variables = {"CLARY_DATABASE_URL": database_url}
    folder = tmp_path / "data"
    options = ("--runtime", "process", "--workers", "2", "--port", str(find_free_port()))
    with running_platform(folder, *options, **variables) as platform:
        jobs, endpoints = Jobs(platform), Endpoints(platform, ProcessMachine())
        body = random.Random(1).randbytes(5 * MIB)
        upload = {"Bucket": jobs.bucket, "Key": "parts"}
        upload["UploadId"] = jobs.s3.create_multipart_upload(**upload)["UploadId"]
        first = jobs.s3.upload_part(**upload, PartNumber=1, Body=body)["ETag"]
        jobs.s3.put_object(Bucket=jobs.bucket, Key="large", Body=body)
        jobs.s3.put_object(Bucket=jobs.bucket, Key="small", Body=b"small")
        write_line(jobs.logs, "acknowledged")
        rows = [channel("train", jobs.put({"rows": body}))]
        waiting = [jobs.create(WAITING, hosts=2) for _ in range(2)]
        for name in waiting:
            jobs.says(name, "begin")
        with endpoints.serving_toy("kept") as kept, endpoints.serving_toy("old") as updated:
            config = endpoints.create_config({"ModelName": endpoints.create_toy("new")})
            created = new_name("endpoint")
            server = endpoints.ask(kept)["id"]
            endpoints.sagemaker.update_endpoint(EndpointName=updated, EndpointConfigName=config)
            endpoints.sagemaker.create_endpoint(EndpointName=created, EndpointConfigName=config)
            begun = jobs.create("cat input/data/train/rows > model/rows", InputDataConfig=rows)
            kill_all(folder)
            # What answers on a port says nothing of the platform: the pid may be another's by now.
            with innocent() as process:
                blame(folder, process)
                start_platform(folder, *options, **variables)
                assert process.poll() is None
            # The one that served does so at once, and was not started again.
            assert endpoints.ask(kept)["id"] == server
            second = jobs.s3.upload_part(**upload, PartNumber=2, Body=body)["ETag"]
            parts = [{"PartNumber": number, "ETag": etag} for number, etag in ((1, first), (2, second))]
            assert jobs.s3.list_parts(**upload)["Parts"][0]["ETag"] == first
            jobs.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
            assert jobs.get(f"s3://{jobs.bucket}/parts") == body * 2
            assert jobs.get(f"s3://{jobs.bucket}/large") == body
            assert jobs.get(f"s3://{jobs.bucket}/small") == b"small"
            write_line(jobs.logs, "another")
            assert read_lines(jobs.logs) == ["acknowledged", "another"]
            let_go(folder)
            for name in waiting:
                assert statuses(jobs.finish(name)) == STAGES
                assert jobs.lines(name) == ["begin", "end"] * 2
            assert statuses(jobs.finish(begun)) == STAGES
            for name in (created, updated):
                endpoints.wait_in_service(name)
                assert endpoints.ask(name)["name"] == "new"
            every = [endpoints.instance_ids(name) for name in (kept, updated, created)]
            assert [len(instances) for instances in every] == [1, 2, 1]
            wait_clean(platform, containers=[ids[-1] for ids in every], database_url=database_url)
            wait_no_garbage(platform, jobs.s3)
            endpoints.delete(created)
        wait_clean(platform, database_url=database_url)


def test_down_lets_requests_finish_and_jobs_run_on(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    options = ("--runtime", "process", "--port", str(find_free_port()))
    with running_platform(folder, *options) as platform, ThreadPoolExecutor() as pool:
        jobs, endpoints = Jobs(platform), Endpoints(platform, ProcessMachine())
        name = jobs.create(WAITING)
        jobs.says(name, "begin")
        with endpoints.serving_toy() as endpoint:
            (instance,) = endpoints.instance_ids(endpoint)
            slow = pool.submit(endpoints.ask, endpoint, do="wait", seconds=2)
            wait_for(lambda: "toy waits" in endpoints.read_log(endpoint), what="the slow invocation")
            put = begin_put(jobs, "slow", bytes(3 * MIB), rest=MIB)
            wait_for(lambda: list_bodies(platform), what="the first bytes of the body")
            down = pool.submit(platform.clary, "down")
            log = folder / "logs" / "platform" / "supervisor.log"
            wait_for(lambda: "stopping" in log.read_text(), what="the stop")
            put.send(bytes(MIB))
            assert put.getresponse().status == 200
            put.close()
            assert slow.result(60)["name"] == "toy"
            assert down.result(60).returncode == 0
            let_go(folder)
            start_platform(folder, *options)
            assert jobs.get(f"s3://{jobs.bucket}/slow") == bytes(4 * MIB)
            assert statuses(jobs.finish(name)) == STAGES
            assert jobs.lines(name) == ["begin", "end"]
            assert endpoints.instance_ids(endpoint) == [instance]


def begin_put(jobs: Jobs, key: str, body: bytes, *, rest: int) -> http.client.HTTPConnection:
    """Send an object's first bytes, of which ``rest`` more are to come on the connection."""
    url = jobs.s3.generate_presigned_url("put_object", Params={"Bucket": jobs.bucket, "Key": key})
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.putrequest("PUT", f"{parts.path}?{parts.query}")
    connection.putheader("Content-Length", str(len(body) + rest))
    connection.endheaders(body)
    return connection


def write_line(logs: Any, text: str) -> None:
    """Put one event into a stream of our own."""
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName="own")
        logs.create_log_stream(logGroupName="own", logStreamName="own")
    event = {"timestamp": time.time_ns() // 1_000_000, "message": text}
    logs.put_log_events(logGroupName="own", logStreamName="own", logEvents=[event])


def read_lines(logs: Any) -> list[str]:
    """The messages in the stream of our own."""
    found = logs.get_log_events(logGroupName="own", logStreamName="own", startFromHead=True)
    return [event["message"] for event in found["events"]]


@contextmanager
def innocent() -> "Iterator[subprocess.Popen[bytes]]":
    """A process that has nothing to do with any platform."""
    with subprocess.Popen(["sleep", "300"]) as process:
        try:
            yield process
        finally:
            process.kill()


def blame(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Write a process's pid into the record of a platform that is gone, as if it had come to that number."""
    record = read_record(folder)
    assert record is not None
    replace(record, processes=(ProcessRecord("controller", process.pid, record.started),)).write(folder)
