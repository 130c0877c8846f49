"""Runs a model server until it is told to stop."""

import logging
import signal
import sys
from pathlib import Path
from types import FrameType

import uvicorn

from clary_algorithms.serving.app import Routes, ServingApp, SingleModelRoutes
from clary_algorithms.serving.model import ModelLoader
from clary_algorithms.serving.settings import ServingSettings

logger = logging.getLogger(__name__)

_DRAIN_SECONDS = 25
"""A stopped container is killed after 30 seconds."""
_KEEP_ALIVE_SECONDS = 75
"""Longer than a router keeps an idle connection, so that the router is the one to close it."""


def serve_models(load: ModelLoader, *, model_dir: Path, settings: ServingSettings) -> None:
    """Load the model and answer requests; returns once SIGTERM came and the requests in flight are answered.

    In multi-model mode models come by request and `model_dir` is not read. Raises what `load` raises.
    """
    signal.signal(signal.SIGTERM, _exit_early)
    server = uvicorn.Server(_configure(ServingApp(build_routes(load, model_dir, settings)), settings))

    def stop_serving(_signal: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn hands the signal on once it has drained: it must find a handler that lets the process end well.
    signal.signal(signal.SIGTERM, stop_serving)
    logger.info("Serving on port %d with %d worker threads", settings.port, settings.workers)
    server.run()


def build_routes(load: ModelLoader, model_dir: Path, settings: ServingSettings) -> Routes:
    """The endpoints of the mode the settings ask for, with the model loaded in single-model mode."""
    if settings.multi_model:
        from clary_algorithms.serving.multi_model import MultiModelRoutes

        return MultiModelRoutes(load, settings=settings)
    return SingleModelRoutes(load(model_dir), settings=settings)


def _configure(app: ServingApp, settings: ServingSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="info" if settings.log_access else "warning",
        access_log=settings.log_access,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )


def _exit_early(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
