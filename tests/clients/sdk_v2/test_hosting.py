"""Endpoints of the SDK: deploy, predict in every format, update, variants, delete."""

from collections.abc import Callable

import pytest

from support.flow_scripts import FlowScript
from support.running import RunningPlatform

CLIENT = "SageMaker SDK v2"
SCORES = [{"score": 6.0}, {"score": 10.0}]


@pytest.fixture(scope="module")
def hosting(platform_up: RunningPlatform, run_script: Callable[..., FlowScript]) -> FlowScript:
    """``flows/hosting.py``, run once."""
    return run_script(platform_up, "hosting")


@pytest.fixture(scope="module")
def variants(platform_up: RunningPlatform, run_script: Callable[..., FlowScript]) -> FlowScript:
    """``flows/variants.py``, run once."""
    return run_script(platform_up, "variants")


@pytest.mark.xdist_group("sdk-v2-hosting")
class TestOneEndpoint:
    """An endpoint of a fitted Estimator."""

    @pytest.mark.flow(CLIENT, "Estimator.fit(logs=False), Estimator.deploy")
    def test_deploy_waits_until_it_is_in_service(self, hosting: FlowScript) -> None:
        assert hosting["deploy"]["in_service"] is True

    @pytest.mark.flow(CLIENT, "Predictor.predict: CSV, libsvm, protobuf, JSON, JSON Lines, pandas, text")
    def test_every_serializer_and_deserializer_works(self, hosting: FlowScript) -> None:
        formats = hosting["formats"]
        assert formats["csv"] == formats["csv from numpy"] == [["6.0"], ["10.0"]]
        assert formats["json"] == {"predictions": SCORES}
        assert formats["json lines"] == formats["pandas"] == SCORES
        assert formats["records"] == [6.0, 10.0]
        assert formats["identity"] == "6.0\n10.0\n"
        assert {formats["libsvm"], formats["string"], formats["data"]} == {formats["string"]}
        assert "6.0" in formats["string"]

    @pytest.mark.flow(CLIENT, "ModelError of a container that refuses a format")
    def test_a_format_that_the_container_refuses_is_a_model_error(self, hosting: FlowScript) -> None:
        error = hosting["strange format"]
        assert (error["Code"], error["original"]) == ("ModelError", 415)
        assert "application/x-npy is not an accepted ContentType" in error["Message"]

    @pytest.mark.flow(CLIENT, "Predictor.update_endpoint: instance type and count, model")
    def test_an_update_changes_capacity_or_model(self, hosting: FlowScript) -> None:
        capacity, model = hosting["update"]["capacity"], hosting["update"]["model"]
        assert (capacity["type"], capacity["count"]) == ("ml.m5.xlarge", 2)
        assert (model["type"], model["count"]) == ("ml.m5.large", 1)
        assert "6.0" in capacity["prediction"]
        assert "9.0" in model["prediction"]

    @pytest.mark.flow(CLIENT, "Predictor.delete_model, delete_endpoint")
    def test_what_is_deleted_is_gone(self, hosting: FlowScript) -> None:
        gone, platform = hosting["delete"], hosting.platform
        assert "(ValidationException)" in gone["model"]
        assert "Could not find model" in gone["model"]
        assert "Could not find endpoint configuration" in gone["configuration"]
        assert gone["in_service"] is False
        listed = platform.client("sagemaker").list_endpoints(
            NameContains=hosting["deploy"]["endpoint"], StatusEquals="InService"
        )
        assert listed["Endpoints"] == []


@pytest.mark.xdist_group("sdk-v2-variants")
class TestModelsOfArtifacts:
    """Models without the job that made them."""

    @pytest.mark.flow(CLIENT, "Model(image_uri, model_data).deploy with tags and environment")
    def test_a_model_of_an_artifact_is_deployed(self, variants: FlowScript) -> None:
        assert variants["model"] == {
            "status": "InService",
            "prediction": [["8.0"]],
            "environment": {"LEAVES": "one"},
            "tags": [{"Key": "team", "Value": "forest"}],
        }

    @pytest.mark.flow(CLIENT, "Session.endpoint_from_production_variants, predict(target_variant=…)")
    def test_the_caller_chooses_a_variant(self, variants: FlowScript) -> None:
        found = variants["variants"]
        assert found["weights"] == {"doubling": 9.0, "tripling": 1.0}
        assert found["chosen"] == {"doubling": [["8.0"]], "tripling": [["12.0"]]}
        assert set(found["any"]) <= {"8.0", "12.0"}
        assert found["refused"]["Code"] == "ValidationError"
        assert "Variant halving" in found["refused"]["Message"]

    @pytest.mark.flow(CLIENT, "Model.create of a model that exists")
    def test_a_model_that_exists_is_taken_as_it_is(self, variants: FlowScript) -> None:
        assert f"Using already existing model: {variants['existing model']}" in variants.errors

    @pytest.mark.flow(CLIENT, "Session.endpoint_in_service_or_not")
    def test_a_missing_endpoint_is_not_in_service(self, variants: FlowScript) -> None:
        assert variants["no endpoint"] is False
