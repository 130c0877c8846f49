"""An endpoint from its model to its end: deploy, predict in every format, update, delete."""

from collections.abc import Callable
from typing import Any

import numpy as np
import sagemaker
from botocore.exceptions import ClientError
from doubling import make_estimator, report, upload_table
from sagemaker.deserializers import (
    BytesDeserializer,
    CSVDeserializer,
    JSONDeserializer,
    JSONLinesDeserializer,
    PandasDeserializer,
    RecordDeserializer,
    StringDeserializer,
)
from sagemaker.predictor import Predictor
from sagemaker.serializers import (
    CSVSerializer,
    DataSerializer,
    IdentitySerializer,
    LibSVMSerializer,
    NumpySerializer,
    RecordSerializer,
    StringSerializer,
)

INSTANCE_TYPE = "ml.m5.large"
ROWS = np.array([[3.0], [5.0]])


def predict(predictor: Predictor, serializer: Any, deserializer: Any, data: Any) -> Any:
    """One prediction in one pair of formats."""
    predictor.serializer, predictor.deserializer = serializer, deserializer
    return predictor.predict(data)


def predict_in_every_format(predictor: Predictor) -> dict[str, Any]:
    """The same two rows, there and back in each format that XGBoost's container takes and gives."""
    records = predict(predictor, RecordSerializer(), RecordDeserializer(), ROWS.astype("float32"))
    table = predict(predictor, CSVSerializer(), PandasDeserializer(accept="application/json"), ROWS)
    lines = IdentitySerializer(content_type="text/csv")
    return {
        "csv": predict(predictor, CSVSerializer(), CSVDeserializer(), ROWS.tolist()),
        "csv from numpy": predict(predictor, CSVSerializer(), CSVDeserializer(), ROWS),
        "libsvm": predict(predictor, LibSVMSerializer(), StringDeserializer(), "0:3.0\n0:5.0"),
        "json": predict(predictor, CSVSerializer(), JSONDeserializer(), ROWS),
        "json lines": predict(predictor, CSVSerializer(), JSONLinesDeserializer(), ROWS),
        "records": [record.label["score"].float32_tensor.values[0] for record in records],
        "pandas": list(table["predictions"]),
        "identity": predict(predictor, lines, BytesDeserializer(), b"3.0\n5.0").decode(),
        "string": predict(predictor, StringSerializer("text/csv"), StringDeserializer(), "3.0\n5.0"),
        "data": predict(predictor, DataSerializer("text/csv"), StringDeserializer(), b"3.0\n5.0"),
    }


def predict_in_a_strange_format(predictor: Predictor) -> dict[str, Any]:
    """What comes of a format that the container does not know."""
    try:
        predict(predictor, NumpySerializer(), StringDeserializer(), ROWS)
    except ClientError as error:
        return {**error.response["Error"], "original": error.response.get("OriginalStatusCode")}
    return {}


def update(session: sagemaker.Session, predictor: Predictor, model: str) -> dict[str, Any]:
    """Another instance type and count, then another model."""
    seen = {}
    for name, change in {
        "capacity": {"initial_instance_count": 2, "instance_type": "ml.m5.xlarge"},
        "model": {"initial_instance_count": 1, "instance_type": INSTANCE_TYPE, "model_name": model},
    }.items():
        predictor.update_endpoint(**change, wait=False)
        described = session.wait_for_endpoint(predictor.endpoint_name, poll=1)
        config = session.describe_endpoint_config(described["EndpointConfigName"])
        variant = described["ProductionVariants"][0]
        seen[name] = {
            "type": config["ProductionVariants"][0]["InstanceType"],
            "count": variant["CurrentInstanceCount"],
            "prediction": predict(predictor, CSVSerializer(), StringDeserializer(), [3.0]),
        }
    return seen


def error_of(describe: Callable[[str], Any], name: str) -> str:
    """The error of describing what was deleted."""
    try:
        describe(name)
    except ClientError as error:
        return str(error)
    return ""


def main() -> None:
    """One endpoint's life."""
    session = sagemaker.Session()
    role = sagemaker.get_execution_role()
    tripling = make_estimator(session, role)
    tripling.fit({"train": upload_table(session, "hosting", factor=3)}, wait=False)
    estimator = make_estimator(session, role)
    estimator.fit({"train": upload_table(session, "hosting")}, logs=False)
    predictor = estimator.deploy(
        initial_instance_count=1, instance_type=INSTANCE_TYPE, serializer=CSVSerializer()
    )
    name = predictor.endpoint_name
    report("deploy", {"endpoint": name, "in_service": session.endpoint_in_service_or_not(name)})
    report("formats", predict_in_every_format(predictor))
    report("strange format", predict_in_a_strange_format(predictor))
    session.wait_for_job(tripling.latest_training_job.name, poll=1)
    other = tripling.create_model()
    other.create(instance_type=INSTANCE_TYPE)
    first = session.describe_endpoint(name)["EndpointConfigName"]
    model = session.describe_endpoint_config(first)["ProductionVariants"][0]["ModelName"]
    report("update", update(session, predictor, other.name))
    config = session.describe_endpoint(name)["EndpointConfigName"]
    predictor.delete_model()
    predictor.delete_endpoint()
    session.delete_model(model)
    report(
        "delete",
        {
            "model": error_of(session.describe_model, other.name),
            "configuration": error_of(session.describe_endpoint_config, config),
            "in_service": session.endpoint_in_service_or_not(name),
        },
    )


if __name__ == "__main__":
    main()
