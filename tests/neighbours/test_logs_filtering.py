import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.refusing import refusal

Write = Callable[..., Path]
GROUP = "/aws/sagemaker/Endpoints/demo"


@pytest.fixture
def search(logs: Any) -> Callable[..., list[dict[str, Any]]]:
    """Every event that botocore's paginator finds in the test's group."""

    def call(*, page_size: int | None = None, **arguments: Any) -> list[dict[str, Any]]:
        paginator = logs.get_paginator("filter_log_events")
        pages = paginator.paginate(logGroupName=GROUP, PaginationConfig={"PageSize": page_size}, **arguments)
        return [event for page in pages for event in page["events"]]

    return call


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["message"] for event in events]


def test_an_event_says_where_it_is_from(write: Write, search: Callable[..., Any]) -> None:
    write(GROUP, "AllTraffic/i-1", [(1000, "hello")])
    (event,) = search()
    assert event.pop("eventId").isdecimal()
    assert event == {
        "logStreamName": "AllTraffic/i-1",
        "timestamp": 1000,
        "message": "hello",
        "ingestionTime": 1000,
    }


@pytest.mark.parametrize("page_size", [None, 1, 2, 7])
def test_streams_are_interleaved_by_time(
    write: Write, search: Callable[..., Any], page_size: int | None
) -> None:
    events = [(at, stream) for at in range(0, 40, 2) for stream in ("a", "b", "c") if (at + ord(stream)) % 3]
    for stream in ("c", "a", "b"):
        write(GROUP, stream, [(at, f"{at} {name}") for at, name in events if name == stream])
    found = search(page_size=page_size)
    assert texts(found) == [f"{at} {stream}" for at, stream in events]
    assert len({event["eventId"] for event in found}) == len(events)


def test_an_empty_page_without_a_token_ends_the_search(write: Write, logs: Any) -> None:
    write(GROUP, "a", [(n, f"line {n}") for n in range(15)])
    first = logs.filter_log_events(logGroupName=GROUP, limit=10)
    assert texts(first["events"]) == [f"line {n}" for n in range(10)]
    second = logs.filter_log_events(logGroupName=GROUP, limit=10, nextToken=first["nextToken"])
    assert texts(second["events"]) == [f"line {n}" for n in range(10, 15)]
    third = logs.filter_log_events(logGroupName=GROUP, limit=10, nextToken=second["nextToken"])
    assert third["events"] == []
    assert "nextToken" not in third


def test_the_sdks_way_to_watch_an_endpoint_shows_every_line_once(write: Write, logs: Any) -> None:
    # It shows the events of pages that have a token alone, and starts the next look at the last token.
    shown: list[str] = []
    config: dict[str, Any] = {"MaxItems": 100, "PageSize": 10}
    paginator = logs.get_paginator("filter_log_events")
    for look in range(6):
        write(GROUP, "AllTraffic/i-1", [(look * 100 + n, f"{look} {n}") for n in range(look * 4)])
        pages = paginator.paginate(
            logGroupName=GROUP, logStreamNamePrefix="AllTraffic/", PaginationConfig=config
        )
        for page in pages:
            if "nextToken" in page:
                config["StartingToken"] = page["nextToken"]
                shown += texts(page["events"])
    assert shown == [f"{look} {n}" for look in range(6) for n in range(look * 4)]


def test_a_group_without_streams_has_no_events(logs: Any, search: Callable[..., Any]) -> None:
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="silent")
    assert search() == []


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, ["x1", "y1", "z1"]),
        ({"logStreamNamePrefix": "AllTraffic/"}, ["x1", "y1"]),
        ({"logStreamNamePrefix": "alltraffic/"}, []),
        ({"logStreamNames": ["Other/i-3", "AllTraffic/i-1", "Other/i-3"]}, ["x1", "z1"]),
    ],
)
def test_streams_are_chosen_by_name_or_prefix(
    write: Write, search: Callable[..., Any], choice: dict[str, Any], expected: list[str]
) -> None:
    for stream, message in (("AllTraffic/i-1", "x1"), ("AllTraffic/i-2", "y1"), ("Other/i-3", "z1")):
        write(GROUP, stream, [(1, message)])
    assert texts(search(**choice)) == expected


def test_pattern_and_times_select_events(write: Write, search: Callable[..., Any]) -> None:
    for stream in ("a", "b"):
        write(
            GROUP,
            stream,
            [(n * 100, f"{stream} {'ERROR' if n % 3 == 0 else 'INFO'} request {n}") for n in range(90)],
        )
    found = search(filterPattern='ERROR -"request 33"', startTime=3000, endTime=4200, page_size=2)
    assert texts(found) == [f"{stream} ERROR request {n}" for n in (30, 36, 39) for stream in ("a", "b")]


def test_pages_miss_and_repeat_nothing_while_lines_arrive(write: Write, logs: Any) -> None:
    seen: list[str] = []
    token: dict[str, str] = {}
    for round_ in range(50):
        if round_ < 10:
            for stream in ("a", "b"):
                write(GROUP, stream, [(round_ * 10 + n, f"{stream} {round_} {n}") for n in range(5)])
        answer = logs.filter_log_events(logGroupName=GROUP, limit=4, **token)
        seen += texts(answer["events"])
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    else:
        pytest.fail("the pages did not end")
    assert sorted(seen) == sorted(f"{s} {r} {n}" for s in ("a", "b") for r in range(10) for n in range(5))


def test_lines_a_little_out_of_order_are_all_found(write: Write, search: Callable[..., Any]) -> None:
    times = [n * 10 + (400 if n % 5 == 0 else 0) for n in range(300)]
    write(GROUP, "a", [(at, f"a{n}") for n, at in enumerate(times)])
    write(GROUP, "b", [(n * 10, f"b{n}") for n in range(300)])
    found = texts(search(page_size=7))
    assert len(found) == len(set(found)) == 600


def test_a_search_of_a_big_group_goes_on_page_by_page(write: Write, logs: Any) -> None:
    padding = "x" * 1000
    for stream in ("a", "b"):
        write(GROUP, stream, [(n, padding) for n in range(20_000)] + [(20_000, f"needle {stream}")])
    empty = logs.filter_log_events(logGroupName=GROUP, filterPattern="needle")
    assert empty["events"] == []
    rest = logs.filter_log_events(logGroupName=GROUP, filterPattern="needle", nextToken=empty["nextToken"])
    assert texts(rest["events"]) == ["needle a", "needle b"]


@pytest.fixture
def few_files() -> Iterator[None]:
    """This process may open 60 files more than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, highest + 60), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_files")
def test_more_streams_than_a_process_may_open_are_searched(write: Write, search: Callable[..., Any]) -> None:
    for n in range(150):
        write(GROUP, f"job-{n:03d}", [(n * 10_000 + k, f"{n} {k}") for k in range(2)])
    assert texts(search()) == [f"{n} {k}" for n in range(150) for k in range(2)]


def test_what_is_missing_is_named(write: Write, logs: Any) -> None:
    refused = refusal(logs.filter_log_events, logGroupName=GROUP, logStreamNamePrefix="AllTraffic/")
    assert refused == ("ResourceNotFoundException", "The specified log group does not exist.", 400)
    write(GROUP, "a", [(1, "line")])
    refused = refusal(logs.filter_log_events, logGroupName=GROUP, logStreamNames=["a", "none"])
    assert refused == ("ResourceNotFoundException", "The specified log stream does not exist.", 400)


@pytest.mark.parametrize(
    "arguments",
    [
        {"logStreamNames": ["a"], "logStreamNamePrefix": "a"},
        {"filterPattern": "a-b"},
        {"nextToken": "nonsense"},
        {"nextToken": "WzEsMiwzXQ=="},
    ],
)
def test_a_wrong_parameter_is_refused(write: Write, logs: Any, arguments: dict[str, Any]) -> None:
    write(GROUP, "a", [(1, "line")])
    refused = refusal(logs.filter_log_events, logGroupName=GROUP, **arguments)
    assert (refused.code, refused.status) == ("InvalidParameterException", 400)


def test_newest_first_is_refused_by_name(write: Write, logs: Any) -> None:
    write(GROUP, "a", [(1, "line")])
    refused = refusal(logs.filter_log_events, logGroupName=GROUP, startFromHead=False)
    assert refused.code == "UnsupportedOperation"
    assert "startFromHead" in refused.message
