"""botocore's service models, loaded once each and without their documentation."""

import sys
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

_UNUSED = frozenset({"documentation", "documentationUrl", "examples", "deprecatedMessage"})


@cache
def load_service(service: str) -> ServiceModel:
    """The model of a service by botocore's name for it, for example ``sagemaker-runtime``."""
    description = _loader().load_service_model(service, "service-2")
    return ServiceModel(_trim(description), service_name=service)


def load_documented(service: str) -> ServiceModel:
    """The model of a service with its documentation: large, so not kept."""
    description = Loader(include_default_extras=True).load_service_model(service, "service-2")
    return ServiceModel(description, service_name=service)


@cache
def load_operation(service: str, operation: str) -> OperationModel:
    """The model of one operation; its shapes are resolved once and kept."""
    return load_service(service).operation_model(operation)


@cache
def _loader() -> Loader:
    return Loader(include_default_extras=True)


def _trim(node: Any) -> Any:
    # Documentation is most of a model's memory, and member names repeat thousands of times.
    if isinstance(node, dict):
        return {
            sys.intern(key): _trim(value)
            for key, value in node.items()
            if not (key in _UNUSED and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_trim(item) for item in node]
    return sys.intern(node) if isinstance(node, str) else node
