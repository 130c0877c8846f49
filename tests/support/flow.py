"""The main flow as a user runs it: a model trained from rows in S3, an endpoint that serves it, its end."""

import uuid
from typing import Any

from support.jobs import XGBOOST, Described, Jobs, channel
from support.waiting import wait_for

# Labels are twice the feature, which five trees of a leaf a row learn by heart.
ROWS = [float(number) for number in range(32)]
HYPERPARAMETERS = {
    "num_round": "5",
    "eta": "1",
    "lambda": "0",
    "min_child_weight": "0",
    "objective": "reg:squarederror",
}


class Flow(Jobs):
    """One user who trains and hosts XGBoost."""

    def upload(self) -> str:
        """Store the training rows; the URI of their prefix."""
        return self.put({"train.csv": "".join(f"{2 * row},{row}\n" for row in ROWS)})

    def start_training(self, uri: str) -> str:
        """Start a job on rows; its name."""
        return self.create(
            HyperParameters=HYPERPARAMETERS, InputDataConfig=[channel("train", uri, ContentType="text/csv")]
        )

    def train(self) -> str:
        """Upload rows and train on them; the URI of the model."""
        return model_of(self.finish(self.start_training(self.upload())))

    def host(self, model: str) -> str:
        """Make an endpoint of a model; its name, once it is in service."""
        name = self.start_hosting(model)
        self.settle(name)
        return name

    def start_hosting(self, model: str, **members: Any) -> str:
        """Ask for an endpoint of a model (``members`` are CreateModel's); its name, which all three share."""
        name = f"flow-{uuid.uuid4().hex[:12]}"
        container = {"Image": XGBOOST, "ModelDataUrl": model}
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role, **members
        )
        variant = {
            "VariantName": "all",
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return name

    def settle(self, endpoint: str, *, status: str = "InService") -> Described:
        """Wait until an endpoint changes no more; it must be in ``status`` then."""
        described = wait_for(
            lambda: self._settled(endpoint), seconds=60, what=f"the end of {endpoint}'s change"
        )
        assert described["EndpointStatus"] == status, described.get("FailureReason")
        return described

    def predict(self, endpoint: str) -> list[float]:
        """What an endpoint answers for all rows."""
        runtime = self.platform.client("sagemaker-runtime")
        body = "\n".join(map(str, ROWS))
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body)
        return [
            float(value) for value in answer["Body"].read().decode().replace("\n", ",").split(",") if value
        ]

    def check(self, endpoint: str) -> None:
        """An endpoint's answers are what the rows taught it."""
        pairs = zip(self.predict(endpoint), ROWS, strict=True)
        assert all(abs(predicted - 2 * row) < 1 for predicted, row in pairs)

    def take_down(self, endpoint: str) -> None:
        """Delete endpoint, configuration and model, and wait until the endpoint is gone."""
        self.sagemaker.delete_endpoint(EndpointName=endpoint)
        wait_for(lambda: not self.has_endpoint(endpoint), seconds=60, what=f"the end of {endpoint}")
        self.sagemaker.delete_endpoint_config(EndpointConfigName=endpoint)
        self.sagemaker.delete_model(ModelName=endpoint)

    def has_endpoint(self, endpoint: str) -> bool:
        """Whether an endpoint of that name is listed."""
        listed = self.sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"]
        return endpoint in {entry["EndpointName"] for entry in listed}

    def _settled(self, endpoint: str) -> Described | None:
        described: Described = self.sagemaker.describe_endpoint(EndpointName=endpoint)
        return None if described["EndpointStatus"].endswith("ing") else described


def model_of(described: Described) -> str:
    """The URI of the model that a job made."""
    uri: str = described["ModelArtifacts"]["S3ModelArtifacts"]
    return uri
