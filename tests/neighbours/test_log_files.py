from pathlib import Path

import pytest

from clary.store.log_files import DISORDER_MS, MAX_MESSAGE_BYTES, LogFile, append_lines


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "stream.log"


def read_texts(path: Path) -> list[str]:
    with LogFile(path) as file:
        return [line.text for line in file.forward(0, file.end)]


def test_a_missing_file_has_no_lines(path: Path) -> None:
    with LogFile(path) as file:
        assert file.end == 0
        assert list(file.forward(0, file.end)) == []
        assert file.span(5, 10) == (0, 0)


@pytest.mark.parametrize(
    "text",
    ["", " ", "plain", " indented", "tab\there", "progress\r50%\r", "naïve ☃", "two\nlines\n", "12 34"],
)
def test_what_was_appended_is_read(path: Path, text: str) -> None:
    append_lines(path, [(1, text), (2, "after")])
    with LogFile(path) as file:
        assert [(line.timestamp, line.text) for line in file.forward(0, file.end)] == [
            (1, text),
            (2, "after"),
        ]


def test_forward_and_backward_see_the_same_lines(path: Path) -> None:
    append_lines(path, [(n, f"line {n}") for n in range(100)])
    with LogFile(path) as file:
        forward = list(file.forward(0, file.end))
        assert list(file.backward(0, file.end)) == forward[::-1]
        middle, end = forward[40].position, forward[59].end
        assert list(file.forward(middle, end)) == list(file.backward(middle, end))[::-1] == forward[40:60]


def test_a_line_without_its_newline_is_not_there_yet(path: Path) -> None:
    append_lines(path, [(1, "whole")])
    with path.open("ab") as file:
        file.write(b"2 ha")
    assert read_texts(path) == ["whole"]
    with path.open("ab") as file:
        file.write(b"lf\n")
    assert read_texts(path) == ["whole", "half"]


def test_what_follows_half_a_line_is_a_line_of_its_own(path: Path) -> None:
    append_lines(path, [(1, "whole")])
    with path.open("ab") as file:
        file.write(b"2 ha")
    append_lines(path, [(3, "after")])
    assert read_texts(path) == ["whole", "ha", "after"]


def test_a_file_of_one_unfinished_line_has_no_lines(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"1 unfinished")
    assert read_texts(path) == []


def test_lines_that_come_after_opening_are_for_the_next_reader(path: Path) -> None:
    append_lines(path, [(1, "first")])
    with LogFile(path) as file:
        append_lines(path, [(2, "second")])
        assert [line.text for line in file.forward(0, file.end)] == ["first"]
        end = file.end
    with LogFile(path) as file:
        assert [line.text for line in file.forward(end, file.end)] == ["second"]


def test_bytes_that_are_no_text_are_replaced(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"7 \xff\xfe!\n")
    assert read_texts(path) == ["\ufffd\ufffd!"]


def test_a_line_without_a_time_takes_its_neighbours(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"7 first\nTraceback of something\n\n9\n")
    with LogFile(path) as file:
        lines = [(line.timestamp, line.text) for line in file.forward(0, file.end)]
    assert lines == [(7, "first"), (7, "Traceback of something"), (7, ""), (9, "")]


def test_a_line_past_the_limit_is_cut_and_the_next_is_whole(path: Path) -> None:
    append_lines(path, [(1, "x" * (MAX_MESSAGE_BYTES + 5000)), (2, "next")])
    cut, following = read_texts(path)
    assert len(cut) == MAX_MESSAGE_BYTES
    assert following == "next"


def test_span_encloses_a_time_range_closely(path: Path) -> None:
    step = DISORDER_MS // 4
    append_lines(path, [(n * step, str(n)) for n in range(1000)])
    with LogFile(path) as file:
        low, high = file.span(400 * step, 500 * step)
        found = [int(line.text) for line in file.forward(low, high)]
        assert file.span(None, None) == (0, file.end)
        assert file.span(10_000 * step, None) == (file.end, file.end)
        assert file.span(None, 0)[1] < file.end
    assert set(range(400, 500)) <= set(found)
    assert len(found) <= 110


def test_span_bears_the_disorder_of_two_writers(path: Path) -> None:
    times = [n * 10 + (DISORDER_MS - 1 if n % 7 == 0 else 0) for n in range(3000)]
    append_lines(path, [(at, str(at)) for at in times])
    for start in (0, 5_000, 12_345, 29_000):
        with LogFile(path) as file:
            low, high = file.span(start, start + 700)
            found = {line.timestamp for line in file.forward(low, high)}
        assert {at for at in times if start <= at < start + 700} <= found


def test_a_position_inside_a_line_starts_none(path: Path) -> None:
    append_lines(path, [(1, "first"), (2, "second")])
    with LogFile(path) as file:
        starts = [position for position in range(file.end + 3) if file.starts_line(position)]
    assert starts == [0, len(b"1 first\n"), path.stat().st_size]
