"""Deployment with ModelBuilder: ``deployment.py MODEL_URI FLOW…`` runs the named flows, a JSON line each."""

import json
import sys
import uuid
from typing import Any

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Endpoint, EndpointConfig
from sagemaker.core.utils.utils import configure_logging
from sagemaker.serve import ModelBuilder

configure_logging("INFO")
session = Session()
prefix = f"sdk-v3-{uuid.uuid4().hex[:8]}"


def deploy(*, wait: bool = True) -> dict[str, Any]:
    builder = ModelBuilder(
        image_uri=image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
        s3_model_data_url=sys.argv[1],
        instance_type="ml.m5.large",
        sagemaker_session=session,
    )
    model = builder.build(model_name=f"{prefix}-model")
    endpoint = builder.deploy(endpoint_name=f"{prefix}-endpoint", initial_instance_count=1, wait=wait)
    endpoint.wait_for_status("InService", poll=1)
    answer = endpoint.invoke(body="3", content_type="text/csv")
    result = {
        "model": model.primary_container.model_data_url,
        "endpoint": endpoint.endpoint_name,
        "answer": answer.body.read().decode(),
    }
    clean(endpoint)
    model.delete()
    return result


def deploy_without_waiting() -> dict[str, Any]:
    return deploy(wait=False)


def clean(endpoint: Endpoint) -> None:
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    EndpointConfig.get(endpoint.endpoint_config_name).delete()


for name in sys.argv[2:]:
    result = json.dumps({"flow": name, "result": globals()[name]()})
    # One write, on a line of its own: what waits leaves lines without an end, threads log meanwhile.
    print(f"\n{result}\n", end="", flush=True)
