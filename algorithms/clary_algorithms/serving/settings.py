"""How a model server is told to behave: the environment of the SageMaker container contract."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - the container contract: reachable from outside the container
_MEBIBYTE = 1 << 20
_DEBUG = 10


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """Settings of one model server.

    `max_payload_bytes` 0 means no limit. `queue_size` is how many requests may wait beyond the `workers`
    being served. `host` is every interface, as the contract says, unless CLARY_BIND_HOST names one (a server
    without a network namespace of its own). `model_memory_bytes` bounds what multi-model mode holds; None
    asks the machine.
    Source: "Use Your Own Inference Code with Hosting Services" and the sagemaker-inference toolkit.
    """

    host: str = ANY_ADDRESS
    port: int = 8080
    workers: int = 1
    queue_size: int = 100
    timeout_seconds: float = 60.0
    max_payload_bytes: int = 6 * _MEBIBYTE
    default_accept: str | None = None
    batch: bool = False
    multi_model: bool = False
    model_memory_bytes: int | None = None
    log_access: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the `SAGEMAKER_*` variables; raises ValueError naming the one that is wrong."""
        batch = _read_flag(environment, "SAGEMAKER_BATCH")
        timeout = _read_integer(environment, "SAGEMAKER_MODEL_SERVER_TIMEOUT", default=600 if batch else 60)
        memory = _read_integer(environment, "CLARY_MODEL_MEMORY_IN_MB", default=0, minimum=0)
        return cls(
            host=environment.get("CLARY_BIND_HOST") or ANY_ADDRESS,
            port=_read_integer(environment, "SAGEMAKER_BIND_TO_PORT", default=8080),
            workers=_read_integer(environment, "SAGEMAKER_MODEL_SERVER_WORKERS", default=os.cpu_count() or 1),
            queue_size=_read_integer(environment, "CLARY_SERVING_QUEUE_SIZE", default=100, minimum=0),
            timeout_seconds=_read_integer(
                environment, "SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS", default=timeout
            ),
            max_payload_bytes=_MEBIBYTE
            * _read_integer(environment, "SAGEMAKER_MAX_PAYLOAD_IN_MB", default=6, minimum=0),
            default_accept=environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or None,
            batch=batch,
            multi_model=_read_flag(environment, "SAGEMAKER_MULTI_MODEL"),
            model_memory_bytes=memory * _MEBIBYTE or None,
            log_access=_read_integer(environment, "SAGEMAKER_CONTAINER_LOG_LEVEL", default=20) <= _DEBUG,
        )


def _read_integer(environment: Mapping[str, str], name: str, *, default: int, minimum: int = 1) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < minimum:
        raise ValueError(f"{name} must be a whole number of at least {minimum}, not {text!r}.")
    return int(text)


def _read_flag(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").strip().lower() not in ("", "0", "false", "no")
