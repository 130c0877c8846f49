"""``aws iam`` and ``aws sts``: who one is, roles, and acting as one."""

import json
import uuid

import pytest

from support.aws_cli import AwsCli, with_run
from support.running import RunningPlatform

V1 = "AWS CLI v1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.mark.flow(V1, "sts get-caller-identity by clary run")
def test_clary_run_points_the_cli_at_the_platform(platform_up: RunningPlatform) -> None:
    identity = with_run(platform_up).json("sts", "get-caller-identity")
    assert identity["Account"] == platform_up.account


@pytest.mark.flow(V1, "sts get-caller-identity by the profile of clary configure")
def test_the_profile_points_the_cli_at_the_platform(aws: AwsCli) -> None:
    account = aws.text("sts", "get-caller-identity", "--query", "Account", "--output", "text")
    assert account.strip() == aws.platform.account


@pytest.mark.flow(V1, "sts assume-role, and a profile that assumes a role")
def test_a_role_is_assumed_by_hand_and_by_a_profile(aws: AwsCli) -> None:
    given = aws.json("sts", "assume-role", "--role-arn", aws.role, "--role-session-name", "me")
    assert given["AssumedRoleUser"]["Arn"].endswith(":assumed-role/ClaryExecutionRole/me")
    for name, value in {
        "role_arn": aws.role,
        "role_session_name": "me",
        "source_profile": "clary",
        "endpoint_url": aws.platform.url,
        "region": aws.platform.region,
    }.items():
        aws.text("configure", "set", f"profile.acting.{name}", value)
    identity = aws.json("sts", "get-caller-identity", "--profile", "acting")
    assert identity["Arn"] == given["AssumedRoleUser"]["Arn"]


@pytest.mark.flow(V1, "iam roles: create, list, tag, attach a policy, delete")
def test_a_role_lives_and_goes(aws: AwsCli) -> None:
    name = f"cli-{uuid.uuid4().hex[:12]}"
    policy = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    role = ("--role-name", name)
    aws.json("iam", "create-role", *role, "--assume-role-policy-document", json.dumps(TRUST))
    aws.text("iam", "wait", "role-exists", *role)
    assert aws.json("iam", "get-role", *role)["Role"]["AssumeRolePolicyDocument"] == TRUST
    roles = aws.text("iam", "list-roles", "--query", "Roles[].RoleName", "--output", "text").split()
    assert {name, "ClaryExecutionRole"} <= set(roles)
    aws.text("iam", "tag-role", *role, "--tags", "Key=team,Value=blue")
    assert aws.json("iam", "list-role-tags", *role)["Tags"] == [{"Key": "team", "Value": "blue"}]
    aws.text("iam", "attach-role-policy", *role, "--policy-arn", policy)
    attached = aws.json("iam", "list-attached-role-policies", *role)["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [policy]
    refused = aws.run("iam", "delete-role", *role)
    assert (refused.code, "(DeleteConflict)" in refused.error) == (255, True)
    aws.text("iam", "detach-role-policy", *role, "--policy-arn", policy)
    aws.text("iam", "delete-role", *role)
    assert "(NoSuchEntity)" in aws.run("iam", "get-role", *role).error
