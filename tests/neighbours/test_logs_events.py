import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.kernel import clock
from support.refusing import refusal

Write = Callable[..., Path]
GROUP, STREAM = "/aws/sagemaker/TrainingJobs", "job/algo-1-1700000000"
HOUR = 3_600_000
DAY = 24 * HOUR


@pytest.fixture
def get(logs: Any) -> Callable[..., Any]:
    """GetLogEvents of the test's stream."""

    def call(**arguments: Any) -> Any:
        return logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, **arguments)

    return call


def messages(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def read_forward(get: Callable[..., Any], **arguments: Any) -> Iterator[str]:
    """Page from the head until a page brings the token that was sent."""
    answer = get(startFromHead=True, **arguments)
    while True:
        yield from messages(answer)
        token = answer["nextForwardToken"]
        answer = get(startFromHead=True, nextToken=token, **arguments)
        if answer["nextForwardToken"] == token:
            assert answer["events"] == []
            return


def test_events_come_with_their_times(write: Write, get: Callable[..., Any]) -> None:
    write(GROUP, STREAM, [(1000, "first"), (1000, "second"), (2000, "third")])
    assert get(startFromHead=True)["events"] == [
        {"timestamp": at, "message": message, "ingestionTime": at}
        for at, message in [(1000, "first"), (1000, "second"), (2000, "third")]
    ]


def test_an_empty_stream_gives_tokens_that_see_the_first_line(write: Write, get: Callable[..., Any]) -> None:
    write(GROUP, STREAM, [])
    empty = get(startFromHead=True)
    assert empty["events"] == []
    write(GROUP, STREAM, [(1, "first")])
    assert messages(get(nextToken=empty["nextForwardToken"], startFromHead=True)) == ["first"]


def test_the_last_events_come_by_default(write: Write, get: Callable[..., Any]) -> None:
    write(GROUP, STREAM, [(n, f"line {n}") for n in range(100)])
    answer = get(limit=10)
    assert messages(answer) == [f"line {n}" for n in range(90, 100)]
    assert messages(get(limit=10, nextToken=answer["nextForwardToken"])) == []
    earlier = get(limit=10, nextToken=answer["nextBackwardToken"])
    assert messages(earlier) == [f"line {n}" for n in range(80, 90)]
    assert messages(get(limit=10, nextToken=earlier["nextForwardToken"])) == messages(answer)


def test_reading_backward_ends_with_the_token_that_was_sent(write: Write, get: Callable[..., Any]) -> None:
    write(GROUP, STREAM, [(n, f"line {n}") for n in range(25)])
    pages, answer = [], get(limit=10)
    while answer["events"]:
        pages.append(messages(answer))
        token = answer["nextBackwardToken"]
        answer = get(limit=10, nextToken=token)
    assert answer["nextBackwardToken"] == token
    assert [line for page in reversed(pages) for line in page] == [f"line {n}" for n in range(25)]


def test_reading_forward_sees_every_line_once(write: Write, get: Callable[..., Any]) -> None:
    write(GROUP, STREAM, [(n // 10, f"line {n}") for n in range(1000)])
    assert list(read_forward(get, limit=37)) == [f"line {n}" for n in range(1000)]


def test_the_token_at_the_end_stays_good_for_later_lines(write: Write, get: Callable[..., Any]) -> None:
    # SDK v3 keeps the forward token for as long as the job runs.
    token, seen = None, []
    for batch in range(5):
        write(GROUP, STREAM, [(batch, f"{batch}.{n}") for n in range(batch)])
        answer = get(startFromHead=True, **({"nextToken": token} if token else {}))
        again = get(startFromHead=True, nextToken=answer["nextForwardToken"])
        assert again["events"] == []
        assert again["nextForwardToken"] == answer["nextForwardToken"]
        token = answer["nextForwardToken"]
        seen += messages(answer)
    assert seen == [f"{batch}.{n}" for batch in range(5) for n in range(batch)]


def test_a_tail_by_time_and_count_shows_every_line_once(write: Write, get: Callable[..., Any]) -> None:
    # SDK v2 starts anew at the last time it saw and skips as many events as it has shown of that time.
    last, skip, shown = 0, 0, []
    lines = [(1000 + n // 7, f"line {n}") for n in range(200)]
    for start in range(0, 200, 23):
        write(GROUP, STREAM, lines[start : start + 23])
        token, events, pages = None, [], True
        while pages:
            more = {"nextToken": token} if token else {}
            answer = get(startTime=last, startFromHead=True, limit=10, **more)
            token, pages = answer["nextForwardToken"], answer["events"]
            events += pages
        for event in events[skip:]:
            shown.append(event["message"])
            skip = skip + 1 if event["timestamp"] == last else 1
            last = event["timestamp"]
    assert shown == [message for _, message in lines]


def test_times_bound_what_is_read(write: Write, get: Callable[..., Any]) -> None:
    step = 700
    write(GROUP, STREAM, [(n * step, str(n)) for n in range(500)])
    start, end = 100 * step, 200 * step
    expected = [str(n) for n in range(100, 200)]
    assert messages(get(startTime=start, endTime=end, startFromHead=True)) == expected
    assert messages(get(startTime=start, endTime=end)) == expected
    assert list(read_forward(get, startTime=start, endTime=end, limit=30)) == expected
    assert messages(get(startTime=start + 1, endTime=end + 1, limit=1, startFromHead=True)) == ["101"]
    assert messages(get(endTime=end, limit=3)) == ["197", "198", "199"]
    assert messages(get(startTime=end, endTime=start)) == []


def test_a_page_has_no_more_than_its_limits(write: Write, get: Callable[..., Any]) -> None:
    write(GROUP, STREAM, [(n, "x" * 10) for n in range(12_000)])
    assert len(get(startFromHead=True)["events"]) == 10_000
    assert len(get()["events"]) == 10_000
    write(GROUP, STREAM, [(20_000 + n, "y" * 300_000) for n in range(10)])
    assert len(get(startFromHead=True, startTime=20_000)["events"]) == 3
    assert len(list(read_forward(get, startTime=20_000))) == 10


def test_a_line_is_shown_only_once_it_is_whole(write: Write, get: Callable[..., Any]) -> None:
    file = write(GROUP, STREAM, [(1, "whole")])
    with file.open("ab") as log:
        log.write(b"2 hal")
    answer = get(startFromHead=True)
    assert messages(answer) == ["whole"]
    with file.open("ab") as log:
        log.write(b"f\n")
    assert messages(get(startFromHead=True, nextToken=answer["nextForwardToken"])) == ["half"]


def test_a_reader_beside_a_writer_sees_every_line_once(write: Write, get: Callable[..., Any]) -> None:
    file = write(GROUP, STREAM, [])
    count = 3000

    def append() -> None:
        with file.open("ab", buffering=0) as log:
            for number in range(count):
                line = b"%d line %d\n" % (number, number)
                log.write(line[:7])
                log.write(line[7:])

    writer = threading.Thread(target=append)
    writer.start()
    seen: list[str] = []
    token: dict[str, str] = {}
    while len(seen) < count:
        running = writer.is_alive()
        answer = get(startFromHead=True, limit=500, **token)
        token = {"nextToken": answer["nextForwardToken"]}
        seen += messages(answer)
        assert running or answer["events"], "the writer is done, but its lines did not come"
    writer.join()
    assert seen == [f"line {number}" for number in range(count)]


def test_an_empty_line_is_no_event(write: Write, get: Callable[..., Any]) -> None:
    write(GROUP, STREAM, [(1, "before"), (2, ""), (3, " "), (4, "after")])
    assert messages(get(startFromHead=True)) == ["before", " ", "after"]


def test_a_time_in_a_big_file_is_found_without_reading_what_lies_before(
    write: Write, get: Callable[..., Any]
) -> None:
    lines = [(n * 10, f"line {n} " + "x" * 80) for n in range(100_000)]
    # No file in order holds this line here: only a reader of the whole file would come across it.
    lines.insert(20, (500_000, "decoy"))
    write(GROUP, STREAM, lines)
    first = messages(get(startFromHead=True, startTime=500_000, limit=2))
    assert [message.split(" x")[0] for message in first] == ["line 50000", "line 50001"]


def test_head_and_tail_of_a_big_file_are_read_without_what_lies_between(
    write: Write, get: Callable[..., Any], logs: Any
) -> None:
    file = write(GROUP, STREAM, [(n, f"head {n}") for n in range(10)])
    with file.open("r+b") as log:
        # A hole of 256 GiB takes no room, but nothing could read it in the time that a test has.
        log.seek(256 * 2**30)
        log.write(b"\n")
    write(GROUP, STREAM, [(100 + n, f"tail {n}") for n in range(10)])
    assert messages(get(startFromHead=True, limit=2)) == ["head 0", "head 1"]
    assert messages(get(limit=2)) == ["tail 8", "tail 9"]
    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (0, 109)


@pytest.mark.parametrize("token", ["nonsense", "f/12", "f/" + "9" * 56, "x/" + "0" * 56, f"f/{3:056d}"])
def test_a_token_that_was_never_given_is_refused(write: Write, logs: Any, token: str) -> None:
    write(GROUP, STREAM, [(1, "line")])
    refused = refusal(
        logs.get_log_events, logGroupName=GROUP, logStreamName=STREAM, startFromHead=True, nextToken=token
    )
    assert refused == ("InvalidParameterException", "The specified nextToken is invalid.", 400)


def test_what_is_missing_is_named(write: Write, logs: Any) -> None:
    write(GROUP, STREAM, [(1, "line")])
    refused = refusal(logs.get_log_events, logGroupName="none", logStreamName=STREAM)
    assert refused == ("ResourceNotFoundException", "The specified log group does not exist.", 400)
    refused = refusal(logs.get_log_events, logGroupName=GROUP, logStreamName="none")
    assert refused == ("ResourceNotFoundException", "The specified log stream does not exist.", 400)


class TestPutLogEvents:
    @pytest.fixture
    def put(self, logs: Any) -> Callable[..., Any]:
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)

        def call(events: list[tuple[int, str]], **arguments: Any) -> Any:
            batch = [{"timestamp": at, "message": message} for at, message in events]
            return logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=batch, **arguments)

        return call

    @pytest.fixture
    def now(self) -> int:
        return clock.now() // 1000

    def test_what_was_put_is_read(self, put: Callable[..., Any], get: Callable[..., Any], now: int) -> None:
        events = [(now, "plain"), (now, "two\nlines"), (now + 1, "\ttab ☃"), (now + 2, "  ")]
        answer = put(events, sequenceToken="ignored")
        assert answer["nextSequenceToken"]
        assert "rejectedLogEventsInfo" not in answer
        assert [(event["timestamp"], event["message"]) for event in get()["events"]] == events

    def test_a_late_batch_is_found_by_its_time(
        self, put: Callable[..., Any], get: Callable[..., Any], now: int
    ) -> None:
        for hour in (5, 1, 3, 0, 4, 2):
            put([(now - hour * HOUR + n, f"{hour}.{n}") for n in range(3)])
        at = now - 3 * HOUR
        assert messages(get(startTime=at, endTime=at + HOUR, startFromHead=True)) == ["3.0", "3.1", "3.2"]

    def test_events_out_of_the_window_are_left_out_and_reported(
        self, put: Callable[..., Any], get: Callable[..., Any], now: int
    ) -> None:
        answer = put(
            [(now - 20 * DAY, "ancient"), (now - 15 * DAY, "old"), (now, "good"), (now + DAY, "new")]
        )
        assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 3}
        assert messages(get()) == ["good"]

    def test_events_past_the_groups_retention_are_left_out(
        self, put: Callable[..., Any], get: Callable[..., Any], logs: Any, now: int
    ) -> None:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
        answer = put([(now - 2 * DAY, "expired"), (now, "good")])
        assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
        assert messages(get()) == ["good"]

    def test_a_batch_must_be_in_order_and_within_a_day(
        self, put: Callable[..., Any], get: Callable[..., Any], now: int
    ) -> None:
        assert "chronological order" in refusal(put, events=[(now, "b"), (now - 1, "a")]).message
        assert "24 hours" in refusal(put, events=[(now - 2 * DAY, "a"), (now, "b")]).message
        assert get()["events"] == []

    def test_a_batch_has_a_largest_size(
        self, put: Callable[..., Any], get: Callable[..., Any], now: int
    ) -> None:
        refused = refusal(put, events=[(now, "x" * 600_000), (now, "y" * 600_000)])
        assert refused.code == "InvalidParameterException"
        assert refused.message == "Upload too large: 1200052 bytes exceeds limit of 1048576"
        assert "Log event too large" in refusal(put, events=[(now, "☃" * 400_000)]).message
        assert get()["events"] == []

    def test_batches_that_race_all_arrive_whole(
        self, put: Callable[..., Any], get: Callable[..., Any], now: int
    ) -> None:
        def write(writer: int) -> None:
            for batch in range(5):
                put([(now, f"{writer} {batch} {n}") for n in range(50)])

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = {f"{writer} {batch} {n}" for writer in range(4) for batch in range(5) for n in range(50)}
        assert sorted(messages(get())) == sorted(expected)

    def test_a_missing_stream_is_named(self, logs: Any, now: int) -> None:
        batch = [{"timestamp": now, "message": "line"}]
        logs.create_log_group(logGroupName=GROUP)
        refused = refusal(logs.put_log_events, logGroupName=GROUP, logStreamName="none", logEvents=batch)
        assert refused.message == "The specified log stream does not exist."
        refused = refusal(logs.put_log_events, logGroupName="no", logStreamName="no", logEvents=batch)
        assert refused.message == "The specified log group does not exist."
