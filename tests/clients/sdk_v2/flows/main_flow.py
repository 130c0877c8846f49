"""The main flow: fit, deploy, predict, delete."""

import sys

import boto3
import sagemaker
from doubling import make_estimator, report, upload_table
from sagemaker.deserializers import CSVDeserializer
from sagemaker.serializers import CSVSerializer


def main(region: str | None = None) -> None:
    """A model's life in eight calls, in the environment's region or another."""
    session = sagemaker.Session(boto3.Session(region_name=region))
    estimator = make_estimator(session, sagemaker.get_execution_role(session))
    estimator.fit({"train": upload_table(session, "main-flow")}, logs="All")
    predictor = estimator.deploy(
        1, "ml.m5.large", serializer=CSVSerializer(), deserializer=CSVDeserializer(), wait=False
    )
    session.wait_for_endpoint(predictor.endpoint_name, poll=1)
    prediction = predictor.predict([[4.0], [6.0]])
    config = session.describe_endpoint(predictor.endpoint_name)["EndpointConfigName"]
    (variant,) = session.describe_endpoint_config(config)["ProductionVariants"]
    predictor.delete_model()
    predictor.delete_endpoint()
    report(
        "main",
        {
            "job": estimator.latest_training_job.name,
            "status": estimator.latest_training_job.describe()["TrainingJobStatus"],
            "endpoint": predictor.endpoint_name,
            "model": variant["ModelName"],
            "prediction": prediction,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
