"""The servers some tests need: a Docker engine, PostgreSQL. Missing ones skip, or fail where required."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

from clary.runtimes.engine_probe import try_engine

DATABASE_VARIABLE = "CLARY_TEST_DATABASE_URL"


def require_docker() -> None:
    """Skip the test where no engine answers; fail it where CLARY_REQUIRE_DOCKER is set."""
    if (problem := _docker_problem()) is not None:
        miss_docker(f"no Docker engine: {problem}")


def require_postgres() -> None:
    """Skip the test where no server is named; fail it where CLARY_REQUIRE_POSTGRES is set."""
    if DATABASE_VARIABLE not in os.environ:
        miss_postgres(f"{DATABASE_VARIABLE} names no PostgreSQL server")


def miss_docker(reason: str) -> NoReturn:
    """Skip the test for a reason; fail it where CLARY_REQUIRE_DOCKER is set."""
    _miss("CLARY_REQUIRE_DOCKER", reason)


def miss_postgres(reason: str) -> NoReturn:
    """Skip the test for a reason; fail it where CLARY_REQUIRE_POSTGRES is set."""
    _miss("CLARY_REQUIRE_POSTGRES", reason)


def sqlite_url(folder: Path) -> str:
    """A new SQLite file."""
    return f"sqlite:///{folder / 'test.db'}"


@contextmanager
def postgres_url() -> Iterator[str]:
    """A schema of its own on the server that the environment names."""
    server = sa.make_url(os.environ[DATABASE_VARIABLE]).set(drivername="postgresql+psycopg")
    name = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    try:
        url = server.update_query_dict({"options": f"-csearch_path={name}"})
        yield url.render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.schema.DropSchema(name, cascade=True))


@cache
def _docker_problem() -> str | None:
    # Asked without the Docker SDK: it leaves a socket open where nothing answers.
    return try_engine()


def _miss(variable: str, reason: str) -> NoReturn:
    if os.environ.get(variable):
        pytest.fail(f"{reason}, and {variable} is set")
    pytest.skip(reason)
