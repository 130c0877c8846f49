"""The model server that every built-in algorithm uses.

An algorithm hands `serve` a `ModelLoader`; what it loads is a `Model`, which turns an `Invocation` into a
`Prediction` or raises an error of `clary_algorithms.serving.errors`. `media` reads the headers.
"""

from clary_algorithms.serving.model import Invocation, Model, ModelLoader, Prediction
from clary_algorithms.serving.settings import ServingSettings

__all__ = ["Invocation", "Model", "ModelLoader", "Prediction", "ServingSettings"]
