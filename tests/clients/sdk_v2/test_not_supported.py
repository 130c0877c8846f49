"""Parts of the SDK that Clary doesn't serve yet end in an error that says so."""

from collections.abc import Callable

import pytest

from support.flow_scripts import FlowScript
from support.running import RunningPlatform

NAMED = {
    "processing": "CreateProcessingJob",
    "transform": "CreateTransformJob",
    "tuning": "CreateHyperParameterTuningJob",
    "pipelines": "CreatePipeline",
    "feature store": "CreateFeatureGroup",
    "model registry": "CreateModelPackageGroup",
    "inference pipeline": "several containers",
    "serverless": "ServerlessConfig",
    "async": "AsyncInferenceConfig",
}


@pytest.fixture(scope="module")
def not_supported(platform_up: RunningPlatform, run_script: Callable[..., FlowScript]) -> FlowScript:
    """``flows/not_supported.py``, run once."""
    return run_script(platform_up, "not_supported")


@pytest.mark.xdist_group("sdk-v2-not-supported")
@pytest.mark.parametrize(("part", "name"), NAMED.items(), ids=NAMED)
def test_the_error_names_what_is_missing(not_supported: FlowScript, part: str, name: str) -> None:
    error = not_supported[part]
    assert error["code"] == "UnsupportedOperation"
    assert name in error["message"]
