"""A training job of XGBoost, from its hyperparameters and channels to the model file."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clary_algorithms.contract.configuration import read_checkpoint_folder
from clary_algorithms.contract.errors import UserError
from clary_algorithms.contract.training import TrainingJob
from clary_algorithms.xgboost.channels import validate_channels
from clary_algorithms.xgboost.cross_validation import cross_validate
from clary_algorithms.xgboost.dataset import Rows, concatenate, load_dataset, to_matrix
from clary_algorithms.xgboost.distributed import join_ring
from clary_algorithms.xgboost.faults import blame_training_errors, check_both_classes, check_labels
from clary_algorithms.xgboost.hyperparameters import validate_hyperparameters
from clary_algorithms.xgboost.library import xgboost as xgb
from clary_algorithms.xgboost.model_file import MODEL_NAME, save_model
from clary_algorithms.xgboost.release import Release
from clary_algorithms.xgboost.training_run import Destination, Plan, train_booster

logger = logging.getLogger(__name__)

Models = dict[str, "xgb.Booster"]
"""Boosters by the names of their files."""


@dataclass(frozen=True, slots=True)
class Data:
    """What the channels hold on this host."""

    training: Rows | None
    validation: Rows | None


def train(job: TrainingJob) -> None:
    """Train and write ``xgboost-model``; for a cross-validation ``xgboost-model-0``, ``-1`` and so on."""
    release = Release.of(job.image)
    values = validate_hyperparameters(job.hyperparameters, release=release)
    data = _load(job, values)
    plan = Plan(values, release)
    if len(job.hosts.names) == 1:
        _require_data(job, data)
        logger.info("Single node training.")
        _train_here(job, plan, data)
        return
    logger.info("Distributed node training with %d hosts: %s", len(job.hosts.names), list(job.hosts.names))
    has_data = _has_data(job, data)
    with join_ring(job.hosts, has_data=has_data) as ring:
        if not ring.size:
            raise UserError(f"No data in training channel path {job.paths.channel('train')}")
        if ring.rank is not None:
            _train_here(job, replace(plan, master=ring.is_master, distributed=ring.size > 1), data)


def _load(job: TrainingJob, values: Mapping[str, Any]) -> Data:
    data_format = validate_channels(job.channels)
    if values.get("use_dask_gpu_training") == "true":
        raise UserError(
            "Some configurations unsuitable for Dask GPU training were found: the container has no GPU"
        )
    weighted = values.get("csv_weights") == 1
    training, validation = (
        load_dataset(job.channels[name], data_format, paths=job.paths, csv_weights=weighted)
        if name in job.channels
        else None
        for name in ("train", "validation")
    )
    return Data(training, validation)


def _require_data(job: TrainingJob, data: Data) -> None:
    if data.training is None:
        raise UserError(f"No data in training channel path {job.paths.channel('train')}")
    if "validation" in job.channels and data.validation is None:
        raise UserError(f"No data in validation channel path {job.paths.channel('validation')}")


def _has_data(job: TrainingJob, data: Data) -> bool:
    for name, rows in (("train", data.training), ("validation", data.validation)):
        if name in job.channels and rows is None:
            logger.warning(
                "Host %s has no data in channel %s and will not be used in distributed training. "
                "Please divide the data across instances properly.",
                job.hosts.current,
                name,
            )
            return False
    return True


def _train_here(job: TrainingJob, plan: Plan, data: Data) -> None:
    _check_rows(plan, data)
    with blame_training_errors():
        models = _cross_validate(job, plan, data) if "_kfold" in plan.values else _train_one(job, plan, data)
    if plan.master:
        for name, model in models.items():
            save_model(model, job.paths.model / name, pickled=plan.release.pickles_model)


def _train_one(job: TrainingJob, plan: Plan, data: Data) -> Models:
    training, validation = _to_matrices(plan, data)
    destination = Destination(job.paths.model / MODEL_NAME, read_checkpoint_folder(job.paths))
    booster, _ = train_booster(plan, training, validation, destination=destination)
    return {MODEL_NAME: booster}


def _cross_validate(job: TrainingJob, plan: Plan, data: Data) -> Models:
    rows = [rows for rows in (data.training, data.validation) if rows]
    boosters = cross_validate(
        plan,
        to_matrix(concatenate(rows), plan.values),
        model_folder=job.paths.model,
        checkpoints=read_checkpoint_folder(job.paths),
    )
    return {f"{MODEL_NAME}-{number}": booster for number, booster in enumerate(boosters)}


def _to_matrices(plan: Plan, data: Data) -> tuple["xgb.DMatrix", "xgb.DMatrix | None"]:
    assert data.training is not None  # both callers of _train_here have made sure of it
    training = to_matrix(data.training, plan.values)
    logger.info("Train matrix has %d rows and %d columns", training.num_row(), training.num_col())
    if data.validation is None:
        return training, None
    validation = to_matrix(data.validation, plan.values)
    logger.info("Validation matrix has %d rows", validation.num_row())
    return training, validation


def _check_rows(plan: Plan, data: Data) -> None:
    objective = plan.values.get("objective", "reg:squarederror")
    for rows in filter(None, (data.training, data.validation)):
        check_labels(rows.labels, objective=objective, num_class=plan.values.get("num_class"))
        if not plan.distributed:
            check_both_classes(rows.labels, plan.values)
