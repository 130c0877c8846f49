"""The serving container of XGBoost: which answers its image's release and its environment ask for."""

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from clary_algorithms.contract.image import Image
from clary_algorithms.contract.paths import MLPaths
from clary_algorithms.serving import ServingSettings
from clary_algorithms.serving.media import CSV
from clary_algorithms.serving.server import serve_models
from clary_algorithms.xgboost.answers import Answer, CommaLine, PlainScores, Rows
from clary_algorithms.xgboost.boosters import BoosterEnsemble, load_boosters
from clary_algorithms.xgboost.predict import XGBoostModel
from clary_algorithms.xgboost.release import Release
from clary_algorithms.xgboost.selection import SelectedContents, parse_keys

_SCRIPTED = Release(1, 0)
"""The first release of the open container: since then libsvm is the default content type, contents can be
selected, and several model files answer as one."""
_STRUCTURED = Release(1, 3)
"""The first release that answers with rows and honours the accept type."""


def serve() -> None:
    """Serve the model until SIGTERM; the entry of `python -m clary_algorithms xgboost serve`."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="[%(asctime)s %(levelname)s] %(name)s: %(message)s"
    )
    settings = ServingSettings.from_environment()
    release = Release.of(Image.from_environment())
    load = XGBoostLoader(release, settings=settings, environment=os.environ)
    serve_models(load, model_dir=MLPaths.from_environment().model, settings=settings)


class XGBoostLoader:
    """Loads a model folder to answer as a release's container does under its environment variables:
    `SAGEMAKER_INFERENCE_OUTPUT` and `SAGEMAKER_INFERENCE_ENSEMBLE` beside those of the settings."""

    def __init__(
        self, release: Release, *, settings: ServingSettings, environment: Mapping[str, str]
    ) -> None:
        self._release = release
        self._settings = settings
        self._selected = environment.get("SAGEMAKER_INFERENCE_OUTPUT", "")
        self._ensemble = environment.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true").strip().lower() == "true"

    def __call__(self, model_dir: Path) -> XGBoostModel:
        boosters = load_boosters(model_dir, ensemble=self._ensemble and self._release >= _SCRIPTED)
        return XGBoostModel(
            boosters,
            answer=self._choose_answer(boosters),
            default_content_type="libsvm" if self._release >= _SCRIPTED else "csv",
        )

    def _choose_answer(self, boosters: BoosterEnsemble) -> Answer:
        batch, default_accept = self._settings.batch, self._settings.default_accept or CSV
        if self._selected and self._release >= _SCRIPTED:
            return SelectedContents(
                parse_keys(self._selected),
                objective=boosters.objective,
                classes=boosters.classes,
                batch=batch,
                default_accept=default_accept,
            )
        if self._settings.multi_model:
            return PlainScores(batch=batch, default_accept=default_accept)
        if self._release >= _STRUCTURED:
            return Rows(batch=batch, default_accept=default_accept)
        return CommaLine(batch=batch)
