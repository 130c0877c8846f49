import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.store import Base, Database
from clary.store.log_streams import (
    delete_group,
    delete_stream,
    ensure_stream,
    find_group,
    find_stream,
    remove_files,
)

PLACE = {"account": "000000000000", "region": "us-east-1"}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    yield database
    database.dispose()


def ensure(database: Database, group: str, stream: str) -> Path:
    with database.write() as session:
        return ensure_stream(session, **PLACE, group=group, stream=stream)


def test_a_stream_keeps_its_path(database: Database) -> None:
    path = ensure(database, "/aws/sagemaker/TrainingJobs", "job/algo-1-1700000000")
    assert path == ensure(database, "/aws/sagemaker/TrainingJobs", "job/algo-1-1700000000")
    assert not path.is_absolute()
    assert path.parts[:3] == ("logs", "000000000000", "us-east-1")


def test_streams_of_one_group_have_files_of_their_own(database: Database) -> None:
    names = ["a/b", "a-b", "a b", "A/B", "..", ".", "/", "ü", "é", "%", "-"]
    paths = {str(ensure(database, "group", name)).lower() for name in names}
    assert len(paths) == len(names)


def test_the_same_stream_elsewhere_is_another(database: Database) -> None:
    with database.write() as session:
        paths = {
            ensure_stream(session, account=account, region=region, group=group, stream="s")
            for account in ("1", "2")
            for region in ("r", "q")
            for group in ("g", "h")
        }
    assert len(paths) == 8


@pytest.mark.parametrize("name", ["x" * 512, "☃" * 512, "/" * 512, "..", "a/../../b", "\n\t", "COM1"])
def test_any_name_gives_a_file_that_can_be_made_below_the_data_folder(
    database: Database, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "data" / ensure(database, name, name)
    file.parent.mkdir(parents=True)
    file.write_text("1 line\n")
    assert file.resolve().is_relative_to((tmp_path / "data" / "logs").resolve())


def test_writers_that_race_get_one_stream(database: Database) -> None:
    barrier = threading.Barrier(4)
    paths: list[Path] = []

    def race() -> None:
        barrier.wait()
        paths.append(ensure(database, "group", "stream"))

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(set(paths)) == 1


def test_a_stream_made_again_after_its_deletion_starts_with_a_new_file(database: Database) -> None:
    first = ensure(database, "group", "stream")
    with database.write() as session:
        group = find_group(session, **PLACE, group="group")
        assert group is not None
        stream = find_stream(session, group, "stream")
        assert stream is not None
        assert delete_stream(session, stream) == first
    assert ensure(database, "group", "stream") != first


def test_deleting_a_group_gives_every_file(database: Database, tmp_path: Path) -> None:
    paths = {ensure(database, "group", name) for name in ("one", "two")}
    kept = ensure(database, "other", "one")
    (tmp_path / kept).parent.mkdir(parents=True)
    (tmp_path / kept).touch()
    with database.write() as session:
        group = find_group(session, **PLACE, group="group")
        assert group is not None
        gone = delete_group(session, group)
    remove_files(tmp_path, gone)
    assert set(gone) == paths
    assert (tmp_path / kept).exists()
    with database.read() as session:
        assert find_group(session, **PLACE, group="group") is None
        assert find_group(session, **PLACE, group="other") is not None


def test_removing_files_leaves_no_trace_of_them(database: Database, tmp_path: Path) -> None:
    path = ensure(database, "group", "stream")
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    remove_files(tmp_path, [path, ensure(database, "group", "never written")])
    assert not (tmp_path / path).exists()
