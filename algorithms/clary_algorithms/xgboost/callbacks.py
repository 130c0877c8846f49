"""What happens after each round: the metric line, the checkpoint, the model so far."""

import sys
from pathlib import Path
from typing import Any

from clary_algorithms.xgboost.checkpoints import save_checkpoint
from clary_algorithms.xgboost.library import xgboost as xgb
from clary_algorithms.xgboost.metrics import published_name
from clary_algorithms.xgboost.model_file import save_model


def write_metric_line(iteration: int, scores: list[tuple[str, float]]) -> None:
    """Print ``[3]#011train-rmse:8.09123#011…``: a log agent writes a tab so, and metric regexes expect it."""
    columns = "".join(f"#011{name}:{score:.5f}" for name, score in scores)
    sys.stdout.write(f"[{iteration}]{columns}\n")
    sys.stdout.flush()


class MetricLines(xgb.callback.TrainingCallback):
    """Prints the round's metrics, on the master alone. ``start`` rounds were done before this run."""

    def __init__(self, *, start: int) -> None:
        self._start = start

    def after_iteration(self, _model: Any, epoch: int, evals_log: Any) -> bool:
        scores = [
            (f"{data}-{published_name(metric)}", values[-1])
            for data, metrics in evals_log.items()
            for metric, values in metrics.items()
        ]
        write_metric_line(self._start + epoch, scores)
        return False


class Checkpoints(xgb.callback.TrainingCallback):
    """Writes a checkpoint after every round."""

    def __init__(self, folder: Path, *, start: int) -> None:
        self._folder = folder
        self._start = start

    def after_iteration(self, model: Any, epoch: int, _evals_log: Any) -> bool:
        save_checkpoint(model, self._folder, iteration=self._start + epoch)
        return False


class ModelSoFar(xgb.callback.TrainingCallback):
    """Writes the model after every round, so that a job that is stopped leaves one."""

    def __init__(self, path: Path, *, pickled: bool) -> None:
        self._path = path
        self._pickled = pickled

    def after_iteration(self, model: Any, _epoch: int, _evals_log: Any) -> bool:
        save_model(model, self._path, pickled=self._pickled)
        return False
