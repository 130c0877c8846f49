import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clary.objects.cache import Cache
from clary.objects.listing import S3Object

ENDPOINT = "http://s3"


def thing(key: str, content: bytes = b"content", etag: str = "1") -> S3Object:
    return S3Object("bucket", key, len(content), etag)


class Source:
    """Writes what it is told, and counts how often it was asked."""

    def __init__(self, source: S3Object, content: bytes = b"content") -> None:
        self.source, self.content, self.count = source, content, 0

    def __call__(self, path: Path) -> S3Object:
        self.count += 1
        path.write_bytes(self.content)
        return self.source


def read(cache: Cache, source: S3Object, fetch: Source) -> bytes:
    with cache.hold(ENDPOINT, source, fetch) as path:
        return path.read_bytes()


def kept(cache: Cache) -> int:
    return sum(path.stat().st_size for path in (cache.folder / "objects").rglob("*") if path.is_file())


def test_the_same_object_is_fetched_once(cache: Cache) -> None:
    fetch = Source(thing("a"))
    assert [read(cache, thing("a"), fetch) for _ in range(3)] == [b"content"] * 3
    assert fetch.count == 1


def test_another_etag_or_endpoint_is_another_object(cache: Cache) -> None:
    fetch = Source(thing("a"))
    read(cache, thing("a"), fetch)
    new = Source(thing("a", etag="2"))
    assert read(cache, thing("a", etag="2"), new) == b"content"
    with cache.hold("http://other", thing("a"), fetch):
        pass
    assert (new.count, fetch.count) == (1, 2)


def test_an_object_that_changed_while_it_was_read_is_used_but_not_kept(cache: Cache) -> None:
    changed = Source(thing("a", b"newer", etag="2"), b"newer")
    assert read(cache, thing("a"), changed) == b"newer"
    assert kept(cache) == 0
    assert read(cache, thing("a"), Source(thing("a"))) == b"content"


def test_a_failed_fetch_leaves_nothing(cache: Cache) -> None:
    def fail(path: Path) -> S3Object:
        path.write_bytes(b"half")
        raise ConnectionError("cut off")

    with pytest.raises(ConnectionError), cache.hold(ENDPOINT, thing("a"), fail):
        pass
    assert [path for path in cache.folder.rglob("*") if path.is_file() and path.parent.name != "locks"] == []


def test_an_entry_that_lost_its_content_is_fetched_again(cache: Cache) -> None:
    with cache.hold(ENDPOINT, thing("a"), Source(thing("a"))) as path:
        entry = path
    entry.chmod(0o644)
    entry.write_bytes(b"")
    assert read(cache, thing("a"), Source(thing("a"))) == b"content"


def test_the_limit_holds_and_what_was_used_last_stays(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=400)
    body = bytes(100)
    for number in range(10):
        source = thing(str(number), body)
        with cache.hold(ENDPOINT, source, Source(source, body)) as path:
            os.utime(path, (number, number))
    cache.trim()
    assert kept(cache) <= 400
    for number in (7, 8, 9):
        unused = Source(thing(str(number), body), body)
        read(cache, thing(str(number), body), unused)
        assert unused.count == 0


def test_eviction_spares_what_is_held(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=1)
    with cache.hold(ENDPOINT, thing("a"), Source(thing("a"))) as path:
        Cache(tmp_path, limit=1).trim()
        assert path.read_bytes() == b"content"
    cache.trim()
    assert kept(cache) == 0


def test_jobs_that_want_one_object_at_once_fetch_it_once(cache: Cache) -> None:
    fetch = Source(thing("a"))
    start = threading.Barrier(8)
    results: list[bytes] = []

    def job() -> None:
        start.wait()
        results.append(read(cache, thing("a"), fetch))

    jobs = [threading.Thread(target=job) for _ in range(8)]
    for each in jobs:
        each.start()
    for each in jobs:
        each.join()
    assert results == [b"content"] * 8
    assert fetch.count == 1


HANG_WHILE_FETCHING = """
import signal, sys
from pathlib import Path
from clary.objects.cache import Cache
from clary.objects.listing import S3Object

def fetch(path):
    path.write_bytes(b"half")
    print("started", flush=True)
    signal.pause()

with Cache(Path(sys.argv[1])).hold("http://s3", S3Object("bucket", "a", 7, "1"), fetch):
    pass
"""


def test_a_killed_process_blocks_nobody_and_leaves_no_half_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HANG_WHILE_FETCHING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.kill()
    assert read(Cache(tmp_path), thing("a"), Source(thing("a"))) == b"content"


def test_trim_removes_what_dead_processes_left(cache: Cache) -> None:
    left = cache.folder / "partial" / "left"
    left.write_bytes(b"half")
    cache.trim()
    assert not left.exists()


def test_trim_leaves_what_is_being_written(cache: Cache) -> None:
    def fetch(path: Path) -> S3Object:
        path.write_bytes(b"content")
        Cache(cache.folder).trim()
        assert path.exists()
        return thing("a")

    with cache.hold(ENDPOINT, thing("a"), fetch) as path:
        assert path.read_bytes() == b"content"
