"""The two things an algorithm gives the model server: a way to load a model, and the model.

Nothing here knows HTTP: a model turns bytes of one media type into bytes of another and can be called,
tested and embedded without a server.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Invocation:
    """One request to a model.

    `content_type` and `accept` are the raw header values, None when the client sent none.
    """

    body: bytes
    content_type: str | None = None
    accept: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer of a model, already encoded."""

    body: bytes
    content_type: str


class Model(Protocol):
    """A loaded model. `invoke` is called from several threads at once and raises `InferenceError`s."""

    def invoke(self, invocation: Invocation, /) -> Prediction: ...


ModelLoader = Callable[[Path], Model]
"""Loads the model kept in a folder; raises whatever tells the user why it cannot be loaded."""
