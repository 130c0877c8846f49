"""Training with ModelTrainer: ``training.py FOLDER FLOW…`` runs the named flows, a line of JSON each.

FOLDER holds ``rows``, data for XGBoost, and ``source``, a script with its requirements.
"""

import json
import sys
from pathlib import Path
from typing import Any

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.utils.exceptions import FailedStatusError
from sagemaker.core.utils.utils import configure_logging
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

FOLDER = Path(sys.argv[1])

configure_logging("INFO")
session = Session()
role = get_execution_role()


def compute(count: int = 1) -> Compute:
    return Compute(instance_type="ml.m5.large", instance_count=count)


def describe_session() -> dict[str, Any]:
    bucket = session.default_bucket()
    # What ModelTrainer asks before it stages source code in that bucket.
    simulated = session.boto_session.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["s3:PutObject"], ResourceArns=[f"arn:aws:s3:::{bucket}/*"]
    )
    return {
        "bucket": bucket,
        "account": session.account_id(),
        "role": role,
        "decision": simulated["EvaluationResults"][0]["EvalDecision"],
        "uri": session.upload_data(str(FOLDER / "rows"), key_prefix="sdk-v3/rows"),
    }


def train_image() -> dict[str, Any]:
    trainer = ModelTrainer(
        training_image=image_uris.retrieve("xgboost", session.boto_region_name, "1.7-1"),
        base_job_name="sdk-v3-image",
        compute=compute(),
        hyperparameters={"num_round": 5, "objective": "reg:squarederror"},
    )
    uri = session.upload_data(str(FOLDER / "rows"), key_prefix="sdk-v3/rows")
    trainer.train([InputData(channel_name="train", data_source=uri, content_type="text/csv")])
    return describe(trainer)


def train_source_code() -> dict[str, Any]:
    trainer = ModelTrainer(
        training_image=image_uris.get_base_python_image_uri(session.boto_region_name),
        base_job_name="sdk-v3-source",
        role=role,
        compute=compute(),
        source_code=SourceCode(
            source_dir=str(FOLDER / "source"), entry_script="train.py", requirements="requirements.txt"
        ),
        hyperparameters={"epochs": 3, "name": "two words"},
        environment={"COLOUR": "green"},
    )
    trainer.train([InputData(channel_name="train", data_source=str(FOLDER / "rows"))])
    return describe(trainer)


def train_command() -> dict[str, Any]:
    trainer = ModelTrainer(
        training_image=image_uris.get_base_python_image_uri(session.boto_region_name),
        base_job_name="sdk-v3-command",
        compute=compute(2),
        source_code=SourceCode(
            source_dir=str(FOLDER / "source"),
            command="cp train.py /opt/ml/model/$SM_CURRENT_HOST.py && getent hosts $SM_MASTER_ADDR",
        ),
    )
    trainer.train(wait=False)
    trainer._latest_training_job.wait(poll=1)
    return describe(trainer)


def train_in_vain() -> dict[str, Any]:
    trainer = ModelTrainer(
        training_image=image_uris.get_base_python_image_uri(session.boto_region_name),
        base_job_name="sdk-v3-failing",
        compute=compute(),
        source_code=SourceCode(command="echo no luck > /opt/ml/output/failure; exit 3"),
    )
    trainer.train(wait=False)
    try:
        trainer._latest_training_job.wait(poll=1)
    except FailedStatusError as error:
        return describe(trainer) | {"error": str(error)}
    return describe(trainer)


def describe(trainer: ModelTrainer) -> dict[str, Any]:
    job = trainer._latest_training_job
    return {
        "job": job.training_job_name,
        "status": job.training_job_status,
        "model": job.model_artifacts.s3_model_artifacts,
    }


for name in sys.argv[2:]:
    result = json.dumps({"flow": name, "result": globals()[name]()})
    # One write, on a line of its own: what waits leaves lines without an end, threads log meanwhile.
    print(f"\n{result}\n", end="", flush=True)
