"""K-fold cross-validation: one model a fold, and the metrics' means over the folds."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clary_algorithms.contract.errors import UserError
from clary_algorithms.xgboost.callbacks import write_metric_line
from clary_algorithms.xgboost.library import xgboost as xgb
from clary_algorithms.xgboost.metrics import published_name
from clary_algorithms.xgboost.model_file import MODEL_NAME
from clary_algorithms.xgboost.training_run import Destination, History, Plan, train_booster

logger = logging.getLogger(__name__)

Indices = npt.NDArray[np.int64]


def cross_validate(
    plan: Plan, data: "xgb.DMatrix", *, model_folder: Path, checkpoints: Path | None
) -> list["xgb.Booster"]:
    """Train on all but one fold, in turn, ``_num_cv_round`` times over; the boosters in that order.

    Folds of a classification hold the classes in the same proportions. After each time over, the means of the
    last scores are printed as one more metric line.
    """
    folds, repeats = plan.values["_kfold"], plan.values.get("_num_cv_round", 1)
    rows = data.num_row()
    if rows < folds:
        raise UserError(f"_kfold is {folds}, and there are only {rows} rows")
    logger.info("Run %d-round of %d-fold cross validation with %d rows", repeats, folds, rows)
    random = np.random.default_rng(abs(plan.values.get("seed", 0)))
    labels = data.get_label() if _is_classification(plan) else None
    boosters: list[xgb.Booster] = []
    histories: list[History] = []
    for repeat in range(repeats):
        for inside, outside in split_folds(rows, folds, labels=labels, random=random):
            logger.info("Train cross validation fold %d", len(boosters) % folds + 1)
            number = len(boosters)
            destination = Destination(
                model_folder / f"{MODEL_NAME}-{number}", checkpoints and checkpoints / f"model-{number}"
            )
            booster, history = train_booster(
                plan, data.slice(inside), data.slice(outside), destination=destination
            )
            boosters.append(booster)
            histories.append(history)
        logger.info("The metrics of round %d cross validation", repeat + 1)
        _write_means(plan, histories[-folds:])
    if repeats > 1:
        logger.info("The overall metrics of %d-round cross validation", repeats)
        _write_means(plan, histories)
    return boosters


def split_folds(
    rows: int, folds: int, *, labels: npt.NDArray[np.float32] | None, random: np.random.Generator
) -> Iterator[tuple[Indices, Indices]]:
    """Yield the rows inside and outside of training for each fold, shuffled; by class if labels are given."""
    order = np.lexsort((random.random(rows), np.zeros(rows) if labels is None else labels))
    fold_of = np.empty(rows, dtype=np.int64)
    fold_of[order] = np.arange(rows) % folds
    for fold in range(folds):
        yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)


def _is_classification(plan: Plan) -> bool:
    return str(plan.values.get("objective", "")).startswith(("binary:", "multi:"))


def _write_means(plan: Plan, histories: Sequence[History]) -> None:
    if not plan.master or not all(histories):
        return
    scores = [
        (
            f"{data}-{published_name(metric)}",
            float(np.mean([history[data][metric][-1] for history in histories])),
        )
        for metric in histories[0]["train"]
        for data in ("train", "validation")
    ]
    write_metric_line(plan.values["num_round"], scores)
