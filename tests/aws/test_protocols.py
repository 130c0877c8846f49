"""Each protocol's round trip through an unmodified boto3: the handler's input and output are the client's."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from clary.kernel.errors import ServiceError, ValidationError
from support.wire import ACCESS_KEY_ID, ACCOUNT, PRINCIPAL, REGION, WireServer

MOMENT = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)


def without_metadata(response: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


def test_json_structures_lists_maps_and_timestamps(wire: WireServer, calls: Any) -> None:
    answer = {
        "EndpointName": "churn",
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/churn",
        "EndpointStatus": "InService",
        "CreationTime": MOMENT,
        "LastModifiedTime": MOMENT,
        "ProductionVariants": [{"VariantName": "a", "CurrentWeight": 0.5, "CurrentInstanceCount": 2}],
    }
    calls.answers["DescribeEndpoint"] = answer | {"FailureReason": None}
    response = wire.client("sagemaker").describe_endpoint(EndpointName="churn")
    assert without_metadata(response) == answer
    assert calls.requests["DescribeEndpoint"] == {"EndpointName": "churn"}
    assert response["ResponseMetadata"]["RequestId"] == calls.contexts["DescribeEndpoint"].request_id


def test_context_tells_who_calls_and_where(wire: WireServer, calls: Any) -> None:
    wire.client("sts", region_name="ap-south-1").get_caller_identity()
    context = calls.contexts["GetCallerIdentity"]
    assert (context.account, context.region, context.principal) == (ACCOUNT, "ap-south-1", PRINCIPAL)
    assert context.access_key_id == ACCESS_KEY_ID


def test_json_input_of_every_kind(wire: WireServer, calls: Any) -> None:
    calls.answers["CreateTrainingJob"] = {
        "TrainingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/job"
    }
    request = {
        "TrainingJobName": "job",
        "HyperParameters": {"eta": "0.1", "grün": "é"},
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "rmse", "Regex": "rmse=(.*)"}],
        },
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/role",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "EnableNetworkIsolation": True,
    }
    wire.client("sagemaker").create_training_job(**request)
    assert calls.requests["CreateTrainingJob"] == request


def test_json_blobs(wire: WireServer, calls: Any) -> None:
    calls.answers["Encrypt"] = {"CiphertextBlob": b"\x00\xffsecret", "KeyId": "key"}
    response = wire.client("kms").encrypt(KeyId="key", Plaintext=b"\x01\x02plain")
    assert calls.requests["Encrypt"]["Plaintext"] == b"\x01\x02plain"
    assert response["CiphertextBlob"] == b"\x00\xffsecret"


def test_query_answers_in_xml(wire: WireServer, calls: Any) -> None:
    answer = {
        "Role": {
            "Path": "/",
            "RoleName": "a & <b>",
            "RoleId": "AROA1234567890123456",
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/role",
            "CreateDate": MOMENT,
            "Description": "line\r\nnext\ttab  'é' \u2603",
            "MaxSessionDuration": 3600,
            "Tags": [{"Key": "team", "Value": "a"}, {"Key": "empty", "Value": ""}],
        }
    }
    calls.answers["GetRole"] = answer
    assert without_metadata(wire.client("iam").get_role(RoleName="role")) == answer


def test_query_lists_in_the_form(wire: WireServer, calls: Any) -> None:
    calls.answers["SimulatePrincipalPolicy"] = {"EvaluationResults": [], "IsTruncated": False}
    names = [f"s3:Action{number}" for number in range(12)]
    context = [{"ContextKeyName": "aws:key", "ContextKeyValues": ["1", "2"], "ContextKeyType": "string"}]
    response = wire.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/role",
        ActionNames=names,
        ResourceArns=[],
        ContextEntries=context,
    )
    assert calls.requests["SimulatePrincipalPolicy"] == {
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:role/role",
        "ActionNames": names,
        "ResourceArns": [],
        "ContextEntries": context,
    }
    assert response["EvaluationResults"] == []
    assert response["IsTruncated"] is False


def test_rest_json_labels_query_and_body(wire: WireServer, calls: Any) -> None:
    record = [{"FeatureName": "id", "ValueAsString": "1"}]
    calls.answers["GetRecord"] = {"Record": record}
    response = wire.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName="group", RecordIdentifierValueAsString="a/b c+d&é", FeatureNames=["x", "y"]
    )
    assert response["Record"] == record
    assert calls.requests["GetRecord"] == {
        "FeatureGroupName": "group",
        "RecordIdentifierValueAsString": "a/b c+d&é",
        "FeatureNames": ["x", "y"],
    }


def test_rest_json_timestamps_in_the_body(wire: WireServer, calls: Any) -> None:
    data = [{"MetricName": "loss", "Timestamp": MOMENT.replace(microsecond=0), "Value": 0.25, "Step": 3}]
    wire.client("sagemaker-metrics").batch_put_metrics(TrialComponentName="component", MetricData=data)
    assert calls.requests["BatchPutMetrics"] == {"TrialComponentName": "component", "MetricData": data}


def test_rest_json_headers_status_and_raw_payload(wire: WireServer, calls: Any) -> None:
    calls.answers["Invoke"] = {"StatusCode": 202, "FunctionError": "Unhandled", "Payload": b'{"a":\xff'}
    response = wire.client("lambda").invoke(
        FunctionName="function", InvocationType="Event", Payload=io.BytesIO(b"\x00raw")
    )
    assert calls.requests["Invoke"] == {
        "FunctionName": "function",
        "InvocationType": "Event",
        "Payload": b"\x00raw",
    }
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (response["StatusCode"], response["FunctionError"]) == (202, "Unhandled")
    assert response["Payload"].read() == b'{"a":\xff'


def test_rest_json_label_with_a_slash_and_empty_answer(wire: WireServer, calls: Any) -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    response = wire.client("lambda").tag_resource(Resource=arn, Tags={"a": "b"})
    assert calls.requests["TagResource"] == {"Resource": arn, "Tags": {"a": "b"}}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_service_with_several_protocols_is_answered_in_the_client_s(wire: WireServer, calls: Any) -> None:
    data = [{"MetricName": "m", "Timestamp": MOMENT.replace(microsecond=0), "Values": [1.5, 2.0]}]
    wire.client("cloudwatch").put_metric_data(Namespace="n", MetricData=data)
    assert calls.requests["PutMetricData"] == {"Namespace": "n", "MetricData": data}


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("sagemaker", "DescribeEndpoint", {"EndpointName": "e"}),
        ("iam", "GetRole", {"RoleName": "r"}),
        (
            "sagemaker-featurestore-runtime",
            "GetRecord",
            {"FeatureGroupName": "g", "RecordIdentifierValueAsString": "1"},
        ),
    ],
)
def test_errors_reach_the_client(
    wire: WireServer, calls: Any, service: str, operation: str, arguments: dict[str, str]
) -> None:
    calls.answers[operation] = ValidationError('Could not find "é" <x>')
    with pytest.raises(ClientError) as caught:
        getattr(wire.client(service), xform_name(operation))(**arguments)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["Error"]["Message"] == 'Could not find "é" <x>'
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_modelled_errors_have_their_class_and_status(wire: WireServer, calls: Any) -> None:
    iam = wire.client("iam")
    calls.answers["GetRole"] = ServiceError("gone", code="NoSuchEntity")
    with pytest.raises(iam.exceptions.NoSuchEntityException) as caught:
        iam.get_role(RoleName="r")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404

    store = wire.client("sagemaker-featurestore-runtime")
    calls.answers["GetRecord"] = ServiceError("gone", code="ResourceNotFound")
    with pytest.raises(store.exceptions.ResourceNotFound) as caught:
        store.get_record(FeatureGroupName="g", RecordIdentifierValueAsString="1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert caught.value.response["Message"] == "gone"


def test_a_bug_becomes_an_internal_failure_without_details(
    wire: WireServer, calls: Any, caplog: pytest.LogCaptureFixture
) -> None:
    calls.answers["DescribeEndpoint"] = RuntimeError("secret detail")
    with pytest.raises(ClientError) as caught:
        wire.client("sagemaker").describe_endpoint(EndpointName="e")
    assert caught.value.response["Error"]["Code"] == "InternalFailure"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "secret" not in json.dumps(caught.value.response)
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        {"Tags": [{"Key": "a"}]},
        {"Tags": [{"Key": "a", "Value": 1}]},
        {"Tags": "a"},
        {"NoSuchMember": 1},
    ],
)
def test_an_answer_that_does_not_fit_the_model_is_our_fault(
    wire: WireServer, calls: Any, caplog: pytest.LogCaptureFixture, answer: dict[str, Any]
) -> None:
    calls.answers["ListTags"] = answer
    with pytest.raises(ClientError) as caught:
        wire.client("sagemaker").list_tags(ResourceArn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m")
    assert caught.value.response["Error"]["Code"] == "InternalFailure"
    assert "AnswerMismatch" in caplog.text


def test_streaming_services_get_the_body_and_the_identity(wire: WireServer) -> None:
    runtime = wire.client("sagemaker-runtime")
    response = runtime.invoke_endpoint(EndpointName="e", Body=b"1,2,3", ContentType="text/csv")
    assert response["Body"].read() == b"1,2,3"
    response = wire.client("s3").put_object(Bucket="b", Key="k é+/..//x", Body=b"data")
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-meta-account"], headers["x-amz-meta-body"]) == (ACCOUNT, "data")
    assert response["ResponseMetadata"]["RequestId"]
