"""Input channels: what each way of naming data puts into the container."""

import gzip
import json

import pytest

from support.jobs import Jobs, channel

KEEP = "mkdir model/$CURRENT_HOST; cp -r input/data/. model/$CURRENT_HOST"


def test_a_prefix_keeps_its_folders_and_empty_files(jobs: Jobs) -> None:
    uri = jobs.put({"a.csv": "1", "deep/er/b.csv": "2", "empty": "", "folder/": ""})
    described = jobs.run(
        KEEP,
        InputDataConfig=[
            channel("folder", uri),
            channel("start-of-a-name", f"{uri}deep/e"),
            channel("object", f"{uri}a.csv"),
        ],
    )
    assert jobs.model(described) == {
        "algo-1/folder/a.csv": "1",
        "algo-1/folder/deep/er/b.csv": "2",
        "algo-1/folder/empty": "",
        "algo-1/start-of-a-name/er/b.csv": "2",
        "algo-1/object/a.csv": "1",
    }


@pytest.mark.flow("boto3", "a channel of a manifest")
def test_a_manifest_names_its_files(jobs: Jobs) -> None:
    uri = jobs.put({"a.csv": "1", "in/b.csv": "2", "c.csv": "not named"})
    manifest = jobs.put({"m": json.dumps([{"prefix": uri}, "a.csv", "in/b.csv"])})
    described = jobs.run(KEEP, InputDataConfig=[channel("train", f"{manifest}m", S3DataType="ManifestFile")])
    assert jobs.model(described) == {"algo-1/train/a.csv": "1", "algo-1/train/in/b.csv": "2"}


@pytest.mark.parametrize("seed", [None, 7])
def test_an_augmented_manifest_brings_its_attributes_and_objects(jobs: Jobs, seed: int | None) -> None:
    images = jobs.put({f"{number}.png": f"image {number}" for number in range(8)})
    records = [{"source-ref": f"{images}{number}.png", "label": number, "unasked": 1} for number in range(8)]
    manifest = jobs.put({"all.manifest": "\n".join(map(json.dumps, records))})
    train = channel(
        "train",
        f"{manifest}all.manifest",
        S3DataType="AugmentedManifestFile",
        AttributeNames=["source-ref", "label"],
        **({"ShuffleConfig": {"Seed": seed}} if seed else {}),
    )
    once, again = (jobs.model(jobs.run(KEEP, InputDataConfig=[train])) for _ in range(2))
    assert once == again
    lines = [json.loads(line) for line in once["algo-1/train/all.manifest"].splitlines()]
    labels = [line["label"] for line in lines]
    assert sorted(labels) == list(range(8))
    assert (labels == list(range(8))) is (seed is None)
    assert {tuple(line) for line in lines} == {("source-ref", "label")}
    for number in range(8):
        path = f"{images}{number}.png".removeprefix("s3://")
        assert once[f"algo-1/train/{path}"] == f"image {number}"


@pytest.mark.flow("boto3", "a sharded channel")
def test_sharded_data_is_dealt_to_the_hosts_and_replicated_data_goes_to_all(jobs: Jobs) -> None:
    uri = jobs.put({f"{number}.csv": str(number) for number in range(5)})
    described = jobs.run(
        KEEP,
        hosts=2,
        InputDataConfig=[
            channel("shards", uri, S3DataDistributionType="ShardedByS3Key"),
            channel("all", uri),
        ],
    )
    model = jobs.model(described)
    every = {f"{number}.csv" for number in range(5)}
    parts = [
        {path.rsplit("/", 1)[1] for path in model if path.startswith(f"algo-{host}/shards/")}
        for host in (1, 2)
    ]
    assert parts[0] | parts[1] == every
    assert sorted(map(len, parts)) == [2, 3]
    for host in (1, 2):
        assert {path for path in model if path.startswith(f"algo-{host}/all/")} == {
            f"algo-{host}/all/{name}" for name in every
        }


def test_gzip_is_undone(jobs: Jobs) -> None:
    uri = jobs.put({"rows.csv.gz": gzip.compress(b"1,2\n")})
    described = jobs.run(KEEP, InputDataConfig=[channel("train", uri, CompressionType="Gzip")])
    assert jobs.model(described) == {"algo-1/train/rows.csv": "1,2\n"}


def test_data_that_is_not_gzip_fails_the_job(jobs: Jobs) -> None:
    uri = jobs.put({"rows.csv.gz": "plain"})
    described = jobs.run(
        KEEP, status="Failed", InputDataConfig=[channel("train", uri, CompressionType="Gzip")]
    )
    assert described["FailureReason"].startswith("ClientError: CompressionType is Gzip, but")


@pytest.mark.flow("boto3", "a channel in fast-file mode")
@pytest.mark.parametrize("given", ["in the channel", "in the algorithm"])
def test_fast_file_channels_cannot_be_written(jobs: Jobs, given: str) -> None:
    train = channel("train", jobs.put({"a.csv": "1"}))
    request = jobs.request(
        "cd input/data/train; touch x 2>/dev/null || echo refused > $CLARY_ML_ROOT/model/touch;"
        "echo 9 >> a.csv; cd $CLARY_ML_ROOT; cp input/data/train/* input/config/inputdataconfig.json model",
        InputDataConfig=[train],
    )
    (train if given == "in the channel" else request["AlgorithmSpecification"]).update(
        {"InputMode" if given == "in the channel" else "TrainingInputMode": "FastFile"}
    )
    jobs.sagemaker.create_training_job(**request)
    model = jobs.model(jobs.finish(request["TrainingJobName"]))
    assert (model["touch"], model["a.csv"]) == ("refused\n", "1")
    assert json.loads(model["inputdataconfig.json"])["train"]["TrainingInputMode"] == "File"


def test_file_channels_may_be_written_without_harm_to_others(jobs: Jobs) -> None:
    train = channel("train", jobs.put({"a.csv": "1"}))
    for _ in range(2):
        described = jobs.run(
            "echo 9 >> input/data/train/a.csv; cp input/data/train/* model", InputDataConfig=[train]
        )
        assert jobs.model(described) == {"a.csv": "19\n"}


def test_a_channel_may_be_for_one_instance_group(jobs: Jobs) -> None:
    groups = [
        {"InstanceGroupName": name, "InstanceType": "ml.m5.large", "InstanceCount": count}
        for name, count in (("readers", 2), ("others", 1))
    ]
    uri = jobs.put({"a": "1", "b": "2"})
    described = jobs.run(
        f"{KEEP}; cp input/config/inputdataconfig.json model/$CURRENT_HOST",
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 10},
        InputDataConfig=[
            channel("some", uri, InstanceGroupNames=["readers"], S3DataDistributionType="ShardedByS3Key"),
            channel("all", uri),
        ],
    )
    model = jobs.model(described)
    assert {path for path in model if "/some/" in path} == {"algo-1/some/a", "algo-2/some/b"}
    assert len([path for path in model if "/all/" in path]) == 6
    assert set(json.loads(model["algo-1/inputdataconfig.json"])) == {"some", "all"}
    assert set(json.loads(model["algo-3/inputdataconfig.json"])) == {"all"}
