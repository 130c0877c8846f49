"""Models and endpoints as resources: ``endpoints.py MODEL_URI`` runs all flows, a line of JSON each."""

import json
import sys
import uuid
from typing import Any

from botocore.exceptions import ClientError
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import (
    ContainerDefinition,
    DesiredWeightAndCapacity,
    ProductionVariant,
    Tag,
)
from sagemaker.core.utils.exceptions import FailedStatusError

session = Session()
role = get_execution_role()
image = image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1")
prefix = f"sdk-v3-{uuid.uuid4().hex[:8]}"


def create_model(name: str, uri: str) -> Model:
    return Model.create(
        model_name=f"{prefix}-{name}",
        primary_container=ContainerDefinition(image=image, model_data_url=uri),
        execution_role_arn=role,
        tags=[Tag(key="team", value="blue")],
    )


def create_config(name: str, *, model: Model, count: int = 1) -> EndpointConfig:
    variant = ProductionVariant(
        variant_name="AllTraffic",
        model_name=model.model_name,
        initial_instance_count=count,
        initial_variant_weight=1.0,
        instance_type="ml.m5.large",
    )
    return EndpointConfig.create(endpoint_config_name=f"{prefix}-{name}", production_variants=[variant])


def create() -> dict[str, Any]:
    model = create_model("model", sys.argv[1])
    config = create_config("one", model=model)
    endpoint = Endpoint.create(
        endpoint_name=f"{prefix}-endpoint", endpoint_config_name=config.endpoint_config_name
    )
    first = endpoint.endpoint_status
    endpoint.wait_for_status("InService", poll=1)
    return {
        "statuses": [first, endpoint.endpoint_status],
        "model": model.primary_container.model_data_url,
        "variants": [variant.model_name == model.model_name for variant in config.production_variants],
    }


def invoke() -> dict[str, Any]:
    answer = Endpoint.get(f"{prefix}-endpoint").invoke(
        body="3\n4", content_type="text/csv", accept="application/json"
    )
    scores = [each["score"] for each in json.loads(answer.body.read())["predictions"]]
    return {"scores": scores, "type": answer.content_type, "variant": answer.invoked_production_variant}


def update() -> dict[str, Any]:
    endpoint = Endpoint.get(f"{prefix}-endpoint")
    config = create_config("two", model=Model.get(f"{prefix}-model"), count=2)
    endpoint.endpoint_config_name = config.endpoint_config_name
    endpoint.update()
    statuses = [endpoint.endpoint_status]
    endpoint.wait_for_status("InService", poll=1)
    counts = [endpoint.production_variants[0].current_instance_count]
    wanted = DesiredWeightAndCapacity(variant_name="AllTraffic", desired_weight=2.0, desired_instance_count=1)
    endpoint.update_weights_and_capacities(desired_weights_and_capacities=[wanted])
    endpoint.refresh()
    statuses.append(endpoint.endpoint_status)
    endpoint.wait_for_status("InService", poll=1)
    (variant,) = endpoint.production_variants
    return {
        "statuses": statuses,
        "counts": [*counts, variant.current_instance_count],
        "weight": variant.current_weight,
        "config": endpoint.endpoint_config_name.removeprefix(f"{prefix}-"),
    }


def find() -> dict[str, Any]:
    return {
        "models": len(list(Model.get_all(name_contains=prefix))),
        "configs": len(list(EndpointConfig.get_all(name_contains=prefix))),
        "serving": len(list(Endpoint.get_all(name_contains=prefix, status_equals="InService"))),
        "failed": len(list(Endpoint.get_all(name_contains=prefix, status_equals="Failed"))),
    }


def fail() -> dict[str, Any]:
    config = create_config("bad", model=create_model("bad", f"{sys.argv[1]}.missing"))
    endpoint = Endpoint.create(
        endpoint_name=f"{prefix}-bad", endpoint_config_name=config.endpoint_config_name
    )
    try:
        endpoint.wait_for_status("InService", poll=1)
    except FailedStatusError as error:
        return {"error": str(error), "reason": endpoint.failure_reason}
    return {"error": None}


def delete() -> dict[str, Any]:
    for endpoint in Endpoint.get_all(name_contains=prefix):
        endpoint.delete()
        endpoint.wait_for_delete(poll=1)
    for config in EndpointConfig.get_all(name_contains=prefix):
        config.delete()
    for model in Model.get_all(name_contains=prefix):
        model.delete()
    try:
        Endpoint.get(f"{prefix}-endpoint")
    except ClientError as error:
        return {"left": sum(find().values()), "gone": error.response["Error"]["Code"]}
    return {"left": sum(find().values()), "gone": None}


for flow in (create, invoke, update, find, fail, delete):
    result = json.dumps({"flow": flow.__name__, "result": flow()})
    # One write, on a line of its own: what waits leaves lines without an end, threads log meanwhile.
    print(f"\n{result}\n", end="", flush=True)
