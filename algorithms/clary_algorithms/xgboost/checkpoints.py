"""Checkpoints: ``xgboost-checkpoint.<round>``, one a round, the last few kept."""

import logging
import re
from pathlib import Path

from clary_algorithms.xgboost.library import xgboost as xgb
from clary_algorithms.xgboost.model_file import save_model

logger = logging.getLogger(__name__)

_KEPT = 5
_NAME = re.compile(r"xgboost-checkpoint\.(\d+)")


def find_checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """The checkpoints in ``folder`` with the round that each was written after, oldest first."""
    if not folder.is_dir():
        return []
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match)


def load_checkpoint(folder: Path) -> tuple["xgb.Booster | None", int]:
    """The newest checkpoint that loads and the rounds it has behind it; ``(None, 0)`` for none."""
    for iteration, path in reversed(find_checkpoints(folder)):
        booster = xgb.Booster()
        try:
            booster.load_model(bytearray(path.read_bytes()))
        except xgb.core.XGBoostError:
            logger.warning("Checkpoint %s cannot be read, the one before it is tried", path.name)
            continue
        logger.info("Checkpoint loaded from %s", path)
        logger.info("Resuming from iteration %d", iteration + 1)
        return booster, iteration + 1
    return None, 0


def save_checkpoint(booster: "xgb.Booster", folder: Path, *, iteration: int) -> None:
    """Write the checkpoint after a round, and delete all but the newest."""
    folder.mkdir(parents=True, exist_ok=True)
    save_model(booster, folder / f"xgboost-checkpoint.{iteration}", pickled=False)
    for _, path in find_checkpoints(folder)[:-_KEPT]:
        path.unlink(missing_ok=True)
