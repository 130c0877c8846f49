"""Endpoints that can't be created, and endpoints that end: nothing is left running."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, WaiterError

from support.endpoints import VARIANT, Endpoints

pytestmark = pytest.mark.usefixtures("silent_deployments")

AT_ONCE = {"Delay": 1, "MaxAttempts": 30}


def missing_artifact(endpoints: Endpoints) -> tuple[str, str]:
    url = f"s3://{endpoints.bucket}/nothing/model.tar.gz"
    return endpoints.create_model(url), (
        f'Failed to download model data for container "container_1" from URL: "{url}". Please ensure that '
        "there is an object located at the URL and that the role passed to CreateModel has permissions to "
        "download the object."
    )


def missing_bucket(endpoints: Endpoints) -> tuple[str, str]:
    model = endpoints.create_model("s3://no-such-bucket-anywhere/model.tar.gz")
    return model, 'from URL: "s3://no-such-bucket-anywhere/model.tar.gz". Please ensure that'


def no_archive(endpoints: Endpoints) -> tuple[str, str]:
    url = endpoints.put(b"this is no archive")
    return endpoints.create_model(url), (
        f'Failed to extract model data archive for container "container_1" from URL: "{url}". Please ensure '
        "that the object located at the URL is a valid tar.gz archive."
    )


def dying_container(endpoints: Endpoints) -> tuple[str, str]:
    return endpoints.create_toy(start="exit"), (
        f"The primary container for production variant {VARIANT} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint. (the container exited with code 3)"
    )


def unknown_image(endpoints: Endpoints) -> tuple[str, str]:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/nobody-has-this:1"
    return endpoints.create_model(None, image=image), (
        f"Please make sure all images included in the model for the production variant {VARIANT} exist, and "
        "that the execution role used to create the model has permissions to access them."
    )


@pytest.mark.flow("boto3", "create_endpoint that fails, with its reason")
@pytest.mark.parametrize(
    "make", [missing_artifact, missing_bucket, no_archive, dying_container, unknown_image]
)
def test_creation_fails_with_the_reason(
    endpoints_anywhere: Endpoints, make: Callable[[Endpoints], tuple[str, str]]
) -> None:
    endpoints = endpoints_anywhere
    model, reason = make(endpoints)
    name = endpoints.create({"ModelName": model, "InitialInstanceCount": 2})
    waiter = endpoints.sagemaker.get_waiter("endpoint_in_service")
    with pytest.raises(WaiterError, match=r'terminal failure state: .*"Failed"'):
        waiter.wait(EndpointName=name, WaiterConfig=AT_ONCE)
    described = endpoints.describe(name)
    assert described["EndpointStatus"] == "Failed"
    assert reason in described["FailureReason"]
    assert "ProductionVariants" not in described
    with pytest.raises(ClientError, match=f"Endpoint {name} of account 000000000000 not found"):
        endpoints.invoke(name)
    with pytest.raises(ClientError, match="can only be deleted"):
        endpoints.sagemaker.update_endpoint(
            EndpointName=name, EndpointConfigName=described["EndpointConfigName"]
        )
    endpoints.delete(name)


def test_the_log_of_a_container_that_died_stays(endpoints: Endpoints) -> None:
    name = endpoints.create({"ModelName": endpoints.create_toy(start="exit")})
    endpoints.wait_settled(name)
    assert "toy gives up" in endpoints.read_log(name)
    endpoints.wait_gone(*endpoints.instance_ids(name))
    endpoints.delete(name)
    assert "toy gives up" in endpoints.read_log(name)


@pytest.mark.flow("boto3", "the waiters endpoint_in_service and endpoint_deleted")
def test_waiters_end_as_on_aws(endpoints: Endpoints) -> None:
    name = endpoints.create({"ModelName": endpoints.create_toy()})
    endpoints.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=AT_ONCE)
    assert endpoints.describe(name)["EndpointStatus"] == "InService"
    instances = endpoints.instance_ids(name)
    endpoints.sagemaker.delete_endpoint(EndpointName=name)
    endpoints.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=AT_ONCE)
    endpoints.wait_gone(*instances)
    with pytest.raises(WaiterError, match="ValidationException"):
        endpoints.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)


def test_an_endpoint_may_be_deleted_while_it_is_created(endpoints: Endpoints) -> None:
    name = endpoints.create({"ModelName": endpoints.create_toy(start="silent"), "InitialInstanceCount": 2})
    assert endpoints.describe(name)["EndpointStatus"] == "Creating"
    endpoints.delete(name)
    assert not endpoints.exists(name)


def test_a_name_is_free_again_after_deletion(endpoints: Endpoints) -> None:
    with endpoints.serving_toy("first") as name:
        config = endpoints.describe(name)["EndpointConfigName"]
        with pytest.raises(ClientError, match=f'Cannot create already existing endpoint ".*/{name}"'):
            endpoints.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        endpoints.delete(name)
        second = endpoints.create_config({"ModelName": endpoints.create_toy("second")})
        endpoints.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=second)
        endpoints.wait_in_service(name)
        assert endpoints.ask(name)["name"] == "second"


def test_a_missing_configuration_or_endpoint_is_named(endpoints: Endpoints) -> None:
    prefix = f"arn:aws:sagemaker:us-east-1:{endpoints.platform.account}"
    sagemaker = endpoints.sagemaker
    with pytest.raises(ClientError) as refused:
        sagemaker.create_endpoint(EndpointName="nobody", EndpointConfigName="No-Such-Config")
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f'Could not find endpoint configuration "{prefix}:endpoint-config/no-such-config".',
    }
    for call in (sagemaker.describe_endpoint, sagemaker.delete_endpoint):
        with pytest.raises(ClientError) as refused:
            call(EndpointName="nobody")
        assert refused.value.response["Error"] == {
            "Code": "ValidationException",
            "Message": f'Could not find endpoint "{prefix}:endpoint/nobody".',
        }
