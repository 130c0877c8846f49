"""Bearer tokens in the database, on both databases."""

from collections.abc import Iterator

import pytest

from clary.store import Database, migrate
from clary.store.tokens import create_token, delete_token, find_token, list_tokens, mark_used


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    migrate.upgrade(database_url)
    database = Database(database_url)
    yield database
    database.dispose()


def make(database: Database, name: str, *, at: int) -> str:
    with database.write() as session:
        return create_token(
            session, name=name, account="123456789012", region="eu-west-1", created_at=at, expires_at=None
        )


def test_a_token_is_found_until_it_is_deleted(database: Database) -> None:
    token, other = make(database, "one", at=2), make(database, "two", at=1)
    with database.write() as session:
        found = find_token(session, token)
        assert found is not None
        assert (found.name, found.account, found.region, found.last_used_at) == (
            "one",
            "123456789012",
            "eu-west-1",
            None,
        )
        assert token not in {found.digest, found.prefix}
        mark_used(session, found, 7)
        assert find_token(session, f"{token}x") is None
    with database.read() as session:
        assert [(row.name, row.last_used_at) for row in list_tokens(session)] == [("two", None), ("one", 7)]
    with database.write() as session:
        assert delete_token(session, found.prefix)
        assert not delete_token(session, found.prefix)
        assert find_token(session, token) is None
        assert find_token(session, other) is not None
