"""The model artifact, ``xgboost-model``, in the form that the image's release wrote.

Up to 1.2 it is a pickled Booster. From 1.3 on it is what ``Booster.save_model`` writes, which XGBoost before 3.0
did in a binary form that it can no longer write: the file is UBJSON for every such release, and
``Booster.load_model`` reads it.
"""

import os
import pickle
from pathlib import Path

from clary_algorithms.xgboost.library import xgboost as xgb

MODEL_NAME = "xgboost-model"


def save_model(booster: "xgb.Booster", path: Path, *, pickled: bool) -> None:
    """Write the model so that ``path`` holds a whole one at any moment, whenever the process ends."""
    data = pickle.dumps(booster) if pickled else bytes(booster.save_raw(raw_format="ubj"))
    part = part_of(path)
    part.write_bytes(data)
    os.replace(part, path)


def part_of(path: Path) -> Path:
    """Where a file is written before it gets its name; a leading dot keeps loaders away."""
    return path.with_name(f".{path.name}.part")
