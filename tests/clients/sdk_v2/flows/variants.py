"""Models from artifacts: one deployed by itself, two behind one endpoint."""

from typing import Any

import sagemaker
from botocore.exceptions import ClientError
from doubling import make_estimator, report, upload_table
from sagemaker.deserializers import CSVDeserializer
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer
from sagemaker.session import production_variant
from sagemaker.utils import name_from_base

INSTANCE_TYPE = "ml.m5.large"


def train(session: sagemaker.Session, role: str) -> list[str]:
    """The artifacts of a model that doubles and of one that triples."""
    estimators = [make_estimator(session, role) for _ in range(2)]
    for estimator, factor in zip(estimators, (2, 3), strict=True):
        estimator.fit({"train": upload_table(session, "variants", factor=factor)}, wait=False)
    for estimator in estimators:
        session.wait_for_job(estimator.latest_training_job.name, poll=1)
    return [estimator.model_data for estimator in estimators]


def make_model(session: sagemaker.Session, role: str, artifact: str) -> Model:
    """A Model of an image and an artifact, without the job that made it."""
    image = sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1")
    return Model(
        image_uri=image,
        model_data=artifact,
        role=role,
        name=name_from_base("artifact"),
        env={"LEAVES": "one"},
        predictor_cls=Predictor,
        sagemaker_session=session,
    )


def deploy_model(session: sagemaker.Session, model: Model) -> dict[str, Any]:
    """Model.deploy with tags and a name of its own."""
    tags = [{"Key": "team", "Value": "forest"}]
    name = name_from_base("from-artifact")
    predictor = model.deploy(
        1,
        INSTANCE_TYPE,
        endpoint_name=name,
        tags=tags,
        serializer=CSVSerializer(),
        deserializer=CSVDeserializer(),
        wait=False,
    )
    described = session.wait_for_endpoint(name, poll=1)
    result = {
        "status": described["EndpointStatus"],
        "prediction": predictor.predict([4.0]),
        "environment": session.describe_model(model.name)["PrimaryContainer"]["Environment"],
        "tags": session.list_tags(described["EndpointArn"]),
    }
    predictor.delete_endpoint()
    return result


def deploy_variants(session: sagemaker.Session, models: dict[str, Model]) -> dict[str, Any]:
    """Two variants; the caller chooses, or nine in ten requests go to the first."""
    for model in models.values():
        model.create(instance_type=INSTANCE_TYPE)
    weights = {"doubling": 9, "tripling": 1}
    endpoint = session.endpoint_from_production_variants(
        name_from_base("variants"),
        [
            production_variant(
                model.name,
                INSTANCE_TYPE,
                initial_instance_count=1,
                variant_name=name,
                initial_weight=weights[name],
            )
            for name, model in models.items()
        ],
        wait=False,
    )
    described = session.wait_for_endpoint(endpoint, poll=1)
    predictor = Predictor(
        endpoint, sagemaker_session=session, serializer=CSVSerializer(), deserializer=CSVDeserializer()
    )
    chosen = {name: predictor.predict([4.0], target_variant=name) for name in models}
    any_variant = [predictor.predict([4.0])[0][0] for _ in range(10)]
    try:
        predictor.predict([4.0], target_variant="halving")
        refused = {}
    except ClientError as error:
        refused = error.response["Error"]
    predictor.delete_endpoint()
    return {
        "endpoint": endpoint,
        "weights": {each["VariantName"]: each["CurrentWeight"] for each in described["ProductionVariants"]},
        "chosen": chosen,
        "any": any_variant,
        "refused": refused,
    }


def main() -> None:
    """Both flows, from two artifacts."""
    session = sagemaker.Session()
    role = sagemaker.get_execution_role()
    doubling, tripling = train(session, role)
    models = {
        "doubling": make_model(session, role, doubling),
        "tripling": make_model(session, role, tripling),
    }
    report("model", deploy_model(session, make_model(session, role, doubling)))
    report("variants", deploy_variants(session, models))
    models["doubling"].create(instance_type=INSTANCE_TYPE)
    report("existing model", models["doubling"].name)
    for model in models.values():
        model.delete_model()
    report("no endpoint", session.endpoint_in_service_or_not(name_from_base("none")))


if __name__ == "__main__":
    main()
