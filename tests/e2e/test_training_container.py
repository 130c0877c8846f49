"""What a training container finds: its files, its environment, its neighbours, its network."""

import json

from support.jobs import XGBOOST, Jobs, channel

SHOW_CONFIG = "cp input/config/*.json model; env > model/env; ls -p . input/data > model/folders"


def test_the_contract_of_opt_ml(jobs: Jobs) -> None:
    hyperparameters = {"eta": "0.1", "quoted": '"train.py"', "json": '{"a": [1, 2]}', "unicode": "é ✓", "empty": ""}
    described = jobs.run(
        SHOW_CONFIG,
        HyperParameters=hyperparameters,
        Environment={"STAGE": "test", "WITH_SPACES": "a b = c"},
        InputDataConfig=[channel("train", jobs.put({"a.csv": "1,2\n"}), ContentType="text/csv")],
    )
    model = jobs.model(described)
    assert json.loads(model["hyperparameters.json"]) == hyperparameters == described["HyperParameters"]
    assert json.loads(model["inputdataconfig.json"]) == {
        "train": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
    }
    resources = json.loads(model["resourceconfig.json"])
    assert resources["hosts"] == ["algo-1"]
    assert resources["current_host"] == "algo-1"
    assert resources["current_instance_type"] == "ml.m5.large"
    assert resources["network_interface_name"]
    environment = dict(line.split("=", 1) for line in model["env"].splitlines() if "=" in line)
    assert environment["TRAINING_JOB_NAME"] == described["TrainingJobName"]
    assert environment["TRAINING_JOB_ARN"] == described["TrainingJobArn"]
    assert environment["STAGE"] == "test"
    assert environment["WITH_SPACES"] == "a b = c"
    assert environment["AWS_REGION"] == jobs.platform.region
    assert {"checkpoints/", "input/", "model/", "output/", "train/"} <= set(model["folders"].splitlines())
