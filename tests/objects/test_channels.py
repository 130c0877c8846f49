import gzip
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clary.kernel.errors import ClientFault
from clary.objects.archives import Limits
from clary.objects.cache import Cache
from clary.objects.channels import StagedChannel, stage_channel
from clary.objects.staging import decompress

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Channel = dict[str, Any]


def channel(uri: str, *, data_type: str = "S3Prefix", sharded: bool = False, **members: Any) -> Channel:
    source = {"S3DataType": data_type, "S3Uri": uri}
    if sharded:
        source["S3DataDistributionType"] = "ShardedByS3Key"
    if names := members.pop("AttributeNames", None):
        source["AttributeNames"] = names
    return {"ChannelName": "train", "DataSource": {"S3DataSource": source}, **members}


class Stage:
    """Stages for one host after another, each into its own folder."""

    def __init__(self, s3: "S3Client", folder: Path, cache: Cache) -> None:
        self.s3, self.folder, self.cache = s3, folder, cache

    def __call__(self, channel: Channel, host: int = 0, hosts: int = 1, **options: Any) -> StagedChannel:
        return stage_channel(
            self.s3,
            channel,
            self.of(host),
            host_index=host,
            host_count=hosts,
            cache=self.cache,
            **options,
        )

    def of(self, host: int = 0) -> Path:
        return self.folder / f"algo-{host + 1}" / "train"

    def files(self, host: int = 0) -> dict[str, bytes]:
        root = self.of(host)
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def stage(s3: "S3Client", tmp_path: Path, cache: Cache) -> Stage:
    return Stage(s3, tmp_path / "job", cache)


def put(s3: "S3Client", bucket: str, *keys: str) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=f"content of {key}".encode())


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("data/train", {"a.csv", "deep/b.csv", "train-1.csv"}),
        ("data/train/", {"a.csv", "deep/b.csv"}),
        ("data/train/a.csv", {"a.csv"}),
        ("data/train/de", {"deep/b.csv"}),
        ("", {"data/train/a.csv", "data/train/deep/b.csv", "data/train-1.csv"}),
    ],
)
def test_prefix_keeps_the_structure_below_it(
    s3: "S3Client", bucket: str, stage: Stage, prefix: str, names: set[str]
) -> None:
    put(s3, bucket, "data/train/", "data/train/a.csv", "data/train/deep/b.csv", "data/train-1.csv")
    staged = stage(channel(f"s3://{bucket}/{prefix}"))
    assert set(stage.files()) == names
    assert staged == StagedChannel(len(names), sum(map(len, stage.files().values())))


def test_what_the_folder_held_before_is_gone(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, "in/a")
    stage.of().mkdir(parents=True)
    (stage.of() / "left-over").write_text("from a crash")
    stage(channel(f"s3://{bucket}/in"))
    assert stage.files() == {"a": b"content of in/a"}


def test_empty_files_survive(s3: "S3Client", bucket: str, stage: Stage) -> None:
    s3.put_object(Bucket=bucket, Key="code/__init__.py", Body=b"")
    assert stage(channel(f"s3://{bucket}/code")) == StagedChannel(1, 0)
    assert stage.files() == {"__init__.py": b""}


def test_sharding_deals_every_key_to_one_host(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, *(f"in/{number}" for number in range(7)))
    for host in range(3):
        stage(channel(f"s3://{bucket}/in", sharded=True), host, 3)
    assert set(stage.files(0)) == {"0", "3", "6"}
    assert set(stage.files(1)) == {"1", "4"}
    assert set(stage.files(2)) == {"2", "5"}


def test_every_host_gets_all_of_a_replicated_channel(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, "in/a", "in/b")
    for host in range(2):
        stage(channel(f"s3://{bucket}/in"), host, 2)
    assert stage.files(0) == stage.files(1) == {"a": b"content of in/a", "b": b"content of in/b"}


def test_a_seed_changes_the_shards_and_repeats_them(s3: "S3Client", bucket: str, stage: Stage) -> None:
    keys = {f"{number:02}" for number in range(20)}
    put(s3, bucket, *(f"in/{key}" for key in keys))

    def shards(seed: int) -> tuple[set[str], ...]:
        for host in range(2):
            stage(channel(f"s3://{bucket}/in", sharded=True, ShuffleConfig={"Seed": seed}), host, 2)
        return set(stage.files(0)), set(stage.files(1))

    first, second = shards(1)
    assert first | second == keys
    assert not first & second
    assert shards(1) == (first, second)
    assert shards(2) != (first, second)


def test_manifest_names_the_files(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, "in/a", "in/deep/b", "in/unnamed")
    manifest = json.dumps([{"prefix": f"s3://{bucket}/in/"}, "a", "deep/b"])
    s3.put_object(Bucket=bucket, Key="the.manifest", Body=manifest.encode())
    uri = f"s3://{bucket}/the.manifest"
    stage(channel(uri, data_type="ManifestFile"))
    assert stage.files() == {"a": b"content of in/a", "deep/b": b"content of in/deep/b"}
    for host in range(2):
        stage(channel(uri, data_type="ManifestFile", sharded=True), host, 2)
    assert (set(stage.files(0)), set(stage.files(1))) == ({"a"}, {"deep/b"})


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'["a"]', b'[{"prefix": 1}]', b'[{"prefix": "s3://b/"}, 2]', b'[{"prefix": "b/"}, "a"]'],
)
def test_a_manifest_of_another_form_is_refused(
    s3: "S3Client", bucket: str, stage: Stage, body: bytes
) -> None:
    s3.put_object(Bucket=bucket, Key="bad.manifest", Body=body)
    with pytest.raises(ClientFault, match=r"manifest s3://.*/bad\.manifest"):
        stage(channel(f"s3://{bucket}/bad.manifest", data_type="ManifestFile"))


def test_a_manifest_that_names_a_missing_key_names_it_in_the_fault(
    s3: "S3Client", bucket: str, stage: Stage
) -> None:
    manifest = json.dumps([{"prefix": f"s3://{bucket}/in/"}, "missing"])
    s3.put_object(Bucket=bucket, Key="the.manifest", Body=manifest.encode())
    with pytest.raises(ClientFault, match=rf"NoSuchKey \(404\).*s3://{bucket}/in/missing"):
        stage(channel(f"s3://{bucket}/the.manifest", data_type="ManifestFile"))


def test_augmented_manifest_brings_its_attributes_and_their_objects(
    s3: "S3Client", bucket: str, stage: Stage
) -> None:
    put(s3, bucket, "images/1.png", "images/2.png")
    lines = [
        {"source-ref": f"s3://{bucket}/images/{number}.png", "label": number, "note": "unused"}
        for number in (1, 2)
    ]
    s3.put_object(Bucket=bucket, Key="a/list.json", Body="\n".join(map(json.dumps, lines)).encode())
    augmented = channel(
        f"s3://{bucket}/a/list.json",
        data_type="AugmentedManifestFile",
        AttributeNames=["source-ref", "label"],
    )
    assert stage(augmented).files == 3
    files = stage.files()
    written = [json.loads(line) for line in files.pop("list.json").splitlines()]
    assert written == [{"source-ref": line["source-ref"], "label": line["label"]} for line in lines]
    assert files == {f"{bucket}/images/{n}.png": f"content of images/{n}.png".encode() for n in (1, 2)}


def test_augmented_manifest_without_a_named_attribute_is_refused(
    s3: "S3Client", bucket: str, stage: Stage
) -> None:
    s3.put_object(Bucket=bucket, Key="list.json", Body=b'{"a": 1}\n{"b": 1}\n')
    augmented = channel(f"s3://{bucket}/list.json", data_type="AugmentedManifestFile", AttributeNames=["a"])
    with pytest.raises(ClientFault, match=r"line 2 has no attribute \['a'\]"):
        stage(augmented)


def test_gzip_objects_are_decompressed(s3: "S3Client", bucket: str, stage: Stage) -> None:
    s3.put_object(Bucket=bucket, Key="in/a.csv.gz", Body=gzip.compress(b"1,2\n") + gzip.compress(b"3,4\n"))
    staged = stage(channel(f"s3://{bucket}/in", CompressionType="Gzip"))
    assert stage.files() == {"a.csv": b"1,2\n3,4\n"}
    assert staged == StagedChannel(1, 8)


@pytest.mark.parametrize(
    "body", [b"1,2\n", gzip.compress(b"1,2\n" * 1000)[:-12]], ids=["plain text", "cut off"]
)
def test_what_is_not_gzip_is_refused(s3: "S3Client", bucket: str, stage: Stage, body: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="in/a.csv", Body=body)
    with pytest.raises(ClientFault, match=r"a\.csv is not gzip data"):
        stage(channel(f"s3://{bucket}/in", CompressionType="Gzip"))


def test_a_gzip_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    bomb = tmp_path / "rows.gz"
    bomb.write_bytes(gzip.compress(bytes(16 << 20)))
    with pytest.raises(ClientFault, match="rows is refused: it unpacks to more than"):
        decompress(bomb, tmp_path / "rows", Limits(ratio=100, ratio_from=1 << 20))
    assert (tmp_path / "rows").stat().st_size <= 2 << 20
    decompress(bomb, tmp_path / "usual limits")
    assert (tmp_path / "usual limits").stat().st_size == 16 << 20


@pytest.mark.parametrize("key", ["in/../escape", "in/a/../../../escape", "in/.."])
def test_a_key_that_would_leave_the_folder_is_refused(
    s3: "S3Client", bucket: str, stage: Stage, key: str
) -> None:
    # A client that calls the server directly: boto3 alone would not send such a path as it is.
    manifest = json.dumps([{"prefix": f"s3://{bucket}/x/"}, key.removeprefix("in/")])
    s3.put_object(Bucket=bucket, Key="the.manifest", Body=manifest.encode())
    with pytest.raises(ClientFault):
        stage(channel(f"s3://{bucket}/the.manifest", data_type="ManifestFile"))
    assert list(stage.folder.rglob("escape")) == []


@pytest.mark.parametrize("keys", [("in/a", "in/a/b"), ("in/a/b", "in-a/b", "in//a/b")])
def test_keys_that_need_one_path_are_refused(
    s3: "S3Client", bucket: str, stage: Stage, keys: tuple[str, ...]
) -> None:
    put(s3, bucket, *keys)
    with pytest.raises(ClientFault, match="which another key takes"):
        stage(channel(f"s3://{bucket}/in"))


def test_an_empty_prefix_is_a_client_fault(bucket: str, stage: Stage) -> None:
    with pytest.raises(ClientFault, match=rf'No S3 objects found under S3 URL "s3://{bucket}/none"'):
        stage(channel(f"s3://{bucket}/none"))


def test_a_missing_bucket_is_a_client_fault(stage: Stage) -> None:
    with pytest.raises(ClientFault, match=r"NoSuchBucket \(404\).* s3://nowhere-at-all/in") as caught:
        stage(channel("s3://nowhere-at-all/in"))
    assert caught.value.reason.startswith("ClientError: Data download failed:")


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"InputMode": "Pipe"}, "Pipe input mode of channel train is not supported"),
        ({"DataSource": {"FileSystemDataSource": {}}}, "data source of channel train is not supported"),
    ],
)
def test_what_is_not_staged_from_s3_says_so(stage: Stage, members: Channel, sentence: str) -> None:
    with pytest.raises(ClientFault, match=sentence):
        stage(channel("s3://bucket/in") | members)


def test_check_ends_the_staging(s3: "S3Client", bucket: str, stage: Stage) -> None:
    s3.put_object(Bucket=bucket, Key="in/large", Body=bytes(48 << 20))

    def stopped() -> None:
        raise InterruptedError("the job is stopping")

    with pytest.raises(InterruptedError):
        stage(channel(f"s3://{bucket}/in"), check=stopped)
    assert stage.files() == {}
    assert list((stage.cache.folder / "partial").iterdir()) == []


def test_a_writable_copy_never_reaches_the_cache(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, "in/a")
    stage(channel(f"s3://{bucket}/in"))
    (stage.of() / "a").write_text("overwritten by the job")
    stage(channel(f"s3://{bucket}/in"), 1)
    assert stage.files(1) == {"a": b"content of in/a"}


def test_read_only_files_share_the_cache(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, "in/a")
    for host in range(2):
        stage(channel(f"s3://{bucket}/in"), host, 2, read_only=True)
    assert (stage.of(0) / "a").samefile(stage.of(1) / "a")


def test_a_second_job_downloads_nothing(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, *(f"in/{number}" for number in range(5)))
    downloads: list[str] = []
    s3.meta.events.register(
        "before-call.s3.GetObject", lambda **_: downloads.append("one"), unique_id="count"
    )
    try:
        stage(channel(f"s3://{bucket}/in"))
        assert len(downloads) == 5
        stage(channel(f"s3://{bucket}/in"), 1)
    finally:
        s3.meta.events.unregister("before-call.s3.GetObject", unique_id="count")
    assert len(downloads) == 5
    assert stage.files(1) == stage.files(0)


def test_a_replaced_object_is_read_anew(s3: "S3Client", bucket: str, stage: Stage) -> None:
    put(s3, bucket, "in/a")
    stage(channel(f"s3://{bucket}/in"))
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"new")
    stage(channel(f"s3://{bucket}/in"))
    assert stage.files() == {"a": b"new"}


def test_an_object_of_many_ranges_arrives_whole(s3: "S3Client", bucket: str, stage: Stage) -> None:
    body = os.urandom(1 << 20) * 40
    s3.put_object(Bucket=bucket, Key="in/large", Body=body)
    stage(channel(f"s3://{bucket}/in"))
    assert stage.files() == {"large": body}


def test_an_object_too_large_for_the_cache_is_staged_beside_it(
    s3: "S3Client", bucket: str, tmp_path: Path
) -> None:
    small = Cache(tmp_path / "small", limit=64)
    put(s3, bucket, "in/a-name-that-makes-the-content-longer-than-a-quarter")
    stage = Stage(s3, tmp_path / "job", small)
    assert stage(channel(f"s3://{bucket}/in")).files == 1
    assert list((small.folder / "objects").rglob("*")) == []
