"""A model that plain XGBoost made serves on an endpoint, and predicts what plain XGBoost predicts."""

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xgboost
from botocore.exceptions import ClientError
from sklearn.datasets import load_breast_cancer

from clary_algorithms.formats.protobuf import parse_record, read_tensor
from clary_algorithms.formats.recordio import read_records
from support.endpoints import VARIANT, Endpoints, to_rows
from support.waiting import wait_for

CSV = "text/csv"
FEATURES, LABELS = load_breast_cancer(return_X_y=True)
ROWS = FEATURES[:5]


class Hosted:
    """An endpoint, and the model that it has."""

    def __init__(self, endpoints: Endpoints, name: str, booster: xgboost.Booster) -> None:
        self.endpoints = endpoints
        self.name = name
        self.expected: npt.NDArray[np.float32] = booster.predict(xgboost.DMatrix(ROWS))

    def invoke(self, body: str, **members: Any) -> Any:
        """The whole answer."""
        return self.endpoints.invoke(self.name, body, **members)


@pytest.fixture(scope="module")
def hosted(endpoints_anywhere: Endpoints) -> Iterator[Hosted]:
    """An endpoint with a hand-made model.tar.gz."""
    booster = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(FEATURES, LABELS), 5
    )
    data = endpoints_anywhere.put_archive({"xgboost-model": bytes(booster.save_raw("ubj"))})
    with endpoints_anywhere.serving({"ModelName": endpoints_anywhere.create_model(data)}) as name:
        yield Hosted(endpoints_anywhere, name, booster)


def read_scores(answer: Any) -> list[float]:
    """The scores of an answer, whatever its type."""
    body: bytes = answer["Body"]
    match answer["ContentType"].partition(";")[0]:
        case "text/csv":
            return [float(line) for line in body.split()]
        case "application/json":
            return [entry["score"] for entry in json.loads(body)["predictions"]]
        case "application/jsonlines":
            return [json.loads(line)["score"] for line in body.splitlines()]
        case "application/x-recordio-protobuf":
            records = [parse_record(record) for record in read_records(io.BytesIO(body))]
            return [read_tensor(record.label["score"]).values[0] for record in records]
    raise AssertionError(f"unknown type {answer['ContentType']}")


@pytest.mark.flow("boto3", "create_endpoint and invoke_endpoint of an XGBoost artifact")
@pytest.mark.parametrize(
    "accept", [CSV, "application/json", "application/jsonlines", "application/x-recordio-protobuf"]
)
def test_each_answer_type_carries_plain_xgboosts_predictions(hosted: Hosted, accept: str) -> None:
    answer = hosted.invoke(to_rows(ROWS.tolist()), ContentType=CSV, Accept=accept)
    assert answer["ContentType"].startswith(accept)
    assert answer["InvokedProductionVariant"] == VARIANT
    assert read_scores(answer) == pytest.approx(hosted.expected.tolist(), rel=1e-5)


def test_libsvm_is_understood_too(hosted: Hosted) -> None:
    lines = [" ".join(f"{index}:{value}" for index, value in enumerate(row)) for row in ROWS.tolist()]
    answer = hosted.invoke("\n".join(lines), ContentType="text/libsvm", Accept=CSV)
    assert read_scores(answer) == pytest.approx(hosted.expected.tolist(), rel=1e-5)


@pytest.mark.parametrize(("content_type", "body"), [("image/png", "x"), (CSV, "no,numbers,here")])
def test_bad_input_is_a_model_error_that_the_log_explains(
    hosted: Hosted, content_type: str, body: str
) -> None:
    with pytest.raises(ClientError) as refused:
        hosted.invoke(body, ContentType=content_type)
    answer = refused.value.response
    group = f"/aws/sagemaker/Endpoints/{hosted.name}"
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["Error"]["Message"].startswith("Received client error (415) from primary with message")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == 415
    assert answer["OriginalMessage"] in answer["Error"]["Message"]
    assert answer["LogStreamArn"].endswith(f":log-group:{group}")
    (instance,) = hosted.endpoints.instance_ids(hosted.name)

    def is_explained() -> bool:
        events = hosted.endpoints.logs.get_log_events(
            logGroupName=group, logStreamName=f"{VARIANT}/{instance}", startFromHead=True
        )["events"]
        return any("415 answered to /invocations" in event["message"] for event in events)

    wait_for(is_explained, what="the line in the log")
