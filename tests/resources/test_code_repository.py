"""Code repositories through boto3."""

from collections.abc import Callable
from typing import Any

from support.refusing import refusal

GIT = {"RepositoryUrl": "https://git.example.com/team/models.git", "Branch": "main"}


def test_a_code_repository_is_recorded_updated_listed_and_deleted(client: Callable[..., Any]) -> None:
    sagemaker = client("sagemaker")
    arn = sagemaker.create_code_repository(
        CodeRepositoryName="Models", GitConfig=GIT, Tags=[{"Key": "team", "Value": "a"}]
    )["CodeRepositoryArn"]
    assert arn.endswith(":code-repository/models")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]

    secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:git"
    sagemaker.update_code_repository(CodeRepositoryName="Models", GitConfig={"SecretArn": secret})
    described = sagemaker.describe_code_repository(CodeRepositoryName="Models")
    assert described["GitConfig"] == GIT | {"SecretArn": secret}
    assert described["LastModifiedTime"] > described["CreationTime"]

    (listed,) = sagemaker.list_code_repositories(NameContains="Models")["CodeRepositorySummaryList"]
    assert listed == {key: described[key] for key in listed}

    sagemaker.delete_code_repository(CodeRepositoryName="Models")
    code, message, status = refusal(sagemaker.describe_code_repository, CodeRepositoryName="Models")
    assert (code, message, status) == (
        "ValidationException",
        f'Could not find code repository "{arn}".',
        400,
    )


def test_bad_and_repeated_code_repositories_are_refused(client: Callable[..., Any]) -> None:
    sagemaker = client("sagemaker")
    code, message, _ = refusal(
        sagemaker.create_code_repository,
        CodeRepositoryName="ssh",
        GitConfig={"RepositoryUrl": "https:/not-a-url"},
    )
    assert code == "ValidationException"
    assert "https://" in message
    sagemaker.create_code_repository(CodeRepositoryName="twice", GitConfig=GIT)
    code, message, _ = refusal(sagemaker.create_code_repository, CodeRepositoryName="twice", GitConfig=GIT)
    assert code == "ValidationException"
    assert "already existing" in message
