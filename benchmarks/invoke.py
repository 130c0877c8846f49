"""InvokeEndpoint through the gateway, its signature verified, against a call of the container itself."""

import io
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import xgboost
from kit.load import Address, Load, send
from kit.requests import compose
from kit.results import AtMost, Comparison, Finding, Report
from kit.servers import Platform, running_platform, temporary_folder

REPETITIONS = 15
REQUESTS = 200
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
NAME = "bench"
PATIENCE = {"Delay": 1, "MaxAttempts": 120}


def measure() -> Report:
    """Bursts through the gateway and at the container in turns, over one connection and over eight."""
    report = Report("InvokeEndpoint through the gateway: median latency", "the container itself")
    row = ",".join(f"{value:.4f}" for value in np.random.default_rng(1).normal(size=8)).encode()
    with (
        temporary_folder() as folder,
        running_platform(folder, "--runtime", "process") as platform,
        _deployed(platform),
    ):
        container = _find_container(platform)
        direct = compose(
            "POST",
            "/invocations",
            {"Host": "{}:{}".format(*container), "Content-Type": "text/csv"},
            row,
        )
        signed = platform.signer.invocation(NAME, row)
        for connections in (1, 8):
            ours: list[Load] = []
            peer: list[Load] = []
            for _ in range(REPETITIONS):
                ours.append(send(platform.address, [signed] * REQUESTS, connections=connections))
                peer.append(send(container, [direct] * REQUESTS, connections=connections))
            report.findings.append(_find(connections, ours, peer))
    report.notes.append(
        f"one CSV row of 8 features; {REQUESTS} requests a burst, {REPETITIONS} bursts a side"
    )
    return report


def _find(connections: int, ours: list[Load], peer: list[Load]) -> Finding:
    return Finding(
        name="p50, one request at a time" if connections == 1 else f"p50, {connections} at a time",
        unit="ms",
        ours=[load.p50 for load in ours],
        peer=[load.p50 for load in peer],
        compare=Comparison.DIFFERENCE,
        rule=AtMost(1.0),
    )


@contextmanager
def _deployed(platform: Platform) -> Iterator[None]:
    """An endpoint with one instance of a small model, in service for the length of the block."""
    s3, sagemaker = platform.client("s3"), platform.client("sagemaker")
    s3.create_bucket(Bucket="models")
    s3.put_object(Bucket="models", Key="model.tar.gz", Body=_pack_model())
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
    sagemaker.create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=platform.role)
    variant = {
        "VariantName": "all",
        "ModelName": NAME,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    try:
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=NAME, WaiterConfig=PATIENCE)
        yield
    finally:
        # Containers outlive the platform: only the end of their endpoint stops them.
        sagemaker.delete_endpoint(EndpointName=NAME)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=NAME, WaiterConfig=PATIENCE)


def _pack_model() -> bytes:
    random = np.random.default_rng(0)
    features = random.normal(size=(500, 8))
    matrix = xgboost.DMatrix(features, features.sum(axis=1))
    model = bytes(xgboost.train({"max_depth": 4}, matrix, num_boost_round=50).save_raw("ubj"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("xgboost-model")
        member.size = len(model)
        archive.addfile(member, io.BytesIO(model))
    return packed.getvalue()


def _find_container(platform: Platform) -> Address:
    with closing(sqlite3.connect(platform.data_dir / "clary.db")) as database:
        host, port = database.execute("SELECT host, port FROM instances WHERE state = 'Healthy'").fetchone()
    return host, port
