"""From hyperparameters to what the installed XGBoost is given: renamed, and with the release's own defaults.

XGBoost changed defaults over its releases. A job that asks for an old image gets the figures of that release,
so the old defaults are passed wherever the request leaves a parameter out.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any

from clary_algorithms.xgboost.metrics import CUSTOM
from clary_algorithms.xgboost.release import Release

logger = logging.getLogger(__name__)

_OURS = {
    "_kfold",
    "_num_cv_round",
    "_tuning_objective_metric",
    "csv_weights",
    "early_stopping_rounds",
    "num_round",
    "save_model_on_termination",
}
_GONE = {
    "deterministic_histogram",
    "dsplit",
    "predictor",
    "prob_buffer_row",
    "silent",
    "single_precision_histogram",
    "sketch_eps",
    "use_dask_gpu_training",
}
"""What XGBoost has dropped: none of them changes a result beyond rounding."""

_UPDATERS_NOW = {
    "distcol": "grow_colmaker",
    "grow_local_histmaker": "grow_histmaker",
    "grow_skmaker": "grow_histmaker",
}
_EXACT_ROWS = 2**22
"""Up to here ``auto`` meant ``exact`` before 2.0, on one host; above, ``approx``."""

_DEFAULT_METRIC_BEFORE_1_3 = {
    "binary:logistic": "error",
    "binary:logitraw": "auc",
    "multi:softmax": "merror",
    "multi:softprob": "merror",
}


def split_metrics(values: Mapping[str, Any], *, release: Release) -> tuple[list[str], list[str]]:
    """The metrics that XGBoost computes and those computed here, in the order of the log line.

    The tuner's objective is added to what eval_metric says. Without a metric of XGBoost's own the list holds
    the release's default for the objective, or nothing where XGBoost's default is still the same.
    """
    metrics = list(dict.fromkeys(values.get("eval_metric", [])))
    tuned = values.get("_tuning_objective_metric", "").partition(":")[2]
    if tuned and tuned not in metrics:
        metrics = sorted([*metrics, tuned])
    native = [metric for metric in metrics if metric not in CUSTOM]
    return native or _default_metric(values, release=release), [
        metric for metric in metrics if metric in CUSTOM
    ]


def choose_stopping_metric(values: Mapping[str, Any]) -> str | None:
    """The metric that early stopping watches: the tuner's objective, else the last of eval_metric."""
    tuned = values.get("_tuning_objective_metric", "").partition(":")[2]
    return tuned or next(reversed(values.get("eval_metric", [])), None)


def to_library_name(metric: str, values: Mapping[str, Any]) -> str:
    """The metric's name for XGBoost, which wants the power of this one in it."""
    if metric == "tweedie-nloglik":
        return f"{metric}@{values.get('tweedie_variance_power', 1.5):g}"
    return metric


def to_booster_parameters(
    values: Mapping[str, Any], *, release: Release, rows: int, distributed: bool
) -> dict[str, Any]:
    """Parameters for ``xgboost.train`` from validated hyperparameters.

    ``rows`` is how many this host trains on: on one host the old ``auto`` tree method depends on it.
    """
    parameters = {name: value for name, value in values.items() if name not in _OURS | _GONE}
    parameters["objective"] = _objective(values)
    parameters.pop("eval_metric", None)
    if metrics := split_metrics(values, release=release)[0]:
        parameters["eval_metric"] = [to_library_name(metric, values) for metric in metrics]
    if not parameters["objective"].startswith("multi:"):
        parameters.pop("num_class", None)
    if values.get("silent") == 1:
        parameters.setdefault("verbosity", 0)
    _set_updater(parameters)
    if release < Release(2, 0):
        _set_old_defaults(parameters, values, exact=rows <= _EXACT_ROWS and not distributed)
    _set_device(parameters)
    return parameters


def _objective(values: Mapping[str, Any]) -> str:
    objective: str = values.get("objective", "reg:squarederror")
    return "reg:squarederror" if objective == "reg:linear" else objective


def _default_metric(values: Mapping[str, Any], *, release: Release) -> list[str]:
    objective = _objective(values)
    if release < Release(1, 3) and objective in _DEFAULT_METRIC_BEFORE_1_3:
        return [_DEFAULT_METRIC_BEFORE_1_3[objective]]
    if release < Release(2, 0) and objective.startswith("rank:"):
        return ["map"]
    return []


def _set_updater(parameters: dict[str, Any]) -> None:
    if "updater" in parameters:
        updaters = [_UPDATERS_NOW.get(name, name) for name in parameters["updater"] if name != "sync"]
        parameters["updater"] = ",".join(updaters)
    for name in ("monotone_constraints", "interaction_constraints"):
        if name in parameters:
            parameters[name] = str(parameters[name])


def _set_old_defaults(parameters: dict[str, Any], values: Mapping[str, Any], *, exact: bool) -> None:
    if parameters["objective"] != "reg:absoluteerror":
        parameters.setdefault("base_score", 0.5)
    if parameters["objective"].startswith("rank:"):
        parameters.setdefault("lambdarank_pair_method", "mean")
    if parameters.get("booster") == "gblinear" or "updater" in parameters:
        return
    if parameters.get("tree_method", "auto") == "auto":
        parameters["tree_method"] = _old_tree_method(parameters, exact=exact)
    if parameters["tree_method"] == "approx" and "sketch_eps" in values and "max_bin" not in parameters:
        parameters["max_bin"] = math.ceil(1 / values["sketch_eps"])


def _old_tree_method(parameters: Mapping[str, Any], *, exact: bool) -> str:
    if parameters.get("grow_policy") == "lossguide":
        return "hist"
    return "exact" if exact else "approx"


def _set_device(parameters: dict[str, Any]) -> None:
    if parameters.get("tree_method") == "gpu_hist":
        logger.warning("This container has no GPU: tree_method gpu_hist runs as hist on the CPU.")
        parameters["tree_method"] = "hist"
