"""Models and endpoint configurations: records with AWS's rules, words, filters and pages."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.endpoints import XGBOOST, Endpoints, new_name

Call = Callable[..., Any]
PREFIX = "arn:aws:sagemaker:us-east-1:000000000000"


def refusal(call: Call, **members: Any) -> tuple[str, str]:
    """Code and message of the error that a call ends in."""
    with pytest.raises(ClientError) as refused:
        call(**members)
    error = refused.value.response["Error"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error["Message"]


def variant(model: str, **members: Any) -> dict[str, Any]:
    """A production variant."""
    usual = {"VariantName": "one", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return usual | {"ModelName": model} | members


def test_a_model_is_described_as_it_was_created(endpoints: Endpoints) -> None:
    name = new_name("Model")
    container = {"Image": XGBOOST, "ModelDataUrl": "s3://b/m.tar.gz", "Environment": {"A": "1"}}
    sagemaker = endpoints.sagemaker
    created = sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=endpoints.role,
        PrimaryContainer=container,
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    arn = f"{PREFIX}:model/{name.lower()}"
    assert created["ModelArn"] == arn
    described = sagemaker.describe_model(ModelName=name)
    assert described["PrimaryContainer"] == container | {"Mode": "SingleModel"}
    assert described["ExecutionRoleArn"] == endpoints.role
    assert described["EnableNetworkIsolation"] is False
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    code, message = refusal(
        sagemaker.create_model, ModelName=name, ExecutionRoleArn=endpoints.role, PrimaryContainer=container
    )
    assert (code, message) == ("ValidationException", f'Cannot create already existing model "{arn}".')
    sagemaker.delete_model(ModelName=name)
    for call in (sagemaker.describe_model, sagemaker.delete_model):
        assert refusal(call, ModelName=name) == ("ValidationException", f'Could not find model "{arn}".')


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "You must provide either a PrimaryContainer or a list of Containers"),
        ({"PrimaryContainer": {"Image": XGBOOST}, "Containers": [{"Image": XGBOOST}]}, "takes only one"),
        ({"PrimaryContainer": {"Environment": {}}}, "must have either Image or ModelPackageName"),
        (
            {"PrimaryContainer": {"Image": XGBOOST, "ModelDataUrl": "ftp://x"}},
            "Value 'ftp://x' at 'primaryContainer.modelDataUrl' failed to satisfy constraint",
        ),
        (
            {
                "PrimaryContainer": {"Image": XGBOOST},
                "ExecutionRoleArn": "arn:aws:iam::000000000000:role/Nobody",
            },
            "Could not assume role arn:aws:iam::000000000000:role/Nobody. Please ensure that the role exists",
        ),
        ({"ModelName": "-bad-", "PrimaryContainer": {"Image": XGBOOST}}, "at 'modelName' failed to satisfy"),
    ],
    ids=["no container", "both", "no image", "no S3 URI", "no such role", "bad name"],
)
def test_a_bad_model_is_refused_in_words(
    endpoints: Endpoints, members: Mapping[str, Any], words: str
) -> None:
    usual = {"ModelName": new_name("model"), "ExecutionRoleArn": endpoints.role}
    code, message = refusal(endpoints.sagemaker.create_model, **usual | dict(members))
    assert code == "ValidationException"
    assert words in message


def test_a_configuration_is_described_as_it_was_created(endpoints: Endpoints) -> None:
    sagemaker, name = endpoints.sagemaker, new_name("Config")
    model = endpoints.create_model(None)
    variants = [variant(model), variant(model, VariantName="two", InitialVariantWeight=0.5)]
    created = sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    arn = f"{PREFIX}:endpoint-config/{name.lower()}"
    assert created["EndpointConfigArn"] == arn
    described = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert described["ProductionVariants"] == [variants[0] | {"InitialVariantWeight": 1}, variants[1]]
    assert described["EnableNetworkIsolation"] is False
    again = refusal(sagemaker.create_endpoint_config, EndpointConfigName=name, ProductionVariants=variants)
    assert again == (
        "ValidationException",
        f'Cannot create already existing endpoint configuration "{arn}".',
    )
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    for call in (sagemaker.describe_endpoint_config, sagemaker.delete_endpoint_config):
        assert refusal(call, EndpointConfigName=name) == (
            "ValidationException",
            f'Could not find endpoint configuration "{arn}".',
        )


def test_a_bad_configuration_is_refused_in_words(endpoints: Endpoints) -> None:
    model = endpoints.create_model(None)

    def refuse(*variants: dict[str, Any]) -> tuple[str, str]:
        return refusal(
            endpoints.sagemaker.create_endpoint_config,
            EndpointConfigName=new_name("config"),
            ProductionVariants=list(variants),
        )

    assert refuse(variant("No-Such-Model")) == (
        "ValidationException",
        f'Could not find model "{PREFIX}:model/no-such-model".',
    )
    assert "must be unique" in refuse(variant(model), variant(model))[1]
    nothing = {"VariantName": "one", "ModelName": model}
    assert refuse(nothing) == ("ValidationException", "Production variant one must have InstanceType.")
    assert refuse(nothing | {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}) == (
        "UnsupportedOperation",
        "Production variant one: ServerlessConfig is not supported yet.",
    )
    code, message = refuse(variant(model, InstanceType="ml.imaginary"))
    assert code == "ValidationException"
    assert "at 'productionVariants.1.member.instanceType' failed to satisfy constraint" in message


def test_a_model_in_use_may_be_deleted_and_goes_on_serving(endpoints: Endpoints) -> None:
    model = endpoints.create_toy()
    with endpoints.serving({"ModelName": model}) as name:
        config = endpoints.describe(name)["EndpointConfigName"]
        endpoints.sagemaker.delete_model(ModelName=model)
        code, message = refusal(
            endpoints.sagemaker.create_endpoint, EndpointName=new_name("e"), EndpointConfigName=config
        )
        assert (code, message) == ("ValidationException", f'Could not find model "{PREFIX}:model/{model}".')
        endpoints.sagemaker.delete_endpoint_config(EndpointConfigName=config)
        assert endpoints.ask(name)["name"] == "toy"
        assert endpoints.describe(name)["EndpointConfigName"] == config


@pytest.mark.flow("boto3", "paginators of models and endpoint configurations")
def test_lists_are_filtered_sorted_and_paged(endpoints: Endpoints) -> None:
    sagemaker, word = endpoints.sagemaker, new_name("list")
    names = [f"{word}-{number}" for number in range(5)]
    for name in names:
        sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=endpoints.role, PrimaryContainer={"Image": XGBOOST}
        )
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant(name)])
    for operation, member, key in (
        ("list_models", "Models", "ModelName"),
        ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    ):
        pages = sagemaker.get_paginator(operation).paginate(
            NameContains=word, SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
        )
        found = [[entry[key] for entry in page[member]] for page in pages]
        assert found == [names[:2], names[2:4], names[4:]]
        newest = getattr(sagemaker, operation)(NameContains=word)[member]
        assert [entry[key] for entry in newest] == names[::-1]
        after = newest[2]["CreationTime"]
        late = getattr(sagemaker, operation)(NameContains=word, CreationTimeAfter=after)[member]
        assert names[0] not in [entry[key] for entry in late]
        code, _ = refusal(getattr(sagemaker, operation), NextToken="broken")
        assert code == "ValidationException"
