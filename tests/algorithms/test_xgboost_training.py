"""Training jobs of XGBoost, run as the platform runs them, against XGBoost called directly."""

import io
import os
import pickle
import re
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn.datasets import dump_svmlight_file, load_breast_cancer, load_diabetes, load_iris

from clary_algorithms.formats.protobuf import encode_features
from clary_algorithms.xgboost.hyperparameters import OBJECTIVES
from clary_algorithms.xgboost.library import xgboost
from support.training import TrainingContainer, to_csv

ROUNDS = 12
METRIC_LINE = re.compile(r"^\[(\d+)\]((?:#011[\w@.-]+:\S+)+)$", re.MULTILINE)
Split = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def split(load: Callable[..., Any]) -> Split:
    """Training features and labels, then validation's."""
    features, labels = load(return_X_y=True)
    order = np.random.default_rng(7).permutation(len(labels))
    cut = len(labels) * 3 // 4
    return features[order[:cut]], labels[order[:cut]], features[order[cut:]], labels[order[cut:]]


@pytest.fixture(scope="module")
def diabetes() -> Split:
    return split(load_diabetes)


@pytest.fixture(scope="module")
def cancer() -> Split:
    return split(load_breast_cancer)


def to_libsvm(features: np.ndarray, labels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    dump_svmlight_file(features, labels, stream)
    return stream.getvalue()


def to_parquet(features: np.ndarray, labels: np.ndarray) -> bytes:
    columns = np.column_stack([labels, features]).T
    stream = io.BytesIO()
    parquet.write_table(pa.table({str(number): column for number, column in enumerate(columns)}), stream)
    return stream.getvalue()


FORMATS: dict[str, Callable[[np.ndarray, np.ndarray], bytes]] = {
    "text/csv": to_csv,
    "libsvm": to_libsvm,
    "application/x-parquet": to_parquet,
    "application/x-recordio-protobuf": encode_features,
}


def fill(container: TrainingContainer, data: Split, content_type: str = "text/csv", **values: object) -> None:
    write = FORMATS[content_type]
    container.add_channel("train", content_type, {"train.data": write(*data[:2])})
    container.add_channel("validation", content_type, {"validation.data": write(*data[2:])})
    container.add_hyperparameters({"num_round": ROUNDS, **values})


def read_metrics(log: str) -> list[dict[str, float]]:
    return [
        {name: float(score) for name, _, score in (pair.rpartition(":") for pair in pairs[4:].split("#011"))}
        for _, pairs in METRIC_LINE.findall(log)
    ]


def load_model(container: TrainingContainer, name: str = "xgboost-model") -> Any:
    booster = xgboost.Booster()
    booster.load_model(bytearray((container.model / name).read_bytes()))
    return booster


def predict(booster: Any, features: np.ndarray) -> np.ndarray:
    scores: np.ndarray = booster.predict(xgboost.DMatrix(features.astype(np.float32)))
    return scores


def train_directly(
    data: Split, parameters: dict[str, Any], rounds: int = ROUNDS, **options: Any
) -> np.ndarray:
    matrix = xgboost.DMatrix(data[0].astype(np.float32), data[1].astype(np.float32), **options)
    return predict(xgboost.train(parameters, matrix, rounds), data[2])


@pytest.mark.parametrize("content_type", FORMATS)
def test_predicts_as_plain_xgboost_does(
    container: TrainingContainer, diabetes: Split, content_type: str
) -> None:
    fill(container, diabetes, content_type, max_depth=4, eta=0.2)
    log = container.run()
    missing = 0.0 if content_type == "libsvm" else np.nan
    expected = train_directly(diabetes, {"max_depth": 4, "eta": 0.2}, missing=missing)
    np.testing.assert_allclose(predict(load_model(container), diabetes[2]), expected, rtol=1e-4)
    rmse = float(np.sqrt(np.mean((expected - diabetes[3]) ** 2)))
    metrics = read_metrics(log)
    assert len(metrics) == ROUNDS
    assert list(metrics[-1]) == ["train-rmse", "validation-rmse"]
    assert metrics[-1]["validation-rmse"] == pytest.approx(rmse, abs=1e-3)
    assert f"Train matrix has {len(diabetes[1])} rows and 10 columns" in log
    assert f"Validation matrix has {len(diabetes[3])} rows" in log
    assert "Single node training." in log


@pytest.mark.parametrize("image", ["xgboost:1", "sagemaker-xgboost:1.2-2"])
def test_old_images_pickle_the_model(container: TrainingContainer, cancer: Split, image: str) -> None:
    fill(container, cancer, objective="binary:logistic")
    log = container.run(image=image)
    booster = pickle.loads((container.model / "xgboost-model").read_bytes())  # noqa: S301 - written just now
    expected = train_directly(
        cancer, {"objective": "binary:logistic", "tree_method": "exact", "base_score": 0.5}
    )
    np.testing.assert_allclose(predict(booster, cancer[2]), expected, rtol=1e-4)
    assert list(read_metrics(log)[-1]) == ["train-error", "validation-error"]


def test_middle_images_keep_their_defaults_and_write_a_model_that_loads(
    container: TrainingContainer, cancer: Split
) -> None:
    fill(container, cancer, objective="binary:logistic")
    container.run(image="sagemaker-xgboost:1.7-1")
    with warnings.catch_warnings():
        # XGBoost guesses the format, and says so, of a file whose name has no suffix.
        warnings.simplefilter("ignore")
        booster = xgboost.Booster(model_file=container.model / "xgboost-model")
    expected = train_directly(
        cancer, {"objective": "binary:logistic", "tree_method": "exact", "base_score": 0.5}
    )
    np.testing.assert_allclose(predict(booster, cancer[2]), expected, rtol=1e-4)


def test_reg_linear_still_trains(container: TrainingContainer, diabetes: Split) -> None:
    fill(container, diabetes, objective="reg:linear", silent=0)
    container.run(image="xgboost:1")
    assert (container.model / "xgboost-model").exists()


def test_instance_weights_stand_in_the_second_column(container: TrainingContainer, diabetes: Split) -> None:
    weights = np.random.default_rng(5).random(len(diabetes[1]))
    weighted = np.column_stack([weights, diabetes[0]])
    container.add_channel("train", "csv", {"t.csv": to_csv(weighted, diabetes[1])})
    container.add_hyperparameters({"num_round": ROUNDS, "csv_weights": 1, "tree_method": "exact"})
    container.run()
    expected = train_directly(diabetes, {"tree_method": "exact"}, weight=weights.astype(np.float32))
    np.testing.assert_allclose(predict(load_model(container), diabetes[2]), expected, rtol=1e-4)


def test_folders_are_walked_and_hidden_files_skipped(container: TrainingContainer, diabetes: Split) -> None:
    features, labels = diabetes[:2]
    half = len(labels) // 2
    files = {
        "a/b/c/part-1.csv": to_csv(features[:half], labels[:half]),
        "part-2.csv": to_csv(features[half:], labels[half:]),
        "a/b/c/d/too-deep.csv": b"not,data\n",
        "_SUCCESS": b"",
        ".hidden": b"x",
        "a/_metadata": b"x",
    }
    container.add_channel("train", "text/csv", files)
    container.add_hyperparameters({"num_round": ROUNDS})
    assert f"Train matrix has {len(labels)} rows and 10 columns" in container.run()


@pytest.mark.parametrize(
    "objective",
    OBJECTIVES,
)
def test_every_objective_trains(container: TrainingContainer, objective: str) -> None:
    features, labels = load_iris(return_X_y=True)
    labels = labels if objective.startswith("multi:") else (labels > 0).astype(float)
    if objective.startswith(("survival:", "reg:gamma")):
        labels = labels + 1
    container.add_channel("train", "csv", {"t.csv": to_csv(features, labels)})
    values = {"num_round": 2, "objective": objective}
    container.add_hyperparameters(values | ({"num_class": 3} if objective.startswith("multi:") else {}))
    (first, last) = read_metrics(container.run(image="sagemaker-xgboost:1.7-1"))
    assert all(name.startswith("train-") for name in first)
    assert np.isfinite(list(last.values())).all()
    assert (container.model / "xgboost-model").exists()


def test_metrics_that_xgboost_lacks_are_reported(container: TrainingContainer, cancer: Split) -> None:
    fill(
        container,
        cancer,
        objective="binary:logistic",
        eval_metric="error,f1,accuracy",
        _tuning_objective_metric="validation:balanced_accuracy",
    )
    last = read_metrics(container.run())[-1]
    names = ["error", "accuracy", "balanced_accuracy", "f1"]
    assert list(last) == [f"{data}-{name}" for data in ("train", "validation") for name in names]
    assert last["validation-accuracy"] == pytest.approx(1 - last["validation-error"], abs=1e-4)


@pytest.mark.parametrize(
    ("metric", "best"), [("logloss", min), ("f1", max)], ids=["xgboost's metric", "another metric"]
)
def test_early_stopping_keeps_the_best_model(
    container: TrainingContainer, cancer: Split, metric: str, best: Callable[..., float]
) -> None:
    fill(
        container,
        cancer,
        objective="binary:logistic",
        num_round=300,
        eta=0.5,
        early_stopping_rounds=4,
        eval_metric=f"error,{metric}",
    )
    scores = [scores[f"validation-{metric}"] for scores in read_metrics(container.run())]
    assert len(scores) < 300
    rounds = load_model(container).num_boosted_rounds()
    assert rounds == len(scores) - 4
    assert scores[rounds - 1] == best(scores)


def test_early_stopping_watches_a_metric_with_a_power_in_its_name(
    container: TrainingContainer, diabetes: Split
) -> None:
    fill(
        container,
        diabetes,
        objective="reg:tweedie",
        num_round=200,
        eta=0.9,
        tweedie_variance_power=1.25,
        early_stopping_rounds=2,
        eval_metric="tweedie-nloglik",
    )
    metrics = read_metrics(container.run())
    assert len(metrics) < 200
    assert list(metrics[0]) == ["train-tweedie-nloglik", "validation-tweedie-nloglik"]


def test_cross_validation_leaves_a_model_a_fold(container: TrainingContainer, cancer: Split) -> None:
    fill(container, cancer, objective="binary:logistic", num_round=3, _kfold=4, _num_cv_round=2)
    log = container.run()
    assert sorted(path.name for path in container.model.iterdir()) == [f"xgboost-model-{n}" for n in range(8)]
    rows = len(cancer[1]) + len(cancer[3])
    assert f"Run 2-round of 4-fold cross validation with {rows} rows" in log
    metrics = read_metrics(log)
    assert len(metrics) == 8 * 3 + 2 + 1
    last_of_folds = [metrics[fold * 3 + fold // 4 + 2]["validation-logloss"] for fold in range(8)]
    assert metrics[-1]["validation-logloss"] == pytest.approx(np.mean(last_of_folds), abs=1e-4)
    assert metrics[-1]["train-logloss"] < metrics[-1]["validation-logloss"]


def test_training_resumes_from_the_last_checkpoint(container: TrainingContainer, diabetes: Split) -> None:
    checkpoints = container.root / "checkpoints"
    checkpoints.mkdir()
    fill(container, diabetes, num_round=8)
    container.run()
    assert sorted(path.name for path in checkpoints.iterdir()) == [
        f"xgboost-checkpoint.{n}" for n in range(3, 8)
    ]
    (checkpoints / "xgboost-checkpoint.9").write_bytes(b"cut short")
    container.add_hyperparameters({"num_round": ROUNDS})
    log = container.run()
    assert "Resuming from iteration 8" in log
    assert [int(number) for number, _ in METRIC_LINE.findall(log)] == list(range(8, ROUNDS))
    np.testing.assert_allclose(
        predict(load_model(container), diabetes[2]), train_directly(diabetes, {}), rtol=1e-4
    )


def test_sigterm_leaves_the_model_so_far(container: TrainingContainer, diabetes: Split) -> None:
    fill(container, diabetes, num_round=1_000_000, save_model_on_termination="true")
    with container.start() as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("[20]"):
                break
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert [path.name for path in container.model.iterdir()] == ["xgboost-model"]
    assert load_model(container).num_boosted_rounds() > 20
    assert container.failure == ""


def test_sigterm_ends_a_job_that_saves_nothing(container: TrainingContainer, diabetes: Split) -> None:
    fill(container, diabetes, num_round=1_000_000)
    with container.start() as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("[3]"):
                break
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert list(container.model.iterdir()) == []


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-recordio-protobuf"])
def test_a_pipe_is_read_to_its_end(container: TrainingContainer, diabetes: Split, content_type: str) -> None:
    container.add_channel("train", content_type, {}, TrainingInputMode="Pipe")
    pipe = container.root / "input" / "data" / "train_0"
    os.mkfifo(pipe)
    container.add_hyperparameters({"num_round": ROUNDS})
    writer = threading.Thread(target=pipe.write_bytes, args=(FORMATS[content_type](*diabetes[:2]),))
    writer.start()
    container.run()
    writer.join(timeout=10)
    np.testing.assert_allclose(
        predict(load_model(container), diabetes[2]), train_directly(diabetes, {}), rtol=1e-4
    )
