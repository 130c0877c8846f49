"""Host the trained model and ask it."""

import time
from collections.abc import Callable
from typing import Any

from clary.cli.demo.data import Split, to_csv
from clary.cli.demo.session import IMAGE, INSTANCE_TYPE, Session
from clary.cli.demo.training import POLL_SECONDS, DemoFailed

VARIANT = "AllTraffic"
ROWS_A_REQUEST = 25


def create_endpoint(session: Session, artifacts: str) -> None:
    """Model, endpoint configuration, endpoint."""
    session.sagemaker.create_model(
        ModelName=session.name,
        ExecutionRoleArn=session.role(),
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artifacts},
    )
    variant = {
        "VariantName": VARIANT,
        "ModelName": session.name,
        "InstanceType": INSTANCE_TYPE,
        "InitialInstanceCount": 1,
    }
    session.sagemaker.create_endpoint_config(EndpointConfigName=session.name, ProductionVariants=[variant])
    session.sagemaker.create_endpoint(EndpointName=session.name, EndpointConfigName=session.name)


def wait_in_service(session: Session, say: Callable[[str], None]) -> None:
    """Return when the endpoint takes traffic."""
    status = ""
    while status != "InService":
        endpoint = session.sagemaker.describe_endpoint(EndpointName=session.name)
        if endpoint["EndpointStatus"] != status:
            status = endpoint["EndpointStatus"]
            say(f"[{status}]")
        if status == "Failed":
            raise DemoFailed(f"The endpoint failed: {endpoint.get('FailureReason')}")
        time.sleep(POLL_SECONDS)


def predict(session: Session, split: Split) -> list[float]:
    """Probabilities for the held-out rows, some rows a request."""
    probabilities: list[float] = []
    for start in range(0, len(split.test_features), ROWS_A_REQUEST):
        rows = split.test_features[start : start + ROWS_A_REQUEST]
        answer: dict[str, Any] = session.runtime.invoke_endpoint(
            EndpointName=session.name, ContentType="text/csv", Accept="text/csv", Body=to_csv(rows)
        )
        text = answer["Body"].read().decode()
        probabilities += [float(value) for value in text.replace("\n", ",").split(",") if value]
    return probabilities
