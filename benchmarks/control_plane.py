"""Create, describe and list models: a durable control plane against moto's, which keeps all in memory."""

import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import count
from pathlib import Path

from kit.load import Load, send
from kit.requests import Signer
from kit.results import AtLeast, Comparison, Finding, Report
from kit.servers import Platform, find_free_port, running_platform, running_server, temporary_folder

REPETITIONS = 5
REQUESTS = 200
LISTS = 40
PAGE = 50
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


class Models:
    """The requests of one side; models are numbered through."""

    def __init__(self, signer: Signer, role: str) -> None:
        self.signer = signer
        self._role = role
        self._numbers: Iterator[int] = count()

    def create(self) -> list[bytes]:
        return [self._create(next(self._numbers)) for _ in range(REQUESTS)]

    def describe(self) -> list[bytes]:
        return [self.signer.sagemaker("DescribeModel", ModelName=f"model-{n:06}") for n in range(REQUESTS)]

    def list(self) -> list[bytes]:
        return [self.signer.sagemaker("ListModels", MaxResults=PAGE)] * LISTS

    def _create(self, number: int) -> bytes:
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://models/{number}/model.tar.gz"}
        return self.signer.sagemaker(
            "CreateModel",
            ModelName=f"model-{number:06}",
            PrimaryContainer=container,
            ExecutionRoleArn=self._role,
            Tags=[{"Key": "project", "Value": "bench"}],
        )


def measure() -> Report:
    """Bursts on ours and on moto in turns, over one connection and over eight."""
    report = Report("Control plane: models, durably stored", f"moto {version('moto')} (in memory)")
    port = find_free_port()
    moto = [str(Path(sys.executable).with_name("moto_server")), "--port", str(port)]
    with (
        temporary_folder() as folder,
        running_platform(folder / "data", "--runtime", "process") as ours,
        running_server(moto, port=port) as address,
    ):
        sides = _sides(ours, Signer(address, "AKIAMOTO", "secret"))
        for connections in (1, 8):
            loads = _measure(sides, connections)
            report.findings += [_find(name, connections, *loads[name]) for name in loads]
    report.notes.append(
        f"{REQUESTS} requests a burst ({LISTS} lists of {PAGE} models), {REPETITIONS} bursts a side"
    )
    return report


def _sides(ours: Platform, moto: Signer) -> tuple[Models, Models]:
    return Models(ours.signer, ours.role), Models(moto, ours.role)


def _measure(sides: tuple[Models, Models], connections: int) -> dict[str, tuple[list[Load], list[Load]]]:
    loads: dict[str, tuple[list[Load], list[Load]]] = {
        name: ([], []) for name in ("create", "describe", "list")
    }
    for _ in range(REPETITIONS):
        for name, found in loads.items():
            for side, of_side in zip(sides, found, strict=True):
                requests = getattr(side, name)()
                of_side.append(send(side.signer.address, requests, connections=connections))
    return loads


def _find(name: str, connections: int, ours: list[Load], peer: list[Load]) -> Finding:
    return Finding(
        name=f"{name}, {connections} connection{'s' if connections > 1 else ''}",
        unit="/s",
        ours=[load.rate for load in ours],
        peer=[load.rate for load in peer],
        compare=Comparison.RATIO,
        rule=AtLeast(2.0),
    )
