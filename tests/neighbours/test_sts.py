from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clary.kernel.platform import Platform
from clary.store.tables import CredentialRow
from support.refusing import refusal

Client = Callable[..., Any]


@pytest.fixture
def sts(client: Client) -> Any:
    return client("sts")


def keys(credentials: dict[str, Any]) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def role_arn(account: str, name: str = "ClaryExecutionRole") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def test_the_caller_is_a_role_that_iam_knows(client: Client, sts: Any, account: str) -> None:
    identity = sts.get_caller_identity()
    assert identity["Account"] == account
    # The SDKs turn this ARN into the role's name and ask IAM for the role.
    name = identity["Arn"].split("/")[-2]
    role = client("iam").get_role(RoleName=name)["Role"]
    assert role["Arn"] == role_arn(account, name)
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/{name}/clary"
    assert identity["UserId"] == f"{role['RoleId']}:clary"


def test_an_assumed_roles_keys_act_as_the_role(client: Client, sts: Any, account: str) -> None:
    answer = sts.assume_role(
        RoleArn=role_arn(account), RoleSessionName="session-1", SourceIdentity="somebody"
    )
    assumed = answer["AssumedRoleUser"]
    assert assumed["Arn"] == f"arn:aws:sts::{account}:assumed-role/ClaryExecutionRole/session-1"
    assert answer["SourceIdentity"] == "somebody"
    identity = client("sts", **keys(answer["Credentials"])).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (assumed["Arn"], assumed["AssumedRoleId"])
    assert identity["Account"] == account
    assert assumed["AssumedRoleId"].startswith("AROA")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")


@pytest.mark.parametrize(("arguments", "seconds"), [({}, 3600), ({"DurationSeconds": 900}, 900)])
def test_temporary_keys_end_when_they_say(
    sts: Any, account: str, arguments: dict[str, int], seconds: int
) -> None:
    answer = sts.assume_role(RoleArn=role_arn(account), RoleSessionName="session", **arguments)
    left = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=seconds - 30) < left <= timedelta(seconds=seconds)


def test_keys_past_their_end_are_refused(client: Client, sts: Any, account: str, platform: Platform) -> None:
    credentials = sts.assume_role(RoleArn=role_arn(account), RoleSessionName="session")["Credentials"]
    with platform.database.write() as session:
        row = session.get(CredentialRow, credentials["AccessKeyId"])
        assert row is not None
        row.expires_at = 1
    assert refusal(client("sts", **keys(credentials)).get_caller_identity).code.startswith("ExpiredToken")


def test_a_role_that_is_not_there_cannot_be_assumed(sts: Any, account: str) -> None:
    refused = refusal(sts.assume_role, RoleArn=role_arn(account, "Nobody"), RoleSessionName="session")
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == (
        f"User: arn:aws:sts::{account}:assumed-role/ClaryAdministrator/clary is not authorized to perform: "
        f"sts:AssumeRole on resource: arn:aws:iam::{account}:role/Nobody"
    )


def test_a_roles_path_is_part_of_its_name(client: Client, sts: Any, account: str) -> None:
    trust = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}'
    client("iam").create_role(RoleName="deep", Path="/service-role/", AssumeRolePolicyDocument=trust)
    good = role_arn(account, "service-role/deep")
    answer = sts.assume_role(RoleArn=good, RoleSessionName="session")
    assert answer["AssumedRoleUser"]["Arn"].endswith(":assumed-role/deep/session")
    assert refusal(sts.assume_role, RoleArn=role_arn(account, "deep"), RoleSessionName="s1").status == 403


def test_a_role_of_an_account_without_keys_is_taken_on_trust(client: Client, sts: Any) -> None:
    for _ in range(2):
        answer = sts.assume_role(RoleArn=role_arn("999999999999", "Theirs"), RoleSessionName="session")
    identity = client("sts", **keys(answer["Credentials"])).get_caller_identity()
    assert identity["Account"] == "999999999999"


def test_a_session_is_no_longer_than_the_role_allows(client: Client, sts: Any, account: str) -> None:
    client("iam").update_role(RoleName="ClaryExecutionRole", MaxSessionDuration=3600)
    refused = refusal(
        sts.assume_role, RoleArn=role_arn(account), RoleSessionName="session", DurationSeconds=3601
    )
    assert (refused.code, refused.status) == ("ValidationError", 400)
    assert refused.message == (
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def test_a_chained_session_lasts_an_hour_at_most(client: Client, sts: Any, account: str) -> None:
    first = sts.assume_role(RoleArn=role_arn(account), RoleSessionName="session", DurationSeconds=7200)
    chained = client("sts", **keys(first["Credentials"]))
    arguments = {"RoleArn": role_arn(account), "RoleSessionName": "session"}
    assert "role chaining" in refusal(chained.assume_role, **arguments, DurationSeconds=3601).message
    assert chained.assume_role(**arguments, DurationSeconds=3600)["Credentials"]


@pytest.mark.parametrize("arn", ["arn:aws:iam::1:role/short", "arn:aws:iam::123456789012:user/somebody"])
def test_what_is_no_role_cannot_be_assumed(sts: Any, arn: str) -> None:
    refused = refusal(sts.assume_role, RoleArn=arn, RoleSessionName="session")
    assert (refused.code, refused.message) == ("ValidationError", f"{arn} is invalid")


def test_a_session_policy_must_be_json(sts: Any, account: str) -> None:
    refused = refusal(sts.assume_role, RoleArn=role_arn(account), RoleSessionName="session", Policy="{")
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)


def test_a_session_token_speaks_for_the_caller(client: Client, sts: Any) -> None:
    credentials = sts.get_session_token(DurationSeconds=900)["Credentials"]
    left = credentials["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=870) < left <= timedelta(seconds=900)
    temporary = client("sts", **keys(credentials))
    assert temporary.get_caller_identity()["Arn"] == sts.get_caller_identity()["Arn"]
    refused = refusal(temporary.get_session_token)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == "Cannot call GetSessionToken with session credentials"


def test_a_key_tells_its_account(sts: Any, account: str) -> None:
    assert sts.get_access_key_info(AccessKeyId=f"AKIA{account}")["Account"] == account
    assert refusal(sts.get_access_key_info, AccessKeyId="AKIAUNKNOWN1234567").code == "ValidationError"
