"""Kill -9 of the controller and of gateways at every boundary between two steps: nothing lost or doubled.

On SQLite every boundary is taken, on PostgreSQL the moment after each commit: what happens between the
commits is the same there.
"""

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest

from support.endpoints import Endpoints, new_name, traffic
from support.instances import ProcessMachine
from support.jobs import Jobs, channel, statuses
from support.patience import do_once
from support.remains import wait_clean, wait_no_garbage
from support.waiting import wait_for

MIB = 1024 * 1024
# Without structure, so that what is packed of it is too large to be kept in the database.
ROWS = random.Random(0).randbytes(100_000)
SCRIPT = (
    "echo begin; cp input/data/train/rows model/rows-$CURRENT_HOST; echo working; sleep 0.2; "
    "echo $CURRENT_HOST > output/data/$CURRENT_HOST; echo end"
)
LINES = ["begin", "working", "end"]
ROLES = ["controller", "gateway"]
# One gateway worker is enough where it is the controller that dies.
WORKERS = {"controller": "1", "gateway": "2"}

pytestmark = pytest.mark.timeout(900)


@contextmanager
def serving(prey: Any, role: str) -> Iterator[str]:
    """An endpoint under traffic: no request may fail whatever is killed, nor its instance be replaced.

    Requests break with the gateway that has them: then, and only then, they are repeated as boto3 does.
    """
    endpoints = Endpoints(prey.patient if role == "gateway" else prey.platform, ProcessMachine())
    with endpoints.serving_toy("steady") as name:
        (instance,) = endpoints.instance_ids(name)
        with traffic(endpoints, name, threads=1, pause=0.05) as running:
            yield instance
            running.wait_more(10)
        assert running.errors == []
        assert endpoints.instance_ids(name) == [instance]


@pytest.mark.parametrize("role", ROLES)
def test_a_training_job_ends_completed_once(start: Callable[..., Any], role: str) -> None:
    prey = start("--workers", WORKERS[role])
    jobs = Jobs(prey.patient)
    rows = jobs.put({"rows": ROWS})
    with serving(prey, role) as steady:

        def train() -> None:
            request = jobs.request(
                SCRIPT, hosts=2, InputDataConfig=[channel("train", rows)], EnableNetworkIsolation=True
            )
            do_once(jobs.sagemaker.create_training_job, done="already exists", **request)
            name = request["TrainingJobName"]
            described = jobs.finish(name)
            assert jobs.lines(name) == LINES * 2
            assert len(jobs.streams(name)) == 2
            assert statuses(described) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
            entered = [each["Status"] for each in described["SecondaryStatusTransitions"]]
            assert {entered.count(each) for each in ("Training", "Uploading", "Completed")} == {1}
            output = described["ModelArtifacts"]["S3ModelArtifacts"].removesuffix("model.tar.gz")
            assert jobs.unpack(f"{output}output.tar.gz") == {"algo-1": "algo-1\n", "algo-2": "algo-2\n"}
            assert jobs.keys(output) == {"model.tar.gz", "output.tar.gz"}
            wait_clean(prey.platform, containers=[steady], database_url=prey.database_url)

        prey.killings.walk(role, train, at_least=10 if role == "controller" else 3)
        wait_no_garbage(prey.platform, jobs.s3)


@pytest.mark.parametrize("role", ROLES)
def test_an_endpoint_comes_into_service_and_goes_once(start: Callable[..., Any], role: str) -> None:
    prey = start("--workers", WORKERS[role])
    endpoints = Endpoints(prey.patient, ProcessMachine())
    config = endpoints.create_config({"ModelName": endpoints.create_toy("toy")})
    with serving(prey, role) as steady:

        def create_and_delete() -> None:
            name = new_name("endpoint")
            create, delete = endpoints.sagemaker.create_endpoint, endpoints.sagemaker.delete_endpoint
            do_once(create, done="already exist", EndpointName=name, EndpointConfigName=config)
            endpoints.wait_in_service(name)
            assert endpoints.ask(name)["name"] == "toy"
            (instance,) = endpoints.instance_ids(name)
            check_started_once(endpoints, name)
            wait_clean(prey.platform, containers=[steady, instance], database_url=prey.database_url)
            do_once(delete, done="Could not find endpoint", EndpointName=name)
            wait_for(lambda: not endpoints.exists(name), what=f"the end of {name}")
            wait_clean(prey.platform, containers=[steady], database_url=prey.database_url)

        prey.killings.walk(role, create_and_delete, at_least=10 if role == "controller" else 1)


@pytest.mark.parametrize("role", ROLES)
def test_an_endpoint_is_updated_once_and_never_stops_serving(start: Callable[..., Any], role: str) -> None:
    prey = start("--workers", WORKERS[role])
    endpoints = Endpoints(prey.patient, ProcessMachine())
    first, second = ({"ModelName": endpoints.create_toy(toy)} for toy in ("first", "second"))
    turns = cycle([("second", endpoints.create_config(second)), ("first", endpoints.create_config(first))])
    user = endpoints if role == "gateway" else Endpoints(prey.platform, ProcessMachine())
    with (
        endpoints.serving(first) as name,
        traffic(user, name, threads=1, pause=0.05) as running,
    ):

        def update() -> None:
            toy, config = next(turns)
            before = endpoints.instance_ids(name)
            do_once(
                endpoints.sagemaker.update_endpoint,
                done="Cannot update in-progress endpoint",
                EndpointName=name,
                EndpointConfigName=config,
            )
            described = endpoints.wait_in_service(name)
            assert described["EndpointConfigName"] == config
            assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
            wait_for(lambda: {each["name"] for each in running.wait_more(2)} == {toy}, what="the update")
            *old, new = endpoints.instance_ids(name)
            assert old == before
            check_started_once(endpoints, name)
            wait_clean(prey.platform, containers=[new], database_url=prey.database_url)

        prey.killings.walk(role, update, at_least=10 if role == "controller" else 0)
        assert running.errors == []


def check_started_once(endpoints: Endpoints, name: str) -> None:
    """Each instance that ever was has a log stream of its own, in which it says once that it starts."""
    pages = endpoints.logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/sagemaker/Endpoints/{name}", filterPattern="toy starts"
    )
    starts = [event["message"] for page in pages for event in page["events"]]
    assert len(starts) == len(endpoints.instance_ids(name)), starts


def test_a_multipart_upload_keeps_every_part_that_was_acknowledged(start: Callable[..., Any]) -> None:
    prey = start("--workers", "2")
    s3 = prey.patient.client("s3")
    s3.create_bucket(Bucket="uploads")
    numbers = iter(range(10_000))

    def upload() -> None:
        key = f"key-{next(numbers)}"
        parts = [
            random.Random(f"{key}-{number}").randbytes(size) for number, size in ((1, 5 * MIB), (2, MIB))
        ]
        named = {"Bucket": "uploads", "Key": key}
        named["UploadId"] = s3.create_multipart_upload(**named)["UploadId"]
        etags = []
        for number, body in enumerate(parts, start=1):
            etags.append(s3.upload_part(**named, PartNumber=number, Body=body)["ETag"])
            assert [part["ETag"] for part in s3.list_parts(**named)["Parts"]] == etags
        replaced = s3.upload_part(**named, PartNumber=2, Body=parts[1][::-1])["ETag"]
        listed = [{"PartNumber": 1, "ETag": etags[0]}, {"PartNumber": 2, "ETag": replaced}]
        s3.complete_multipart_upload(**named, MultipartUpload={"Parts": listed})
        body = s3.get_object(Bucket="uploads", Key=key)["Body"].read()
        assert hashlib.sha256(body).digest() == hashlib.sha256(parts[0] + parts[1][::-1]).digest()

        given_up = {"Bucket": "uploads", "Key": f"{key}-given-up"}
        given_up["UploadId"] = s3.create_multipart_upload(**given_up)["UploadId"]
        s3.upload_part(**given_up, PartNumber=1, Body=parts[1])
        do_once(s3.abort_multipart_upload, done="NoSuchUpload", **given_up)
        for each in s3.list_multipart_uploads(Bucket="uploads").get("Uploads", []):
            # Its answer was lost and boto3 asked for another: as on AWS, it is there until it is aborted.
            unknown = {name: each[name] for name in ("Key", "UploadId")}
            s3.abort_multipart_upload(Bucket="uploads", **unknown)
        wait_no_garbage(prey.platform, s3)

    prey.killings.walk("gateway", upload, at_least=8)
