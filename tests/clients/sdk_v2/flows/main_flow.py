"""The main flow: fit, deploy, predict, delete."""

import sagemaker
from doubling import make_estimator, report, upload_table
from sagemaker.deserializers import CSVDeserializer
from sagemaker.serializers import CSVSerializer


def main() -> None:
    """A model's life in eight calls."""
    session = sagemaker.Session()
    estimator = make_estimator(session, sagemaker.get_execution_role())
    estimator.fit({"train": upload_table(session, "main-flow")}, logs="All")
    predictor = estimator.deploy(
        1, "ml.m5.large", serializer=CSVSerializer(), deserializer=CSVDeserializer(), wait=False
    )
    session.wait_for_endpoint(predictor.endpoint_name, poll=1)
    prediction = predictor.predict([[4.0], [6.0]])
    (model,) = predictor._get_model_names()
    predictor.delete_model()
    predictor.delete_endpoint()
    report(
        "main",
        {
            "job": estimator.latest_training_job.name,
            "status": estimator.latest_training_job.describe()["TrainingJobStatus"],
            "endpoint": predictor.endpoint_name,
            "model": model,
            "prediction": prediction,
        },
    )


if __name__ == "__main__":
    main()
