"""The answer that `SAGEMAKER_INFERENCE_OUTPUT` asks for: named contents instead of bare scores."""

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from clary_algorithms.formats.record_message import Record
from clary_algorithms.formats.recordio import write_record
from clary_algorithms.serving import Prediction
from clary_algorithms.serving.errors import PredictionFailed
from clary_algorithms.serving.media import CSV, JSON, JSON_LINES, choose_accept
from clary_algorithms.xgboost.answers import OFFERED, answer, write_json_lines
from clary_algorithms.xgboost.boosters import Scores

Rows = list[dict[str, Any]]

_LABEL_THRESHOLDS = {"binary:logistic": 0.5, "binary:logitraw": 0.0}
_NO_PROBABILITY = ("binary:logitraw", "binary:hinge", "multi:softmax")
_CLASSIFICATION = (*_NO_PROBABILITY, "binary:logistic", "multi:softprob")


class SelectedContents:
    """Encodes the selected contents of each prediction.

    Keys: `predicted_label`, `labels`, `probability`, `probabilities`, `raw_score`, `raw_scores` for
    classification and `predicted_score` for regression. A key the objective has no content for gives NaN.
    """

    def __init__(
        self, keys: Sequence[str], *, objective: str, classes: int, batch: bool, default_accept: str
    ) -> None:
        self._keys = tuple(keys)
        self._objective = objective
        self._classes = classes
        self._batch = batch
        self._default_accept = default_accept

    def encode(self, scores: Scores, *, accept: str | None) -> Prediction:
        media_type = choose_accept(accept, offered=OFFERED, default=self._default_accept)
        rows = select_contents(scores, self._keys, objective=self._objective, classes=self._classes)
        return answer(self._write(rows, media_type), media_type)

    def _write(self, rows: Rows, media_type: str) -> bytes:
        if media_type == JSON:
            return json.dumps({"predictions": rows}).encode()
        if media_type == JSON_LINES:
            return write_json_lines(rows)
        if media_type == CSV:
            text = "\n".join(",".join(map(_write_cell, row.values())) for row in rows)
            return (text + "\n" if self._batch else text).encode()
        return _write_records(rows)


def parse_keys(text: str) -> list[str]:
    """The keys in a value of `SAGEMAKER_INFERENCE_OUTPUT`, in order."""
    return text.replace(" ", "").lower().split(",")


def select_contents(scores: Scores, keys: Sequence[str], *, objective: str, classes: int) -> Rows:
    """The contents of each prediction under the selected keys, in the order of the keys.

    Raises `PredictionFailed` for objectives that have no selectable contents (ranking, survival, counts).
    """
    if objective.startswith("reg:"):
        contents = {"predicted_score": scores.tolist()}
    elif objective in _CLASSIFICATION:
        contents = _classify(scores, objective=objective, classes=classes)
    else:
        raise PredictionFailed(f"Objective `{objective}` unsupported for selectable inference predictions.")
    missing = [float("nan")] * len(scores)
    columns = [contents.get(key, missing) for key in keys]
    return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


def _classify(scores: Scores, *, objective: str, classes: int) -> dict[str, list[Any]]:
    exact = scores.astype(np.float64)
    spread = exact if objective == "multi:softprob" else np.stack([1.0 - exact, exact], axis=1)
    winning = exact.max(axis=1) if objective == "multi:softprob" else exact
    labels = [0, 1] if objective.startswith("binary:") else list(range(classes))
    contents: dict[str, list[Any]] = {
        "predicted_label": _choose_labels(exact, objective).tolist(),
        "labels": [labels] * len(scores),
        "raw_score": winning.tolist(),
        "raw_scores": spread.tolist(),
    }
    if objective not in _NO_PROBABILITY:
        contents["probability"] = contents["raw_score"]
        contents["probabilities"] = contents["raw_scores"]
    return contents


def _choose_labels(exact: npt.NDArray[np.float64], objective: str) -> npt.NDArray[Any]:
    if objective == "multi:softprob":
        labels: npt.NDArray[Any] = exact.argmax(axis=1)
        return labels
    if objective in _LABEL_THRESHOLDS:
        return (exact > _LABEL_THRESHOLDS[objective]).astype(np.int64)
    return exact


def _write_cell(value: Any) -> str:
    return f'"{value}"' if isinstance(value, list) else str(value)


def _write_records(rows: Rows) -> bytes:
    stream = io.BytesIO()
    for row in rows:
        record = Record()
        for key, value in row.items():
            record.label[key].float32_tensor.values.extend(_as_values(value))
        write_record(stream, record.SerializeToString())
    return stream.getvalue()


def _as_values(value: Any) -> Iterator[float]:
    yield from value if isinstance(value, list) else (value,)
