"""What a container prints lands in its log file, line by line, with the time."""

import time

from support.waiting import wait_for


def test_lines_carry_the_millisecond_they_were_printed(bench):
    before = time.time_ns() // 1_000_000
    bench.run("sh", "-c", "echo one; echo two >&2")
    after = time.time_ns() // 1_000_000
    stamps = [int(line.split(" ")[0]) for line in bench.log.read_text().splitlines()]
    assert all(before - 1 <= stamp <= after + 1 for stamp in stamps)
    assert sorted(bench.lines()) == ["one", "two"]


def test_a_line_is_there_while_the_container_still_runs(bench):
    name = bench.start("sh", "-c", "echo early; while [ ! -e $CLARY_ML_ROOT/go ]; do sleep 0.02; done")
    wait_for(lambda: bench.log.exists() and bench.lines() == ["early"])
    (bench.ml / "go").touch()
    bench.finish(name)
    assert bench.lines() == ["early"]


def test_the_last_line_needs_no_newline_and_empty_lines_stay(bench):
    bench.run("printf", "a\n\nb")
    assert bench.lines() == ["a", "", "b"]


def test_bytes_that_are_not_utf8_are_replaced(bench):
    bench.run("printf", "caf\\303\\251 \\377\n")
    assert bench.lines() == ["café \ufffd"]


def test_each_drawing_of_a_progress_bar_is_a_line(bench):
    bench.run("printf", "\r10%%\r50%%\r100%%\r\ndone\n")
    assert bench.lines() == ["10%", "50%", "100%", "done"]


def test_a_long_line_is_kept_whole_up_to_what_a_log_event_takes(bench):
    bench.python("print('x' * 100_000); print('é' * 200_000)")
    first, *rest = bench.lines()
    assert first == "x" * 100_000
    assert len(rest) == 2
    assert "".join(rest) == "é" * 200_000


def test_many_lines_keep_their_order(bench):
    bench.python("for number in range(20_000): print(number)")
    assert bench.lines() == [str(number) for number in range(20_000)]
