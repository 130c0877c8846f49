"""Lists: every row once, in order, filtered before the page is cut, whatever is added meanwhile."""

import dataclasses

import pytest
import sqlalchemy as sa

from clary.kernel import pages, repository
from clary.kernel.errors import ValidationError
from clary.kernel.pages import Query
from clary.kernel.platform import Platform
from clary.kernel.scope import Scope
from support.kernel import LAMP, SCOPE, create_lamp

QUERY = Query(scope=SCOPE, kind="Lamp", limit=3)


def _names(platform: Platform, query: Query) -> list[str]:
    names: list[str] = []
    while True:
        with platform.database.read() as session:
            page = pages.select_page(session, query)
        assert len(page.rows) <= query.limit
        names += [row.name for row in page.rows]
        if page.token is None:
            return names
        query = dataclasses.replace(query, token=page.token)


@pytest.mark.parametrize("sort", list(pages.SORTS))
@pytest.mark.parametrize("descending", [False, True])
def test_pages_follow_every_sort_and_hold_each_row_once(
    platform: Platform, sort: str, descending: bool
) -> None:
    made = ["delta", "Alpha", "charlie", "bravo", "echo", "Zulu", "yankee"]
    for number, name in enumerate(made):
        row = create_lamp(platform, name)
        if number % 2:
            with platform.database.write() as session:
                repository.transition(session, row.id, LAMP, "On")
    names = _names(platform, dataclasses.replace(QUERY, sort=sort, descending=descending))
    assert sorted(names) == sorted(made)
    if sort == "Name":
        assert names == sorted(made, reverse=descending)
    if sort == "CreationTime":
        assert names == (made[::-1] if descending else made)
    if sort == "Status":
        off = names[3:] if descending else names[:4]
        assert set(off) == set(made[::2])


def test_filters_apply_before_the_page_is_cut(platform: Platform) -> None:
    for number in range(9):
        create_lamp(platform, f"{'red' if number % 3 == 0 else 'blue'}_{number}")
    create_lamp(platform, "red_other", scope=Scope("111111111111", SCOPE.region))
    wanted = ["red_0", "red_3", "red_6"]
    assert _names(platform, dataclasses.replace(QUERY, name_contains="red_")) == wanted
    assert _names(platform, dataclasses.replace(QUERY, name_contains="RED_")) == []
    assert _names(platform, dataclasses.replace(QUERY, name_contains="%")) == []
    assert _names(platform, dataclasses.replace(QUERY, status="On")) == []


def test_time_filters_are_inclusive(platform: Platform) -> None:
    rows = [create_lamp(platform, name) for name in ("first", "second", "third")]
    between = dataclasses.replace(QUERY, created_after=rows[1].created_at, created_before=rows[1].created_at)
    assert _names(platform, between) == ["second"]
    assert _names(platform, dataclasses.replace(QUERY, modified_after=rows[2].modified_at)) == ["third"]


def test_rows_added_while_paging_do_not_disturb_the_pages(platform: Platform) -> None:
    for number in range(5):
        create_lamp(platform, f"lamp-{number}")
    with platform.database.read() as session:
        first = pages.select_page(session, dataclasses.replace(QUERY, descending=True))
    create_lamp(platform, "newest")
    rest = _names(platform, dataclasses.replace(QUERY, descending=True, token=first.token))
    assert [row.name for row in first.rows] + rest == [f"lamp-{number}" for number in range(4, -1, -1)]


@pytest.mark.parametrize("token", ["", "not base64!", "bnVsbA==", "W10="])
def test_a_bad_token_is_refused(platform: Platform, token: str) -> None:
    with pytest.raises(ValidationError, match="token"), platform.database.read() as session:
        pages.select_page(session, dataclasses.replace(QUERY, token=token))


def test_a_token_of_another_sort_is_refused(platform: Platform) -> None:
    for number in range(5):
        create_lamp(platform, f"lamp-{number}")
    with platform.database.read() as session:
        token = pages.select_page(session, QUERY).token
        with pytest.raises(ValidationError, match="another sort"):
            pages.select_page(session, dataclasses.replace(QUERY, sort="Name", token=token))


@pytest.mark.parametrize("sort", ["Name", "CreationTime", "LastModifiedTime", "Status"])
def test_no_sort_scans_all_rows(platform: Platform, sort: str) -> None:
    statement = pages.statement(dataclasses.replace(QUERY, sort=sort))
    with platform.database.read() as session:
        if platform.database.is_sqlite:
            compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
            plan = " ".join(str(row) for row in session.execute(sa.text(f"EXPLAIN QUERY PLAN {compiled}")))
            assert "USING INDEX" in plan
            assert "TEMP B-TREE" not in plan
        else:
            session.execute(sa.text("SET LOCAL enable_seqscan = off"))
            session.execute(sa.text("SET LOCAL enable_sort = off"))
            compiled = statement.compile(session.connection(), compile_kwargs={"literal_binds": True})
            plan = " ".join(str(row) for row in session.execute(sa.text(f"EXPLAIN {compiled}")))
            assert "Index" in plan
