"""The models that a multi-model server holds."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from clary_algorithms.serving.errors import (
    BadRequest,
    InferenceError,
    InsufficientMemory,
    ModelConflict,
    NotFound,
    PredictionFailed,
)
from clary_algorithms.serving.memory import available_bytes
from clary_algorithms.serving.model import Model, ModelLoader


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model, the folder it came from, and the size of its files in bytes."""

    name: str
    url: str
    size: int
    model: Model


class ModelRepository:
    """Loads, finds, lists and drops models by name; safe to use from several threads.

    A model that is dropped while it predicts lives until that prediction ends.
    """

    def __init__(self, load: ModelLoader, *, memory_bytes: int | None) -> None:
        self._load = load
        self._memory_bytes = memory_bytes
        self._models: dict[str, LoadedModel] = {}
        self._loading: dict[str, int] = {}
        self._lock = threading.Lock()

    def load(self, name: str, url: str) -> LoadedModel:
        """Load the model in folder `url`.

        Raises `ModelConflict` when the name is taken, `NotFound` when there is no such folder,
        `InsufficientMemory` when it does not fit and `PredictionFailed` when it cannot be loaded.
        """
        if not name or not url:
            raise BadRequest("model_name and url must not be empty.")
        folder = Path(url)
        if not folder.is_dir():
            raise NotFound(f"There is no model folder {url}.")
        size = _count_bytes(folder)
        self._reserve(name, size)
        try:
            loaded = LoadedModel(name=name, url=url, size=size, model=self._load(folder))
            with self._lock:
                self._models[name] = loaded
            return loaded
        except MemoryError as error:
            raise InsufficientMemory(f"There is no memory left to load model {name}.") from error
        except InferenceError:
            raise
        except Exception as error:
            raise PredictionFailed(f"Unable to load model {name}: {error}") from error
        finally:
            with self._lock:
                del self._loading[name]

    def get(self, name: str) -> LoadedModel:
        """The model of that name; raises `NotFound`."""
        try:
            return self._models[name]
        except KeyError:
            raise NotFound(f"Model {name} is not loaded.") from None

    def unload(self, name: str) -> None:
        """Drop the model of that name; raises `NotFound`."""
        with self._lock:
            if self._models.pop(name, None) is None:
                raise NotFound(f"Model {name} is not loaded.")

    def list(self, *, after: str = "", limit: int) -> tuple[list[LoadedModel], bool]:
        """A page of models by name, and whether more follow."""
        with self._lock:
            names = sorted(name for name in self._models if name > after)
            return [self._models[name] for name in names[:limit]], len(names) > limit

    def _reserve(self, name: str, size: int) -> None:
        with self._lock:
            if name in self._models or name in self._loading:
                raise ModelConflict(f"Model {name} is already loaded.")
            held = sum(self._loading.values())
            if self._memory_bytes is not None:
                held += sum(loaded.size for loaded in self._models.values())
                room: int | None = self._memory_bytes
            else:
                room = available_bytes()
            if room is not None and held + size > room:
                raise InsufficientMemory(f"There is no room for model {name}: it takes {size} bytes.")
            self._loading[name] = size


def _count_bytes(folder: Path) -> int:
    files: Iterable[Path] = (path for path in folder.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files)
