"""InvokeEndpoint through the whole platform: headers, variants, errors, limits, several endpoints at once."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.endpoints import Endpoints
from support.waiting import wait_for

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def pair(endpoints: Endpoints) -> Iterator[str]:
    """An endpoint with two variants of two instances each, which share the traffic three to one."""
    variants = [
        {
            "VariantName": name,
            "ModelName": endpoints.create_toy(name),
            "InitialVariantWeight": weight,
            "InitialInstanceCount": 2,
        }
        for name, weight in (("often", 3), ("seldom", 1))
    ]
    with endpoints.serving(*variants) as name:
        yield name


def test_headers_reach_the_container_and_its_own_come_back(endpoints: Endpoints, pair: str) -> None:
    answer = endpoints.invoke(
        pair,
        b"\x00\x01\xff",
        ContentType="application/x-thing",
        Accept="application/json",
        CustomAttributes="trace=7",
        InferenceId="inference-1",
        TargetVariant="seldom",
    )
    seen = json.loads(answer["Body"])
    assert seen["size"] == 3
    assert seen["headers"]["content-type"] == "application/x-thing"
    assert seen["headers"]["accept"] == "application/json"
    assert seen["headers"]["x-amzn-sagemaker-custom-attributes"] == "trace=7"
    assert seen["headers"]["x-amzn-sagemaker-inference-id"] == "inference-1"
    assert answer["CustomAttributes"] == "seen trace=7"
    assert answer["InvokedProductionVariant"] == "seldom"
    assert answer["ContentType"] == "application/json"


@pytest.mark.flow("boto3", "an endpoint of two variants")
def test_variants_share_by_weight_and_instances_take_turns(endpoints: Endpoints, pair: str) -> None:
    answers = [endpoints.ask(pair) for _ in range(80)]
    names = [answer["name"] for answer in answers]
    # 60 are expected; by chance fewer than 45 or more than 75 come once in ten thousand runs.
    assert 45 <= names.count("often") <= 75
    assert len({answer["id"] for answer in answers}) == 4
    described = endpoints.describe(pair)["ProductionVariants"]
    assert [(each["VariantName"], each["CurrentWeight"]) for each in described] == [
        ("often", 3),
        ("seldom", 1),
    ]
    assert [each["CurrentInstanceCount"] for each in described] == [2, 2]


@pytest.mark.flow("boto3", "invoke_endpoint with TargetVariant")
def test_a_target_variant_gets_all_and_a_missing_one_is_refused(endpoints: Endpoints, pair: str) -> None:
    for _ in range(8):
        assert endpoints.invoke(pair, TargetVariant="seldom")["InvokedProductionVariant"] == "seldom"
    with pytest.raises(ClientError, match="Variant none of endpoint"):
        endpoints.invoke(pair, TargetVariant="none")


@pytest.mark.parametrize(
    ("status", "side"), [(400, "client"), (429, "client"), (500, "server"), (503, "server")]
)
def test_a_containers_refusal_is_a_model_error(
    endpoints: Endpoints, pair: str, status: int, side: str
) -> None:
    with pytest.raises(ClientError) as refused:
        endpoints.ask(pair, do="fail", status=status, text="my own words")
    answer = refused.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["Error"]["Message"] == (
        f'Received {side} error ({status}) from primary with message "my own words". See '
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group="
        f"/aws/sagemaker/Endpoints/{pair} in account 000000000000 for more information."
    )
    assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (status, "my own words")
    assert endpoints.describe(pair)["EndpointStatus"] == "InService"


def test_a_container_that_dies_on_a_request_is_a_model_error(endpoints: Endpoints) -> None:
    with endpoints.serving_toy(count=2) as name:
        with pytest.raises(ClientError) as refused:
            endpoints.ask(name, do="die")
        assert refused.value.response["Error"]["Code"] == "ModelError"
        assert endpoints.ask(name)["name"] == "toy"


def test_a_payload_past_the_limit_is_refused(endpoints: Endpoints, pair: str) -> None:
    answer = json.loads(endpoints.invoke(pair, bytes(25 * MEGABYTE))["Body"])
    assert answer["size"] == 25 * MEGABYTE
    with pytest.raises(ClientError) as refused:
        endpoints.invoke(pair, bytes(25 * MEGABYTE + 1))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_every_instance_acts_as_the_models_role_while_it_runs(endpoints: Endpoints) -> None:
    with endpoints.serving_toy(count=2) as name:
        answers = [endpoints.ask(name, do="tell") for _ in range(6)]
        environments = {answer["id"]: answer for answer in answers}
        clients = [
            endpoints.platform.client(
                "sts",
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=environment["AWS_SESSION_TOKEN"],
            )
            for environment in environments.values()
        ]
        assert len(clients) == 2
        for client in clients:
            assert ":assumed-role/ClaryExecutionRole/" in client.get_caller_identity()["Arn"]
    for client in clients:  # a gateway remembers a key for some seconds
        wait_for(lambda client=client: not is_known(client), what="the end of the credentials")


def is_known(client: Any) -> bool:
    """Whether the credentials of an STS client are still good."""
    try:
        return bool(client.get_caller_identity())
    except ClientError as error:
        if "InvalidClientTokenId" in str(error):
            return False
        raise


def test_several_endpoints_are_made_at_once_and_keep_apart(endpoints: Endpoints) -> None:
    toys = ["ada", "bob", "cleo", "dan"]
    with ExitStack() as stack:
        names = {toy: endpoints.create({"ModelName": endpoints.create_toy(toy)}) for toy in toys}
        for toy, name in names.items():
            stack.callback(endpoints.delete, name)
            endpoints.wait_in_service(name)
            assert endpoints.ask(name)["name"] == toy
        listed = endpoints.sagemaker.list_endpoints(StatusEquals="InService", MaxResults=100)["Endpoints"]
        assert set(names.values()) <= {endpoint["EndpointName"] for endpoint in listed}
        endpoints.delete(names["ada"])
        for toy in toys[1:]:
            assert endpoints.ask(names[toy])["name"] == toy
        with pytest.raises(ClientError, match="not found"):
            endpoints.ask(names["ada"])
