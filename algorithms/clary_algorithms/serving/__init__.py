"""The model server that every built-in algorithm uses.

An algorithm hands `server.serve_models` a `ModelLoader`; what that loads is a `Model`, which turns an
`Invocation` into a `Prediction` or raises one of the `errors`. `media` reads the headers for it.
"""

from clary_algorithms.serving.model import Invocation, Model, ModelLoader, Prediction
from clary_algorithms.serving.settings import ServingSettings

__all__ = ["Invocation", "Model", "ModelLoader", "Prediction", "ServingSettings"]
