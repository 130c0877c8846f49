"""A wire with a router, and endpoints whose instances are toy containers."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from clary.aws.exchange import Exchange
from clary.hosting.router import Router
from clary.kernel import clock, ids
from clary.kernel.platform import Platform
from clary.resources.endpoint.instances import announce
from clary.settings import Settings
from clary.store.tables import InstanceRow, ResourceRow
from support.containers import ToyContainer
from support.wire import ACCOUNT, REGION, WireServer, wire_server

Variants = Mapping[str, tuple[float, Sequence[ToyContainer | int]]]


class RouterInThread(Router):
    """A router that can be closed from another thread than its server's."""

    loop: asyncio.AbstractEventLoop | None = None

    async def handle(self, exchange: Exchange) -> None:
        self.loop = asyncio.get_running_loop()
        await super().handle(exchange)

    def close_from_outside(self) -> None:
        """Close in the loop that served; nothing was opened where no request came."""
        if self.loop is not None:
            asyncio.run_coroutine_threadsafe(self.close(), self.loop).result(30)


class Hosting:
    """Writes endpoints as the controller does, and invokes them as users do."""

    def __init__(self, wire: WireServer) -> None:
        self.wire = wire
        self.database = wire.platform.database
        self.runtime = wire.client("sagemaker-runtime")

    def add_endpoint(self, variants: Variants, *, name: str = "", region: str = REGION) -> str:
        """An endpoint that serves: weight and instances (containers, or bare ports) of each variant."""
        name = name or f"endpoint-{ids.new_uid(8)}"
        with self.database.write() as session:
            row = ResourceRow(
                uid=ids.new_uid(),
                account=ACCOUNT,
                region=region,
                kind="Endpoint",
                name=name,
                arn=f"arn:aws:sagemaker:{region}:{ACCOUNT}:endpoint/{name}",
                status="InService",
                spec={},
                state={"routing": _routing(variants, generation=1)},
                created_at=clock.now(),
                modified_at=clock.now(),
            )
            session.add(row)
            session.flush()
            session.add_all(_instances(row.id, variants, generation=1))
            announce(session)
        return name

    def update_endpoint(self, name: str, variants: Variants, *, generation: int) -> None:
        """Move traffic to new instances."""
        with self.database.write() as session:
            row = session.scalars(sa.select(ResourceRow).where(ResourceRow.name == name)).one()
            row.state = {"routing": _routing(variants, generation=generation)}
            session.add_all(_instances(row.id, variants, generation=generation))
            announce(session)

    def change_endpoint(self, name: str, **values: Any) -> None:
        """Write columns of the endpoint's row."""
        with self.database.write() as session:
            session.execute(sa.update(ResourceRow).where(ResourceRow.name == name).values(**values))
            announce(session)

    def change_instances(self, port: int, state: str) -> None:
        """Give the instance at this port another state."""
        with self.database.write() as session:
            session.execute(sa.update(InstanceRow).where(InstanceRow.port == port).values(state=state))
            announce(session)

    def invoke(self, name: str, body: bytes = b"1,2\n", **members: Any) -> dict[str, Any]:
        """InvokeEndpoint through boto3."""
        answer: dict[str, Any] = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **members)
        return answer

    def described(self, name: str, **members: Any) -> dict[str, Any]:
        """What the container that answered saw."""
        seen: dict[str, Any] = json.loads(self.invoke(name, **members)["Body"].read())
        return seen


def _routing(variants: Variants, *, generation: int) -> dict[str, Any]:
    weights = {name: {"weight": weight} for name, (weight, _) in variants.items()}
    return {"generation": generation, "config": "config", "variants": weights}


def _instances(endpoint: int, variants: Variants, *, generation: int) -> Iterator[InstanceRow]:
    for variant, (_, instances) in variants.items():
        for instance in instances:
            yield InstanceRow(
                id=f"i-{ids.new_uid()}",
                endpoint_id=endpoint,
                generation=generation,
                variant=variant,
                host="127.0.0.1",
                port=instance if isinstance(instance, int) else instance.port,
                state="Healthy",
                container="toy",
                created_at=clock.now(),
                changed_at=clock.now(),
            )


@pytest.fixture
def make_hosting(tmp_path: Path) -> Iterator[Callable[..., Hosting]]:
    """``make_hosting(answer_seconds=…)``: a wire whose router has other limits."""
    with ExitStack() as stack:

        def make(**limits: Any) -> Hosting:
            platform = Platform.open(Settings(data_dir=tmp_path))
            stack.callback(platform.database.dispose)
            router = RouterInThread(platform, **limits)
            wire = stack.enter_context(wire_server(tmp_path, {"sagemaker-runtime": router}))
            stack.callback(router.close_from_outside)
            return Hosting(wire)

        yield make


@pytest.fixture
def hosting(make_hosting: Callable[..., Hosting]) -> Hosting:
    """A wire with the usual limits."""
    return make_hosting()


@pytest.fixture
def container() -> Iterator[Callable[[str], ToyContainer]]:
    """``container("a")`` starts a toy container; all are stopped at the end."""
    started: list[ToyContainer] = []

    def start(name: str) -> ToyContainer:
        started.append(ToyContainer(name))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def dead_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
