"""Three gateways behind one port."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from clary.supervisor.record import read_record
from support.flow import Flow
from support.refusing import refusal
from support.running import RunningPlatform, read_logs, running_platform
from support.waiting import wait_for

WORKERS = ("gateway-1", "gateway-2", "gateway-3")
PART = 5 << 20

Clients = Mapping[str, Any]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("workers")
    with running_platform(folder, "--runtime", "process", "--workers", "3") as platform:
        yield platform


@pytest.fixture
def s3(platform: RunningPlatform) -> Clients:
    """A client of each worker: it keeps the one connection that it opens."""
    return {worker: connect(platform, worker, "s3") for worker in WORKERS}


def test_an_object_is_seen_by_all_at_once(s3: Clients) -> None:
    s3["gateway-1"].create_bucket(Bucket="shared")
    for number, (writer, reader) in enumerate(zip(WORKERS, WORKERS[1:] + WORKERS[:1], strict=True)):
        for body in (b"small", bytes(1 << 20), b"replaced"):
            s3[writer].put_object(Bucket="shared", Key=f"{number}", Body=body)
            assert s3[reader].get_object(Bucket="shared", Key=f"{number}")["Body"].read() == body
        s3[reader].delete_object(Bucket="shared", Key=f"{number}")
        assert refusal(s3[writer].get_object, Bucket="shared", Key=f"{number}").code == "NoSuchKey"


def test_the_parts_of_an_upload_may_come_through_any(s3: Clients) -> None:
    first, second, third = (s3[worker] for worker in WORKERS)
    first.create_bucket(Bucket="parts")
    upload = {
        "Bucket": "parts",
        "Key": "whole",
        "UploadId": second.create_multipart_upload(Bucket="parts", Key="whole")["UploadId"],
    }
    parts = []
    for number, client in enumerate((third, first, second), start=1):
        etag = client.upload_part(**upload, PartNumber=number, Body=bytes([number]) * PART)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    assert len(first.list_parts(**upload)["Parts"]) == 3
    third.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    body = first.get_object(Bucket="parts", Key="whole")["Body"].read()
    assert body == bytes([1]) * PART + bytes([2]) * PART + bytes([3]) * PART


def test_a_new_endpoint_is_known_to_all_and_so_is_its_end(platform: RunningPlatform) -> None:
    flow = Flow(platform)
    model = flow.train()
    runtimes = [connect(platform, worker, "sagemaker-runtime") for worker in WORKERS]
    endpoint = flow.host(model)
    request = {"EndpointName": endpoint, "ContentType": "text/csv", "Body": "3"}
    for runtime in runtimes:
        answer = runtime.invoke_endpoint(**request)["Body"].read()
        assert abs(float(answer) - 6) < 1
    flow.take_down(endpoint)
    for runtime in runtimes:
        refused = refusal(runtime.invoke_endpoint, **request)
        assert refused.code == "ValidationError"
        assert f"Endpoint {endpoint}" in refused.message


@pytest.mark.parametrize("worker", WORKERS)
def test_the_others_serve_while_one_is_replaced(platform: RunningPlatform, worker: str) -> None:
    before = pids(platform)
    os.kill(before[worker], signal.SIGKILL)
    for _ in range(20):
        assert platform.client("sts").get_caller_identity()["Account"] == platform.account
    after = wait_for(lambda: replaced(platform, before, worker), what=f"another {worker}")
    assert {role for role in before if after[role] != before[role]} == {worker}
    assert f"{worker} ended with code -9" in read_logs(platform.data_dir)
    assert connect(platform, worker, "s3").list_buckets()


def connect(platform: RunningPlatform, worker: str, service: str) -> Any:
    """A client whose connection is with that worker: while it was opened the others stood still."""
    client = platform.client(service)
    with only(platform, worker):
        if service == "s3":
            client.list_buckets()
        else:
            refusal(client.invoke_endpoint, EndpointName="none", Body=b"")
    return client


@contextmanager
def only(platform: RunningPlatform, worker: str) -> Iterator[None]:
    """Let the other workers stand still."""
    others = [pid for role, pid in pids(platform).items() if role in set(WORKERS) - {worker}]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def replaced(platform: RunningPlatform, before: Mapping[str, int], worker: str) -> dict[str, int] | None:
    """The processes, once the worker is another one."""
    now = pids(platform)
    return now if now.get(worker) not in {None, before[worker]} else None


def pids(platform: RunningPlatform) -> dict[str, int]:
    """The processes that live now, by role."""
    record = read_record(platform.data_dir)
    assert record is not None
    return {process.role: process.pid for process in record.processes}
