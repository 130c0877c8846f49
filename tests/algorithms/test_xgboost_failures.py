"""How a training job of XGBoost fails: its exit status, and the text that becomes the FailureReason."""

import json

import numpy as np
import pytest

from support.training import TrainingContainer, to_csv

ROWS = to_csv(np.eye(4), np.array([0.0, 1.0, 0.0, 1.0]))
DATA_ERROR = "ClientError: Failed to load csv data with exception:\nfile t.csv: "


@pytest.mark.parametrize(
    ("values", "failure"),
    [
        (
            {"num_round": ""},
            "ClientError: Hyperparameter num_round: could not parse value (caused by ValueError)",
        ),
        ({"eta": 2.0}, "ClientError: Hyperparameter eta: 2.0 is not in Interval [0, 1]"),
        ({"foo": 1}, "ClientError: Extraneous hyperparameter found: foo"),
        ({"_kfold": 9}, "ClientError: _kfold is 9, and there are only 4 rows"),
        ({"objective": "binary:logistic", "base_score": 1.5}, "ClientError: "),
        ({"max_bin": 1, "tree_method": "hist"}, "ClientError: "),
        (
            {"use_dask_gpu_training": "true"},
            "ClientError: Some configurations unsuitable for Dask GPU training",
        ),
        (
            {"objective": "rank:map", "eval_metric": "f1,interval-regression-accuracy"},
            "AlgorithmError: XGB train call failed with exception:\n ",
        ),
    ],
)
def test_hyperparameters_fail_the_job(
    container: TrainingContainer, values: dict[str, object], failure: str
) -> None:
    container.add_channel("train", "csv", {"t.csv": ROWS})
    container.add_hyperparameters({"num_round": 1, **values})
    container.run(succeeds=False)
    assert container.failure.startswith(failure)
    assert "Stack trace" not in container.failure
    assert list(container.model.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "values", "failure"),
    [
        (
            "0.5,1\n2,1\n",
            {"objective": "binary:logistic"},
            "ClientError: label must be in [0,1] for logistic regression",
        ),
        (
            "0,1\n3,1\n",
            {"objective": "multi:softmax", "num_class": 3},
            "ClientError: SoftmaxMultiClassObj: label must be in [0, num_class).",
        ),
        (
            "-1,1\n",
            {"objective": "count:poisson"},
            "ClientError: PoissonRegression: label must be nonnegative",
        ),
        ("-1,1\n", {"objective": "reg:tweedie"}, "ClientError: TweedieRegression: label must be nonnegative"),
        (
            "1,1\n1,2\n",
            {"objective": "binary:logistic", "eval_metric": "auc"},
            "ClientError: Check failed: !auc_error AUC: the dataset only contains pos or neg samples",
        ),
        (",1\n", {}, "ClientError: "),
        (
            "label,age\n1,2\n",
            {},
            "ClientError: First line 'label,age...' of file 't.csv' is not 'CSV' format. "
            "Please ensure the file is in 'CSV' format.",
        ),
        ("1,2\n3,apple\n", {}, DATA_ERROR + "line 2: 'apple' is not a number"),
        ("1,2\n3\n", {}, DATA_ERROR + "line 2 has 1 columns where the first has 2"),
        ("1\n2\n", {}, DATA_ERROR + "a row needs more than 1 columns, and has 1"),
    ],
)
def test_data_fails_the_job(
    container: TrainingContainer, data: str, values: dict[str, object], failure: str
) -> None:
    container.add_channel("train", "csv", {"t.csv": data.encode()})
    container.add_hyperparameters({"num_round": 1, **values})
    container.run(succeeds=False)
    assert container.failure.startswith(failure)


def test_num_round_is_required(container: TrainingContainer) -> None:
    container.add_channel("train", "csv", {"t.csv": ROWS})
    container.run(succeeds=False)
    assert container.failure == "ClientError: Missing required hyperparameter: num_round"


@pytest.mark.parametrize("name", ["train", "validation"])
def test_a_channel_without_data_fails_the_job(container: TrainingContainer, name: str) -> None:
    container.add_hyperparameters({"num_round": 1})
    files = {"train": {"t.csv": ROWS}, "validation": {"v.csv": ROWS}} | {name: {"empty.csv": b"", ".x": b"1"}}
    for channel in files:
        container.add_channel(channel, "csv", files[channel])
    container.run(succeeds=False)
    label = "training" if name == "train" else name
    path = container.root / "input" / "data" / name
    assert container.failure == f"ClientError: No data in {label} channel path {path}"


def test_an_unknown_channel_fails_the_job(container: TrainingContainer) -> None:
    container.add_hyperparameters({"num_round": 1})
    container.add_channel("train", "csv", {"t.csv": ROWS})
    container.add_channel("test", "csv", {"t.csv": ROWS})
    container.run(succeeds=False)
    assert container.failure == "ClientError: Extraneous channel found: test"


def test_libsvm_that_is_not_fails_the_job(container: TrainingContainer) -> None:
    container.add_hyperparameters({"num_round": 1})
    container.add_channel("train", None, {"t.csv": ROWS})
    container.run(succeeds=False)
    assert container.failure.startswith(
        "ClientError: Failed to load libsvm data with exception:\nfile t.csv: "
    )


def test_records_without_labels_fail_the_job(container: TrainingContainer) -> None:
    from clary_algorithms.formats.protobuf import encode_features

    container.add_hyperparameters({"num_round": 1})
    container.add_channel("train", "recordio-protobuf", {"t.pbr": encode_features(np.eye(3))})
    container.run(succeeds=False)
    assert container.failure.endswith('file t.pbr: the records have no label["values"]')


def test_broken_configuration_is_the_platforms_fault(container: TrainingContainer) -> None:
    (container.root / "input" / "config" / "hyperparameters.json").write_text("{")
    container.run(succeeds=False)
    assert container.failure.startswith("InternalServerError: hyperparameters.json is not JSON")


def test_a_host_that_is_not_in_the_list_is_the_platforms_fault(container: TrainingContainer) -> None:
    resources = {"current_host": "algo-2", "hosts": ["algo-1"]}
    (container.root / "input" / "config" / "resourceconfig.json").write_text(json.dumps(resources))
    container.run(succeeds=False)
    assert container.failure.startswith("InternalServerError: resourceconfig.json: current_host 'algo-2'")
