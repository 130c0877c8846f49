"""Trained boosters as a server uses them: loaded from the artifact, asked from several threads at once."""

import json
import pickle
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clary_algorithms.xgboost.library import xgboost

Features = npt.NDArray[np.float32] | sparse.csr_matrix
Scores = npt.NDArray[np.float32]

_VOTING_OBJECTIVES = ("multi:softmax", "binary:hinge")


class LoadedBooster:
    """A booster, and what its configuration says about predicting with it.

    `pickled` tells how it was stored, `width` the number of features it was trained on.
    """

    def __init__(self, booster: xgboost.Booster, *, pickled: bool) -> None:
        # One thread a prediction: the server runs as many predictions at once as there are cores.
        booster.set_param({"nthread": 1})
        learner = json.loads(booster.save_config())["learner"]
        self.pickled = pickled
        self.width: int = booster.num_features()
        self.objective: str = learner["objective"]["name"]
        self.classes = int(learner["learner_model_param"].get("num_class", 0))
        self._booster = booster
        kind = learner["gradient_booster"]["name"]
        self._in_place = kind == "gbtree"
        self._rounds = (0, 0) if kind == "gblinear" else _best_rounds(booster)
        self._lock = threading.Lock()

    def predict(self, features: Features) -> Scores:
        """Predict rows of exactly `width` columns; shape `(rows,)`, or `(rows, classes)` for softprob.

        The trees up to the best iteration vote, where early stopping found one.
        """
        if self._in_place:
            scores: Scores = self._booster.inplace_predict(
                features, iteration_range=self._rounds, validate_features=False
            )
        else:
            # In place, linear boosters cannot predict and dart rounds otherwise; the lock is needed because
            # only predicting in place is safe from several threads.
            with self._lock:
                scores = self._booster.predict(
                    xgboost.DMatrix(features), iteration_range=self._rounds, validate_features=False
                )
        return scores


class BoosterEnsemble:
    """One booster, or the several that cross-validation left, answering as one.

    Scores are averaged; where the objective answers with classes, the most frequent one wins, and of those
    equally frequent the lowest.
    """

    def __init__(self, boosters: Sequence[LoadedBooster]) -> None:
        self._boosters = tuple(boosters)
        first = self._boosters[0]
        self.pickled = first.pickled
        self.width = first.width
        self.objective = first.objective
        self.classes = first.classes

    def predict(self, features: Features) -> Scores:
        """As `LoadedBooster.predict`. Raises ValueError for more columns than were trained on; fewer count as
        missing values."""
        features = _fit_width(features, self.width)
        scores = [booster.predict(features) for booster in self._boosters]
        if len(scores) == 1:
            return scores[0]
        if self.objective in _VOTING_OBJECTIVES:
            return _count_votes(np.stack(scores))
        mean: Scores = np.mean(scores, axis=0)
        return mean


def load_boosters(model_dir: Path, *, ensemble: bool) -> BoosterEnsemble:
    """Load the model files of a folder: those whose names do not start with a dot, in order of name.

    With `ensemble` every file takes part, else only the first. Raises ValueError naming an unloadable file.
    """
    files = sorted(path for path in model_dir.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise ValueError(f"There is no model file in {model_dir}.")
    return BoosterEnsemble([load_booster(path) for path in (files if ensemble else files[:1])])


def load_booster(path: Path) -> LoadedBooster:
    """Load one model file: a pickled Booster, or what `Booster.save_model` writes (UBJSON or JSON).

    Unpickling runs whatever code the file holds. A model artifact is what the account itself put into its
    bucket, and it is loaded inside that model's own container, so it can do no more there than a container
    image of the account's choice could; load no file from elsewhere with this function.
    """
    content = path.read_bytes()
    try:
        booster = pickle.loads(content)  # noqa: S301 - the documented artifact format; see the docstring
    except Exception as pickle_error:
        booster = xgboost.Booster()
        try:
            booster.load_model(bytearray(content))
        except xgboost.core.XGBoostError as error:
            reason = str(error).partition("Stack trace:")[0].strip()
            raise ValueError(f"Model at {path} cannot be loaded:\n{pickle_error}\n{reason}") from error
        return LoadedBooster(booster, pickled=False)
    if not isinstance(booster, xgboost.Booster):
        raise ValueError(f"Model at {path} holds a {type(booster).__name__}, not a Booster.")
    return LoadedBooster(booster, pickled=True)


def _best_rounds(booster: xgboost.Booster) -> tuple[int, int]:
    best = booster.attr("best_iteration")
    # A model saved with only its best rounds keeps the attribute, and may hold no more rounds than it names.
    return (0, 0) if best is None else (0, min(int(best) + 1, booster.num_boosted_rounds()))


def _fit_width(features: Features, width: int) -> Features:
    rows, columns = features.shape
    if columns == width:
        return features
    if columns > width:
        raise ValueError(
            "Number of columns does not match number of features in booster. "
            f"Columns: {columns} Features: {width}"
        )
    if isinstance(features, np.ndarray):
        padded = np.full((rows, width), np.nan, dtype=np.float32)
        padded[:, :columns] = features
        return padded
    return sparse.csr_matrix((features.data, features.indices, features.indptr), shape=(rows, width))


def _count_votes(votes: npt.NDArray[np.float32]) -> Scores:
    classes = np.arange(int(votes.max()) + 1)
    counts = (votes[:, :, None] == classes).sum(axis=0)
    winners: Scores = counts.argmax(axis=1).astype(np.float32)
    return winners
