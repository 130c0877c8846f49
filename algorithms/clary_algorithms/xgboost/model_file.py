"""The model artifact, ``xgboost-model``, in the form that the image's release wrote.

Up to 1.2 it is a pickled Booster. From 1.3 on it is what ``Booster.save_model`` writes. Releases before 3.0
wrote a binary form that XGBoost has since dropped, so for all of them the file is UBJSON, which
``Booster.load_model`` reads.
"""

import pickle
from pathlib import Path

from clary_algorithms.xgboost.library import xgboost as xgb

MODEL_NAME = "xgboost-model"


def save_model(booster: "xgb.Booster", path: Path, *, pickled: bool) -> None:
    """Write the model so that ``path`` holds a whole one at any moment, whenever the process ends."""
    data = pickle.dumps(booster) if pickled else bytes(booster.save_raw(raw_format="ubj"))
    part = part_of(path)
    part.write_bytes(data)
    part.replace(path)


def part_of(path: Path) -> Path:
    """Where a file is written before it gets its name; a leading dot keeps loaders away."""
    return path.with_name(f".{path.name}.part")
