import gzip
import io
import os
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.kernel.errors import ClientFault
from clary.objects.archives import Extracted, Limits, extract
from clary.objects.packing import PackedFolder

Build = Callable[[tarfile.TarFile], object]


def add(archive: tarfile.TarFile, name: str, content: bytes = b"", **members: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in members.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(content))


def add_link(archive: tarfile.TarFile, name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> None:
    add(archive, name, type=kind, linkname=target)


def tar(*build: Build, mode: str = "w:gz") -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload] # mode is a plain string
        for each in build:
            each(archive)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_files_folders_and_safe_links_come_out(tmp_path: Path, mode: str) -> None:
    stream = tar(
        lambda a: add_link(a, "early", "code/run.py"),
        lambda a: add(a, "./model.json", b"{}"),
        lambda a: add(a, "code", type=tarfile.DIRTYPE, mode=0o755),
        lambda a: add(a, "code/run.py", b"pass", mode=0o755),
        lambda a: add_link(a, "code/up", "../model.json"),
        lambda a: add_link(a, "same", "model.json", tarfile.LNKTYPE),
        mode=mode,
    )
    assert extract(stream, tmp_path / "out") == Extracted(2, 6)
    out = tmp_path / "out"
    assert (out / "early").read_bytes() == b"pass"
    assert (out / "code" / "up").read_bytes() == b"{}"
    assert (out / "same").read_bytes() == b"{}"
    assert os.access(out / "code" / "run.py", os.X_OK)


ATTACKS: dict[str, tuple[Build, ...]] = {
    "parent path": (lambda a: add(a, "../evil", b"x"),),
    "parent path below": (lambda a: add(a, "a/../../evil", b"x"),),
    "link out": (lambda a: add_link(a, "l", "../evil"),),
    "absolute link": (lambda a: add_link(a, "l", "/etc/passwd"),),
    "hard link out": (lambda a: add_link(a, "l", "../evil", tarfile.LNKTYPE),),
    "through a link": (lambda a: add_link(a, "l", ".."), lambda a: add(a, "l/evil", b"x")),
    "link through links": (
        lambda a: add(a, "d/e/f", b"x"),
        lambda a: add_link(a, "d/e/l", "../.."),
        lambda a: add_link(a, "m", "d/e/l/../evil"),
    ),
    "link below a link": (lambda a: add_link(a, "x", "."), lambda a: add_link(a, "x/y", "..")),
    "device": (lambda a: add(a, "null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),),
    "fifo": (lambda a: add(a, "pipe", type=tarfile.FIFOTYPE),),
    "file and folder": (lambda a: add(a, "a", b"x"), lambda a: add(a, "a/b", b"x")),
    "folder and link": (lambda a: add(a, "a/b", b"x"), lambda a: add_link(a, "a", "c")),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_unsafe_archive_is_refused_and_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClientFault, match="The archive"):
        extract(tar(*ATTACKS[name]), tmp_path / "deep" / "out")
    assert [path for path in tmp_path.rglob("evil") if path.parts[len(tmp_path.parts) + 1] != "out"] == []
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_an_absolute_path_lands_inside(tmp_path: Path) -> None:
    extract(tar(lambda a: add(a, "/model", b"x")), tmp_path / "out")
    assert (tmp_path / "out" / "model").read_bytes() == b"x"


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    stream = tar(*(lambda a, n=n: add(a, f"f{n}") for n in range(5)))
    with pytest.raises(ClientFault, match="f4 is past the limit"):
        extract(stream, tmp_path / "out", Limits(members=4))


def test_too_many_bytes_are_refused_before_they_are_written(tmp_path: Path) -> None:
    stream = tar(lambda a: add(a, "small", b"x"), lambda a: add(a, "big", bytes(100_000)))
    with pytest.raises(ClientFault, match="big is past the limit"):
        extract(stream, tmp_path / "out", Limits(bytes=90_000))
    assert not (tmp_path / "out" / "big").exists()


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    bomb = tar(lambda a: add(a, "bomb", bytes(16 << 20)))
    with pytest.raises(ClientFault, match="it unpacks to more than"):
        extract(bomb, tmp_path / "out", Limits(ratio=100, ratio_from=1 << 20))
    bomb.seek(0)
    assert extract(bomb, tmp_path / "small enough").bytes == 16 << 20


def test_a_huge_header_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 2 << 30
    with pytest.raises(ClientFault, match="it has a header of"):
        extract(io.BytesIO(header.tobuf()), tmp_path / "out")


@pytest.mark.parametrize(
    "body",
    [b"", b"not an archive", gzip.compress(b"not an archive", mtime=0), b"\x1f\x8bxx"],
    ids=["empty", "text", "gzip of text", "cut gzip"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ClientFault, match=r"damaged, or is no tar\.gz"):
        extract(io.BytesIO(body), tmp_path / "out")


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, mode: str) -> None:
    whole = tar(lambda a: add(a, "model", random.Random(0).randbytes(50_000)), mode=mode).getvalue()
    with pytest.raises(ClientFault, match="damaged"):
        extract(io.BytesIO(whole[:20_000]), tmp_path / "out")


def test_a_folder_that_is_in_use_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        extract(tar(lambda a: add(a, "mine", b"other")), tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"


def pack(folder: Path) -> tuple[bytes, PackedFolder]:
    packed = PackedFolder(folder)
    return io.BufferedReader(packed).read(), packed


def model(folder: Path) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "model").write_bytes(bytes(range(256)) * 5000)
    (folder / "a name with ü and blanks").write_bytes(b"")
    (folder / "code" / "run.sh").write_text("echo")
    (folder / "code" / "run.sh").chmod(0o750)
    (folder / "code" / "link").symlink_to("../model")
    return folder


def test_a_packed_folder_unpacks_to_the_same(tmp_path: Path) -> None:
    body, packed = pack(model(tmp_path / "in"))
    assert extract(io.BytesIO(body), tmp_path / "out") == Extracted(packed.files, packed.bytes)
    names = sorted(path.relative_to(tmp_path / "in") for path in (tmp_path / "in").rglob("*"))
    assert sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*")) == names
    assert (tmp_path / "out" / "model").read_bytes() == (tmp_path / "in" / "model").read_bytes()
    assert (tmp_path / "out" / "code" / "link").readlink() == Path("../model")
    assert os.access(tmp_path / "out" / "code" / "run.sh", os.X_OK)
    assert (tmp_path / "out" / "model").stat().st_mode & 0o111 == 0


def test_equal_folders_pack_to_equal_bytes(tmp_path: Path) -> None:
    first, second = model(tmp_path / "a"), model(tmp_path / "b")
    os.utime(second / "model", (1, 1))
    assert pack(first)[0] == pack(second)[0]


def test_what_is_unsafe_is_named_and_left_out(tmp_path: Path) -> None:
    folder = model(tmp_path / "in")
    os.mkfifo(folder / "pipe")
    (folder / "out").symlink_to("/etc/passwd")
    body, packed = pack(folder)
    assert packed.skipped == ["out", "pipe"]
    extract(io.BytesIO(body), tmp_path / "out")
    assert not os.path.lexists(tmp_path / "out" / "out")


def test_an_empty_folder_is_an_empty_archive(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert extract(io.BytesIO(pack(tmp_path / "in")[0]), tmp_path / "out") == Extracted(0, 0)
