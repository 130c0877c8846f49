"""What Clary doesn't do yet: the errors that a user of the SDK sees."""

from collections.abc import Callable
from typing import Any

import sagemaker
from botocore.exceptions import ClientError
from doubling import make_estimator, report, upload_table
from sagemaker.async_inference import AsyncInferenceConfig
from sagemaker.estimator import Estimator
from sagemaker.feature_store.feature_group import FeatureDefinition, FeatureGroup, FeatureTypeEnum
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.pipeline import PipelineModel
from sagemaker.processing import Processor
from sagemaker.serverless import ServerlessInferenceConfig
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
from sagemaker.workflow.pipeline import Pipeline

Call = Callable[[], Any]


def calls(
    session: sagemaker.Session, role: str, estimator: Estimator, table: TrainingInput
) -> dict[str, Call]:
    """One call of each part of the SDK that is not served yet."""
    processor = Processor(role, estimator.image_uri, 1, "ml.m5.large", sagemaker_session=session)
    bucket = f"s3://{session.default_bucket()}"
    transformer = estimator.transformer(1, "ml.m5.large", output_path=f"{bucket}/out")
    tuner = HyperparameterTuner(estimator, "validation:rmse", {"eta": ContinuousParameter(0.1, 1)})
    features = FeatureGroup("features", session, [FeatureDefinition("id", FeatureTypeEnum.STRING)])
    image, artifact = estimator.image_uri, estimator.model_data
    models = [Model(image, artifact, role, sagemaker_session=session) for _ in range(2)]
    formats = {"content_types": ["text/csv"], "response_types": ["text/csv"]}
    return {
        "processing": lambda: processor.run(wait=False, logs=False),
        "transform": lambda: transformer.transform(f"{bucket}/in", wait=False, logs=False),
        "tuning": lambda: tuner.fit({"train": table, "validation": table}, wait=False),
        "pipelines": lambda: Pipeline("pipeline", steps=[], sagemaker_session=session).upsert(role),
        "feature store": lambda: features.create(False, "id", "time", role),
        "model registry": lambda: estimator.register(
            **formats, inference_instances=["ml.m5.large"], model_package_group_name="forests"
        ),
        "inference pipeline": lambda: PipelineModel(models, role, sagemaker_session=session).deploy(
            1, "ml.m5.large", wait=False
        ),
        "serverless": lambda: estimator.deploy(
            serverless_inference_config=ServerlessInferenceConfig(), wait=False
        ),
        "async": lambda: estimator.deploy(
            1, "ml.m5.large", async_inference_config=AsyncInferenceConfig(), wait=False
        ),
    }


def error_of(call: Call) -> dict[str, str]:
    """The error that a call ends in."""
    try:
        call()
    except ClientError as error:
        return {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    return {}


def main() -> None:
    """Try each."""
    session = sagemaker.Session()
    role = sagemaker.get_execution_role()
    estimator = make_estimator(session, role)
    table = upload_table(session, "not-supported")
    estimator.fit({"train": table}, wait=False)
    session.wait_for_job(estimator.latest_training_job.name, poll=1)
    for name, call in calls(session, role, estimator, table).items():
        report(name, error_of(call))


if __name__ == "__main__":
    main()
