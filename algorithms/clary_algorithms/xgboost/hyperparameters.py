"""The published hyperparameters of XGBoost, their ranges, and the rules between them."""

from collections.abc import Callable, Mapping
from typing import Any

from clary_algorithms.contract.errors import UserError
from clary_algorithms.contract.hyperparameters import (
    Hyperparameter,
    Interval,
    choice,
    comma_separated,
    integer,
    nested_lists_of,
    number,
    tuple_of,
    validate,
)
from clary_algorithms.xgboost.metrics import MAXIMIZED, MINIMIZED, WITH_THRESHOLD
from clary_algorithms.xgboost.release import Release

OBJECTIVES = (
    "binary:hinge",
    "binary:logistic",
    "binary:logitraw",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
    "rank:map",
    "rank:ndcg",
    "rank:pairwise",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:linear",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:tweedie",
    "survival:aft",
    "survival:cox",
)
ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_alpha": "alpha",
    "reg_lambda": "lambda",
}
TREE_GROWERS = (
    "distcol",
    "grow_colmaker",
    "grow_histmaker",
    "grow_local_histmaker",
    "grow_quantile_histmaker",
    "grow_skmaker",
)
TREE_UPDATERS = (*TREE_GROWERS, "prune", "refresh", "sync")
LINEAR_UPDATERS = ("coord_descent", "shotgun")
_INT32 = 2**31


class _MetricNames:
    """What eval_metric takes: the published names, and a few with a threshold, such as ``error@0.3``."""

    def __contains__(self, metric: object) -> bool:
        name, at, threshold = str(metric).partition("@")
        if not at:
            return name in MAXIMIZED or name in MINIMIZED
        if name not in WITH_THRESHOLD:
            raise UserError(
                f"Metric '{metric}' is not supported. Parameter 'eval_metric' with customized threshold "
                "should be one of these options: 'error', 'ndcg', 'map'."
            )
        try:
            float(threshold)
        except ValueError:
            raise UserError(f"Threshold value 't' in '{name}@t' expects float input.") from None
        return True

    def __str__(self) -> str:
        return str([*MAXIMIZED, *MINIMIZED])


_unit = number(0, 1)
_fraction = number(0, 1, open_minimum=True)
_flag = integer(0, 1)
_boolean = choice("true", "false")

DECLARED: dict[str, Hyperparameter] = {
    "num_round": integer(1, required=True),
    "csv_weights": _flag,
    "early_stopping_rounds": integer(1),
    "booster": choice("gbtree", "gblinear", "dart"),
    "verbosity": integer(0, 3),
    "nthread": integer(1),
    "eta": _unit,
    "gamma": number(0),
    "max_depth": integer(0),
    "min_child_weight": number(0),
    "max_delta_step": number(0),
    "subsample": _fraction,
    "sampling_method": choice("uniform", "gradient_based"),
    "colsample_bytree": _fraction,
    "colsample_bylevel": _fraction,
    "colsample_bynode": _fraction,
    "lambda": number(0),
    "alpha": number(0),
    "tree_method": choice("auto", "exact", "approx", "hist", "gpu_hist"),
    "sketch_eps": number(0, 1, open_minimum=True, open_maximum=True),
    "scale_pos_weight": number(0, open_minimum=True),
    "updater": comma_separated([*TREE_UPDATERS, *LINEAR_UPDATERS]),
    "dsplit": choice("row", "col"),
    "refresh_leaf": _flag,
    "process_type": choice("default", "update"),
    "grow_policy": choice("depthwise", "lossguide"),
    "max_leaves": integer(0),
    "max_bin": integer(0),
    "predictor": choice("auto", "cpu_predictor", "gpu_predictor"),
    "monotone_constraints": tuple_of(-1, 0, 1),
    "interaction_constraints": nested_lists_of(Interval(0)),
    "sample_type": choice("uniform", "weighted"),
    "normalize_type": choice("tree", "forest"),
    "rate_drop": _unit,
    "one_drop": _flag,
    "skip_drop": _unit,
    "lambda_bias": _unit,
    "tweedie_variance_power": number(1, 2, open_minimum=True, open_maximum=True),
    "objective": choice(*OBJECTIVES),
    "num_class": integer(2),
    "base_score": number(),
    "_kfold": integer(2),
    "_num_cv_round": integer(1),
    "_tuning_objective_metric": choice(*(f"validation:{name}" for name in (*MAXIMIZED, *MINIMIZED))),
    "eval_metric": comma_separated(_MetricNames()),
    "seed": integer(-_INT32, _INT32 - 1),
    "num_parallel_tree": integer(1),
    "save_model_on_termination": _boolean,
    "aft_loss_distribution": choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": number(0),
    "single_precision_histogram": _boolean,
    "deterministic_histogram": _boolean,
    "use_dask_gpu_training": _boolean,
    "prob_buffer_row": number(1, open_minimum=True),
}
_ONLY_IN_0_72: dict[str, Hyperparameter] = {"silent": _flag}


def validate_hyperparameters(given: Mapping[str, str], *, release: Release) -> dict[str, Any]:
    """The request's hyperparameters by their declared names, typed; those not given stay absent.

    Raises :class:`UserError` with the text that names the hyperparameter and the rule it breaks.
    """
    declared = DECLARED | (_ONLY_IN_0_72 if release == Release(0, 72) else {})
    values = validate(declared, given, aliases=ALIASES)
    for check in _RULES:
        check(values)
    return values


def _check_num_class(values: Mapping[str, Any]) -> None:
    if values.get("objective", "").startswith("multi:") and "num_class" not in values:
        raise UserError("Require input for parameter 'num_class' for multi-classification")


def _check_metrics(values: Mapping[str, Any]) -> None:
    objective = values.get("objective", "reg:squarederror")
    metrics = values.get("eval_metric", [])
    if "auc" in metrics and not objective.startswith(("binary:", "rank:")):
        raise UserError("Metric 'auc' can only be applied for classification and ranking problems.")
    if "aft-nloglik" in metrics and objective != "survival:aft":
        raise UserError("Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.")


def _check_constraints(values: Mapping[str, Any]) -> None:
    tree_method = values.get("tree_method")
    if "monotone_constraints" in values and tree_method not in ("exact", "hist"):
        raise UserError(
            "monotone_constraints can be used only when the tree_method parameter is set to "
            "either 'exact' or 'hist'."
        )
    if "interaction_constraints" in values and tree_method not in ("exact", "hist", "approx"):
        raise UserError(
            "interaction_constraints can be used only when the tree_method parameter is set to "
            "either 'exact', 'hist' or 'approx'."
        )


def _check_updater(values: Mapping[str, Any]) -> None:
    updaters = values.get("updater")
    if updaters is None:
        return
    if values.get("booster") == "gblinear":
        if len(updaters) != 1 or updaters[0] not in LINEAR_UPDATERS:
            raise UserError("Linear updater should be one of these options: 'shotgun', 'coord_descent'.")
    elif values.get("process_type") == "update":
        if not set(updaters) <= {"refresh", "prune"}:
            raise UserError("process_type 'update' can only be used with updater 'refresh' and 'prune'")
    elif not set(updaters) <= set(TREE_UPDATERS):
        raise UserError(
            f"Tree updater should be selected from these options: {', '.join(map(repr, TREE_UPDATERS))}."
        )
    elif sum(updater in TREE_GROWERS for updater in updaters) > 1:
        raise UserError(
            "Only one tree grow plugin can be selected. Choose one from the following: "
            f"{', '.join(map(repr, TREE_GROWERS))}"
        )


_RULES: tuple[Callable[[Mapping[str, Any]], None], ...] = (
    _check_num_class,
    _check_metrics,
    _check_constraints,
    _check_updater,
)
