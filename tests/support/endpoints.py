"""Models and endpoints as a user runs them, through boto3; their servers are XGBoost, or one that obeys."""

import io
import json
import tarfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from support.instances import Machine
from support.running import RunningPlatform
from support.waiting import wait_for

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
VARIANT = "AllTraffic"
Described = dict[str, Any]


class Endpoints:
    """One user of one platform, with a bucket of its own. What is created gets names of its own."""

    def __init__(self, platform: RunningPlatform, machine: Machine) -> None:
        self.platform = platform
        self.machine = machine
        self.sagemaker = platform.client("sagemaker")
        self.runtime = platform.client("sagemaker-runtime")
        self.s3 = platform.client("s3")
        self.logs = platform.client("logs")
        self.role = f"arn:aws:iam::{platform.account}:role/ClaryExecutionRole"
        self.bucket = f"models-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket)
        self._stored: dict[tuple[tuple[str, bytes], ...], str] = {}

    def put_archive(self, files: Mapping[str, bytes]) -> str:
        """Store a model.tar.gz, once for the same files; its URI."""
        key = tuple(sorted(files.items()))
        if key not in self._stored:
            self._stored[key] = self.put(pack(files))
        return self._stored[key]

    def put(self, body: bytes) -> str:
        """Store an object; its URI."""
        key = f"{uuid.uuid4().hex[:8]}/model.tar.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def create_model(self, data: str | None, *, image: str = XGBOOST, **environment: str) -> str:
        """A model of the artifacts at a URI."""
        container: dict[str, Any] = {"Image": image, "Environment": environment}
        if data is not None:
            container["ModelDataUrl"] = data
        name = new_name("model")
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.role, PrimaryContainer=container)
        return name

    def create_toy(self, toy: str = "toy", *, start: str = "serve") -> str:
        """A model whose server obeys: see support/toy_server.py."""
        data = self.put_archive({"code/sitecustomize.py": toy_source()})
        return self.create_model(data, PYTHONPATH="/opt/ml/model/code", TOY_NAME=toy, TOY_START=start)

    def create_config(self, *variants: Mapping[str, Any]) -> str:
        """An endpoint configuration; of each variant only what is not usual has to be given."""
        name = new_name("config")
        usual = {"VariantName": VARIANT, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[usual | dict(variant) for variant in variants]
        )
        return name

    def create(self, *variants: Mapping[str, Any]) -> str:
        """An endpoint, as yet being created."""
        name = new_name("endpoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.create_config(*variants))
        return name

    @contextmanager
    def serving(self, *variants: Mapping[str, Any]) -> Iterator[str]:
        """An endpoint in service, deleted at the end of the block."""
        name = self.create(*variants)
        try:
            self.wait_in_service(name)
            yield name
        finally:
            self.delete(name)

    @contextmanager
    def serving_toy(self, toy: str = "toy", *, count: int = 1) -> Iterator[str]:
        """An endpoint in service with a server that obeys."""
        with self.serving({"ModelName": self.create_toy(toy), "InitialInstanceCount": count}) as name:
            yield name

    def describe(self, name: str) -> Described:
        """DescribeEndpoint."""
        described: Described = self.sagemaker.describe_endpoint(EndpointName=name)
        return described

    def wait_settled(self, name: str, *, seconds: float = 60.0) -> Described:
        """Wait until nothing is under way any more."""
        ends = {"InService", "Failed"}

        def look() -> Described | None:
            described = self.describe(name)
            return described if described["EndpointStatus"] in ends else None

        found = wait_for(look, seconds=seconds, what=f"{name} settled")
        assert found is not None
        return found

    def wait_in_service(self, name: str, *, seconds: float = 60.0) -> Described:
        """Wait until it serves."""
        described = self.wait_settled(name, seconds=seconds)
        assert described["EndpointStatus"] == "InService", described.get("FailureReason")
        return described

    def wait_instances(self, name: str, count: int, *, seconds: float = 60.0) -> None:
        """Wait until the only variant has so many healthy instances."""

        def is_whole() -> bool:
            (variant,) = self.describe(name)["ProductionVariants"]
            return bool(variant["CurrentInstanceCount"] == count)

        wait_for(is_whole, seconds=seconds, what=f"{count} instances of {name}")

    def delete(self, name: str) -> None:
        """Delete it and wait until it is gone."""
        if self.exists(name):
            self.sagemaker.delete_endpoint(EndpointName=name)
            wait_for(lambda: not self.exists(name), what=f"the end of {name}")

    def exists(self, name: str) -> bool:
        """Whether the endpoint can be described."""
        try:
            self.describe(name)
        except self.sagemaker.exceptions.ClientError as error:
            if "Could not find endpoint" in str(error):
                return False
            raise
        return True

    def invoke(self, name: str, body: bytes | str = b"hello", **members: Any) -> Any:
        """InvokeEndpoint, with the answer's body read."""
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **members)
        return answer | {"Body": answer["Body"].read()}

    def ask(self, name: str, **order: Any) -> dict[str, Any]:
        """What the server that obeys answers."""
        body = json.dumps(order) if order else "hello"
        answer: dict[str, Any] = json.loads(self.invoke(name, body, ContentType="application/json")["Body"])
        return answer

    def instance_ids(self, name: str) -> list[str]:
        """The instances that ever were, oldest first, as the endpoint's log streams name them."""
        pages = self.logs.get_paginator("describe_log_streams").paginate(
            logGroupName=f"/aws/sagemaker/Endpoints/{name}"
        )
        streams = [stream for page in pages for stream in page["logStreams"]]
        ordered = sorted(streams, key=lambda stream: stream["creationTime"])
        return [stream["logStreamName"].rpartition("/")[2] for stream in ordered]

    def wait_gone(self, *instance_ids: str) -> None:
        """Wait until nothing of the instances runs any more."""
        for instance_id in instance_ids:
            wait_for(lambda id_=instance_id: not self.machine.is_running(id_), what=f"end of {instance_id}")

    def read_log(self, name: str) -> list[str]:
        """All lines of all instances."""
        events = self.logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{name}")["events"]
        return [event["message"] for event in events]


class Traffic:
    """Threads that invoke an endpoint all the time, and what they were answered.

    ``pause`` is what each waits (seconds) between two requests.
    """

    def __init__(self, endpoints: Endpoints, name: str, *, threads: int, pause: float = 0.0) -> None:
        self.errors: list[str] = []
        self._answers: list[dict[str, Any]] = []
        self._endpoints = endpoints
        self._name = name
        self._pause = pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _run(self) -> None:
        runtime = self._endpoints.platform.client("sagemaker-runtime")
        while not self._stop.wait(self._pause):
            try:
                answer = runtime.invoke_endpoint(EndpointName=self._name, Body=b"traffic")
                body = json.loads(answer["Body"].read())
            except Exception as error:
                self.errors.append(f"{time.time()}: {error}")
            else:
                self._answers.append(body | {"variant": answer["InvokedProductionVariant"]})

    def counts(self, member: str) -> Counter[str]:
        """How many answers there were so far, by one of their members."""
        return Counter(answer[member] for answer in list(self._answers))

    def wait_more(self, count: int = 40) -> list[dict[str, Any]]:
        """The next so many answers from now on, and any that come with them."""
        before = len(self._answers)
        wait_for(lambda: len(self._answers) >= before + count, what=f"{count} more answers")
        return self._answers[before:]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def traffic(endpoints: Endpoints, name: str, *, threads: int = 2, pause: float = 0.0) -> Iterator[Traffic]:
    """Constant traffic for the length of the block."""
    running = Traffic(endpoints, name, threads=threads, pause=pause)
    running.start()
    try:
        running.wait_more(1)
        yield running
    finally:
        running.stop()


def new_name(what: str) -> str:
    """A name that nobody has."""
    return f"{what}-{uuid.uuid4().hex[:16]}"


@cache
def toy_source() -> bytes:
    """The program of the server that obeys."""
    return (Path(__file__).parent / "toy_server.py").read_bytes()


def pack(files: Mapping[str, bytes]) -> bytes:
    """A tar.gz of the files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def to_rows(values: Sequence[Sequence[float]]) -> str:
    """Feature rows as CSV."""
    return "\n".join(",".join(map(repr, row)) for row in values)
