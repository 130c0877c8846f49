"""What XGBoost refuses in hyperparameters and channels, and what it makes of them by release."""

from pathlib import Path
from typing import Any

import pytest

from clary_algorithms.contract.configuration import Channel
from clary_algorithms.contract.errors import UserError
from clary_algorithms.contract.image import Image
from clary_algorithms.xgboost.channels import DataFormat, validate_channels
from clary_algorithms.xgboost.hyperparameters import DECLARED, validate_hyperparameters
from clary_algorithms.xgboost.parameters import split_metrics, to_booster_parameters
from clary_algorithms.xgboost.release import Release

OLDEST, NEWEST = Release(0, 72), Release(3, 0)


def accept(release: Release = NEWEST, **given: str) -> dict[str, Any]:
    return validate_hyperparameters({"num_round": "5", **given}, release=release)


def channel(name: str = "train", **configuration: str) -> dict[str, Channel]:
    return {name: Channel(name, Path(name), configuration)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"foo": "1"}, "Extraneous hyperparameter found: foo"),
        ({"silent": "0"}, "Extraneous hyperparameter found: silent"),
        ({"eta": "2.0"}, "Hyperparameter eta: 2.0 is not in Interval [0, 1]"),
        ({"eta": "nan"}, "Hyperparameter eta: nan is not in Interval [0, 1]"),
        ({"learning_rate": "-1"}, "Hyperparameter eta: -1.0 is not in Interval [0, 1]"),
        ({"subsample": "0"}, "Hyperparameter subsample: 0.0 is not in Interval (0, 1]"),
        (
            {"tweedie_variance_power": "2"},
            "Hyperparameter tweedie_variance_power: 2.0 is not in Interval (1, 2)",
        ),
        ({"num_round": "0"}, "Hyperparameter num_round: 0 is not in Interval [1, +inf)"),
        ({"max_depth": "six"}, "Hyperparameter max_depth: could not parse value (caused by ValueError)"),
        ({"monotone_constraints": "(1"}, "Hyperparameter monotone_constraints: could not parse value"),
        ({"interaction_constraints": "[1]"}, "Hyperparameter interaction_constraints: could not parse value"),
        ({"booster": "forest"}, "Hyperparameter booster: forest is not in ['gbtree', 'gblinear', 'dart']"),
        (
            {"monotone_constraints": "(2, 0)"},
            "Hyperparameter monotone_constraints: value (2, 0) not in range",
        ),
        ({"eval_metric": "rmse,speed"}, "Hyperparameter eval_metric: value ['rmse', 'speed'] not in range"),
        ({"eval_metric": "auc@3"}, "Metric 'auc@3' is not supported."),
        ({"eval_metric": "error@x"}, "Threshold value 't' in 'error@t' expects float input."),
        ({"objective": "multi:softmax"}, "Require input for parameter 'num_class' for multi-classification"),
        (
            {"eval_metric": "auc"},
            "Metric 'auc' can only be applied for classification and ranking problems.",
        ),
        (
            {"eval_metric": "aft-nloglik"},
            "Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.",
        ),
        ({"monotone_constraints": "(1, 0)"}, "monotone_constraints can be used only when the tree_method"),
        (
            {"interaction_constraints": "[[1, 2]]"},
            "interaction_constraints can be used only when the tree_method",
        ),
        ({"booster": "gblinear", "updater": "prune"}, "Linear updater should be one of these options"),
        (
            {"process_type": "update", "updater": "sync"},
            "process_type 'update' can only be used with updater",
        ),
        ({"updater": "shotgun"}, "Tree updater should be selected from these options"),
        ({"updater": "grow_colmaker,grow_histmaker"}, "Only one tree grow plugin can be selected."),
        (
            {"_tuning_objective_metric": "test:rmse"},
            "Hyperparameter _tuning_objective_metric: test:rmse is not in",
        ),
    ],
)
def test_bad_hyperparameters_are_named_with_the_rule(given: dict[str, str], message: str) -> None:
    with pytest.raises(UserError) as error:
        accept(**given)
    assert str(error.value).startswith(message)


def test_num_round_is_required() -> None:
    with pytest.raises(UserError, match=r"^Missing required hyperparameter: num_round$"):
        validate_hyperparameters({}, release=NEWEST)


def test_aliases_mean_the_declared_names() -> None:
    values = accept(learning_rate="0.1", min_split_loss="1", reg_lambda="2", reg_alpha="3")
    assert values == {"num_round": 5, "eta": 0.1, "gamma": 1.0, "lambda": 2.0, "alpha": 3.0}


def test_silent_belongs_to_the_oldest_release() -> None:
    assert accept(OLDEST, silent="1")["silent"] == 1


def test_every_documented_hyperparameter_is_declared() -> None:
    documented = """num_class num_round alpha base_score booster colsample_bylevel colsample_bynode
    colsample_bytree csv_weights deterministic_histogram early_stopping_rounds eta eval_metric gamma
    grow_policy interaction_constraints lambda lambda_bias max_bin max_delta_step max_depth max_leaves
    min_child_weight monotone_constraints normalize_type nthread objective one_drop process_type rate_drop
    refresh_leaf sample_type scale_pos_weight seed single_precision_histogram sketch_eps skip_drop subsample
    tree_method tweedie_variance_power updater verbosity"""
    assert set(documented.split()) <= set(DECLARED)


@pytest.mark.parametrize(
    ("uri", "release"),
    [
        ("xgboost:1", (0, 72)),
        ("xgboost:latest", (0, 72)),
        ("sagemaker-xgboost:0.90-2", (0, 90)),
        ("sagemaker-xgboost:1.7-1", (1, 7)),
        ("sagemaker-xgboost:1.2-2-cpu-py3", (1, 2)),
        ("sagemaker-xgboost:3.0-5", (3, 0)),
        ("sagemaker-xgboost:latest", (3, 0)),
    ],
)
def test_release_of_an_image(uri: str, release: tuple[int, int]) -> None:
    assert Release.of(Image(*uri.split(":"))) == Release(*release)


def parameters(
    release: Release, *, rows: int = 100, distributed: bool = False, **given: str
) -> dict[str, Any]:
    return to_booster_parameters(
        accept(release, **given), release=release, rows=rows, distributed=distributed
    )


def test_old_releases_get_their_defaults() -> None:
    old = parameters(Release(1, 7))
    assert (old["tree_method"], old["base_score"]) == ("exact", 0.5)
    assert parameters(Release(1, 7), rows=2**23)["tree_method"] == "approx"
    assert parameters(Release(1, 7), distributed=True)["tree_method"] == "approx"
    assert parameters(Release(1, 7), tree_method="hist", base_score="0.1")["base_score"] == 0.1


def test_new_releases_keep_the_librarys_defaults() -> None:
    assert parameters(NEWEST) == {"objective": "reg:squarederror"}


def test_removed_names_are_mapped() -> None:
    assert parameters(OLDEST, objective="reg:linear", silent="1")["objective"] == "reg:squarederror"
    assert parameters(OLDEST, silent="1")["verbosity"] == 0
    assert parameters(NEWEST, updater="grow_local_histmaker,sync,prune")["updater"] == "grow_histmaker,prune"
    assert parameters(NEWEST, tree_method="gpu_hist")["tree_method"] == "hist"


@pytest.mark.parametrize(
    ("release", "objective", "metrics"),
    [
        (OLDEST, "binary:logistic", ["error"]),
        (Release(1, 2), "multi:softmax", ["merror"]),
        (Release(1, 3), "binary:logistic", []),
        (Release(1, 7), "rank:pairwise", ["map"]),
        (NEWEST, "rank:pairwise", []),
    ],
)
def test_default_metric_by_release(release: Release, objective: str, metrics: list[str]) -> None:
    assert split_metrics(accept(objective=objective, num_class="3"), release=release) == (metrics, [])


def test_the_tuners_metric_is_added() -> None:
    values = accept(
        objective="binary:logistic", eval_metric="logloss,f1", _tuning_objective_metric="validation:auc"
    )
    assert split_metrics(values, release=NEWEST) == (["auc", "logloss"], ["f1"])


@pytest.mark.parametrize(
    ("content_type", "data_format"),
    [
        (None, DataFormat.LIBSVM),
        ("csv", DataFormat.CSV),
        ("text/csv; label_size=1; charset=utf8", DataFormat.CSV),
        ("Text/X-LibSVM", DataFormat.LIBSVM),
        ("application/x-parquet", DataFormat.PARQUET),
        ("application/x-recordio-protobuf", DataFormat.RECORDIO_PROTOBUF),
    ],
)
def test_content_types(content_type: str | None, data_format: DataFormat) -> None:
    configuration = {"ContentType": content_type} if content_type else {}
    assert validate_channels(channel(**configuration)) is data_format


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ({}, "Missing required channel: train"),
        (channel() | channel("test"), "Extraneous channel found: test"),
        (
            channel(ContentType="text/csv;label_size=0"),
            "text/csv;label_size=0 is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1",
        ),
        (
            channel(ContentType="image/png"),
            "Channel configuration for 'train' channel is not supported: {'ContentType': 'image/png'}",
        ),
        (
            channel() | channel("validation", TrainingInputMode="Pipe"),
            "Channel configuration for 'validation' channel is not supported: "
            "{'ContentType': 'text/libsvm', 'TrainingInputMode': 'Pipe'}",
        ),
    ],
)
def test_bad_channels_are_named_with_the_rule(channels: dict[str, Channel], message: str) -> None:
    with pytest.raises(UserError) as error:
        validate_channels(channels)
    assert str(error.value) == message
