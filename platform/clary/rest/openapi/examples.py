"""Examples of requests. Together they train and serve a model: all they need is rows in ``s3://examples/train/``."""

from dataclasses import dataclass
from typing import Any

from clary.store.roles import EXECUTION_ROLE, RoleArn

_IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
_JOB = "xgboost-1"
_MODEL = "xgboost"
_TAGS = [{"Key": "team", "Value": "forecasting"}]


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples for the roles of one account."""

    account: str

    def name(self, kind: str) -> str:
        """A resource's name."""
        return {"TrainingJob": _JOB}.get(kind, _MODEL)

    def request(self, operation: str) -> dict[str, Any] | None:
        """The body of a request, None where there is no example."""
        return {
            "CreateTrainingJob": self._training_job,
            "CreateModel": self._model,
            "CreateEndpointConfig": self._endpoint_config,
            "CreateEndpoint": {"EndpointName": _MODEL, "EndpointConfigName": _MODEL},
            "UpdateEndpoint": {"EndpointConfigName": _MODEL},
            "UpdateEndpointWeightsAndCapacities": {
                "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
            },
            "CreateCodeRepository": {
                "CodeRepositoryName": _MODEL,
                "GitConfig": {"RepositoryUrl": "https://github.com/dmlc/xgboost.git"},
            },
            "AddTags": {"Tags": _TAGS},
            "Search": {
                "Resource": "TrainingJob",
                "SearchExpression": {
                    "Filters": [{"Name": "TrainingJobStatus", "Operator": "Equals", "Value": "Completed"}]
                },
            },
        }.get(operation)

    @property
    def _role(self) -> str:
        return str(RoleArn(self.account, "/", EXECUTION_ROLE))

    @property
    def _training_job(self) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": "s3://examples/train/"}
        return {
            "TrainingJobName": _JOB,
            "RoleArn": self._role,
            "AlgorithmSpecification": {"TrainingImage": _IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"num_round": "20", "objective": "reg:squarederror"},
            "InputDataConfig": [
                {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://examples/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }

    @property
    def _model(self) -> dict[str, Any]:
        artifacts = f"s3://examples/output/{_JOB}/output/model.tar.gz"
        return {
            "ModelName": _MODEL,
            "ExecutionRoleArn": self._role,
            "PrimaryContainer": {"Image": _IMAGE, "ModelDataUrl": artifacts},
        }

    @property
    def _endpoint_config(self) -> dict[str, Any]:
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": _MODEL,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        return {"EndpointConfigName": _MODEL, "ProductionVariants": [variant]}
