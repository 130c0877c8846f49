"""Scores encoded as the XGBoost containers encode them, which depends on the container's version.

| container                          | text/csv in real time      | in batch     | other accept types       |
|------------------------------------|----------------------------|--------------|--------------------------|
| up to 1.2 (`CommaLine`)            | commas on one line, no end | one per line | none: always csv         |
| from 1.3 (`Rows`)                  | one per line               | one per line | json, jsonlines, records |
| multi-model server (`PlainScores`) | commas on one line, no end | one per line | json: a plain list       |
"""

import json
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from clary_algorithms.formats.protobuf import encode_labels
from clary_algorithms.serving import Prediction
from clary_algorithms.serving.media import CSV, JSON, JSON_LINES, RECORDIO_PROTOBUF, choose_accept
from clary_algorithms.xgboost.boosters import Scores

OFFERED = (JSON, JSON_LINES, RECORDIO_PROTOBUF, CSV)


class Answer(Protocol):
    """Encodes the scores of one request; raises `NotAcceptable` where it offers nothing that is accepted."""

    def encode(self, scores: Scores, *, accept: str | None) -> Prediction: ...


class CommaLine:
    """Containers up to 1.2: csv, whatever is accepted."""

    def __init__(self, *, batch: bool) -> None:
        self._batch = batch

    def encode(self, scores: Scores, *, accept: str | None) -> Prediction:  # noqa: ARG002 - not honoured
        return answer(_write_lines(scores) if self._batch else _write_comma_line(scores), CSV)


class PlainScores:
    """The multi-model server of any version: csv as `CommaLine` writes it, or a JSON list."""

    def __init__(self, *, batch: bool, default_accept: str) -> None:
        self._comma_line = CommaLine(batch=batch)
        self._default_accept = default_accept

    def encode(self, scores: Scores, *, accept: str | None) -> Prediction:
        if choose_accept(accept, offered=(CSV, JSON), default=self._default_accept) == JSON:
            return answer(json.dumps(scores.tolist()).encode(), JSON)
        return self._comma_line.encode(scores, accept=accept)


class Rows:
    """Containers from 1.3: one row of csv a prediction, or one `score` a prediction in the other types."""

    def __init__(self, *, batch: bool, default_accept: str) -> None:
        self._default_accept = default_accept
        self._writers: dict[str, Callable[[Scores], bytes]] = {
            CSV: _write_lines if batch else _write_csv,
            JSON: lambda scores: json.dumps({"predictions": _name_scores(scores)}).encode(),
            JSON_LINES: lambda scores: write_json_lines(_name_scores(scores)),
            RECORDIO_PROTOBUF: lambda scores: encode_labels("score", scores),
        }

    def encode(self, scores: Scores, *, accept: str | None) -> Prediction:
        media_type = choose_accept(accept, offered=OFFERED, default=self._default_accept)
        return answer(self._writers[media_type](scores), media_type)


def answer(body: bytes, media_type: str) -> Prediction:
    """A prediction whose content type names the charset where it is text."""
    text = media_type.startswith("text/")
    return Prediction(body, f"{media_type}; charset=utf-8" if text else media_type)


def write_json_lines(documents: list[dict[str, Any]]) -> bytes:
    """One JSON document a line."""
    return "".join(f"{json.dumps(document)}\n" for document in documents).encode()


def _name_scores(scores: Scores) -> list[dict[str, Any]]:
    return [{"score": score} for score in scores.tolist()]


def _write_comma_line(scores: Scores) -> bytes:
    # A row of several scores is written as a list in brackets: no csv, but what these containers answer.
    return ",".join(map(str, scores.tolist())).encode()


def _write_lines(scores: Scores) -> bytes:
    return "".join(f"{score}\n" for score in scores.tolist()).encode()


def _write_csv(scores: Scores) -> bytes:
    rows = np.atleast_2d(scores.T).T.tolist()
    return "".join(f"{','.join(map(str, row))}\n" for row in rows).encode()
