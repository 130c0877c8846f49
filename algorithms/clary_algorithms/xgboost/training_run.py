"""One training run of XGBoost, with its callbacks: what a job does once, and cross-validation once a fold."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary_algorithms.contract.termination import before_exit
from clary_algorithms.xgboost.callbacks import Checkpoints, MetricLines, ModelSoFar
from clary_algorithms.xgboost.checkpoints import load_checkpoint
from clary_algorithms.xgboost.library import xgboost as xgb
from clary_algorithms.xgboost.metrics import evaluate_with, is_maximized
from clary_algorithms.xgboost.model_file import part_of
from clary_algorithms.xgboost.parameters import (
    choose_stopping_metric,
    split_metrics,
    to_booster_parameters,
    to_library_name,
)
from clary_algorithms.xgboost.release import Release

logger = logging.getLogger(__name__)

History = dict[str, dict[str, list[float]]]
"""Scores by data name and metric, one a round."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays the same for every run of a job. ``master`` says that this host writes the files."""

    values: Mapping[str, Any]
    release: Release
    master: bool = True
    distributed: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a run writes its model and, if asked to, its checkpoints."""

    model: Path
    checkpoints: Path | None = None


def train_booster(
    plan: Plan,
    training: "xgb.DMatrix",
    validation: "xgb.DMatrix | None",
    *,
    destination: Destination,
) -> tuple["xgb.Booster", History]:
    """Train, from the last checkpoint if there is one; the booster and the scores of its rounds."""
    booster, done = _resume(plan, destination.checkpoints)
    parameters = to_booster_parameters(
        plan.values, release=plan.release, rows=training.num_row(), distributed=plan.distributed
    )
    _, custom = split_metrics(plan.values, release=plan.release)
    history: History = {}
    trained = xgb.train(
        parameters,
        training,
        num_boost_round=max(plan.values["num_round"] - done, 0),
        evals=[(training, "train"), *([(validation, "validation")] if validation is not None else [])],
        custom_metric=evaluate_with(custom, objective=parameters["objective"]),
        evals_result=history,
        verbose_eval=False,
        xgb_model=booster,
        callbacks=[
            *_writers(plan, destination, start=done),
            *_early_stopping(plan, validated=validation is not None),
        ],
    )
    return trained, history


def _resume(plan: Plan, checkpoints: Path | None) -> tuple["xgb.Booster | None", int]:
    if checkpoints is None:
        return None, 0
    if not plan.distributed:
        return load_checkpoint(checkpoints)
    # The master's checkpoint counts: another host may have none, or an older one.
    found = load_checkpoint(checkpoints) if plan.master else (None, 0)
    return xgb.collective.broadcast(found, 0)


def _writers(plan: Plan, destination: Destination, *, start: int) -> list[xgb.callback.TrainingCallback]:
    if not plan.master:
        return []
    writers: list[xgb.callback.TrainingCallback] = []
    if destination.checkpoints:
        writers.append(Checkpoints(destination.checkpoints, start=start))
    if plan.values.get("save_model_on_termination") == "true":
        writers.append(ModelSoFar(destination.model, pickled=plan.release.pickles_model))
        before_exit(lambda: part_of(destination.model).unlink(missing_ok=True))
    # The line comes last: a round that the log shows is saved.
    return [*writers, MetricLines(start=start)]


def _early_stopping(plan: Plan, *, validated: bool) -> list[xgb.callback.TrainingCallback]:
    rounds = plan.values.get("early_stopping_rounds")
    metric = choose_stopping_metric(plan.values)
    if not rounds:
        return []
    if not validated or metric is None:
        logger.warning("early_stopping_rounds needs a validation channel and an eval_metric: it is ignored.")
        return []
    return [
        xgb.callback.EarlyStopping(
            rounds=rounds,
            data_name="validation",
            metric_name=to_library_name(metric, plan.values),
            maximize=is_maximized(metric),
            save_best=plan.values.get("booster") != "gblinear",
        )
    ]
