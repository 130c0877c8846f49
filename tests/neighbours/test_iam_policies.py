import json
from collections.abc import Callable
from typing import Any

import pytest

from support.refusing import refusal

Client = Callable[..., Any]
ROLE = "ClaryExecutionRole"
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::a + b%20/ü"]}],
}


@pytest.fixture
def iam(client: Client) -> Any:
    return client("iam")


@pytest.fixture
def create(iam: Any) -> Callable[..., Any]:
    """Create a managed policy."""

    def call(name: str = "MyPolicy", **arguments: Any) -> Any:
        return iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(POLICY), **arguments)["Policy"]

    return call


def test_an_inline_policy_is_put_replaced_and_deleted(iam: Any) -> None:
    iam.put_role_policy(RoleName=ROLE, PolicyName="p", PolicyDocument=json.dumps(POLICY))
    answer = iam.get_role_policy(RoleName=ROLE, PolicyName="p")
    assert (answer["RoleName"], answer["PolicyName"], answer["PolicyDocument"]) == (ROLE, "p", POLICY)
    other = POLICY | {"Version": "2008-10-17"}
    iam.put_role_policy(RoleName=ROLE, PolicyName="p", PolicyDocument=json.dumps(other))
    assert iam.get_role_policy(RoleName=ROLE, PolicyName="p")["PolicyDocument"] == other
    iam.delete_role_policy(RoleName=ROLE, PolicyName="p")
    for call in (iam.get_role_policy, iam.delete_role_policy):
        refused = refusal(call, RoleName=ROLE, PolicyName="p")
        assert refused == ("NoSuchEntity", "The role policy with name p cannot be found.", 404)


def test_inline_policies_are_listed_by_name(iam: Any) -> None:
    names = [f"policy-{number}" for number in range(5)]
    for name in reversed(names):
        iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(POLICY))
    paginator = iam.get_paginator("list_role_policies")
    pages = list(paginator.paginate(RoleName=ROLE, PaginationConfig={"PageSize": 2}))
    assert [page["PolicyNames"] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert iam.list_role_policies(RoleName="ClaryAdministrator")["PolicyNames"] == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("not json", "Syntax errors in policy."),
        ('{"Version": "2012-10-17"}', "Syntax errors in policy."),
        ('{"Statement": ["x"]}', "Syntax errors in policy."),
        ('{"Statement": {"Effect": "Allow", "Action": "s3:*"}}', "must contain resources"),
        ('{"Statement": {"Effect": "Allow", "Resource": "*"}}', "must contain actions"),
        (
            '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}}',
            "should not specify a principal",
        ),
        (json.dumps(POLICY | {"Version": ["2012-10-17"]}), "version"),
    ],
)
def test_a_malformed_policy_is_refused(iam: Any, document: str, message: str) -> None:
    arguments = {"PolicyName": "p", "PolicyDocument": document}
    for call, more in ((iam.put_role_policy, {"RoleName": ROLE}), (iam.create_policy, {})):
        refused = refusal(call, **arguments, **more)
        assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)
        assert message in refused.message


def test_a_managed_policy_is_found_as_it_was_created(
    iam: Any, create: Callable[..., Any], account: str
) -> None:
    policy = create(Path="/team/", Description="For tests", Tags=[{"Key": "a", "Value": "1"}])
    assert policy["Arn"] == f"arn:aws:iam::{account}:policy/team/MyPolicy"
    assert policy["PolicyId"].startswith("ANPA")
    found = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
    assert found.pop("Description") == "For tests"
    assert found == policy
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    assert version["PolicyVersion"]["Document"] == POLICY
    (listed,) = iam.list_policy_versions(PolicyArn=policy["Arn"])["Versions"]
    assert (listed["VersionId"], listed["IsDefaultVersion"]) == ("v1", True)


def test_a_policys_name_is_used_once(iam: Any, create: Callable[..., Any]) -> None:
    create("MyPolicy")
    refused = refusal(iam.create_policy, PolicyName="mypolicy", PolicyDocument=json.dumps(POLICY))
    message = "A policy called mypolicy already exists. Duplicate names are not allowed."
    assert refused == ("EntityAlreadyExists", message, 409)


def test_policies_are_attached_counted_and_detached(iam: Any, create: Callable[..., Any]) -> None:
    arn = create()["Arn"]
    for policy in (arn, FULL_ACCESS, arn):
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy)
    assert iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"] == [
        {"PolicyName": "MyPolicy", "PolicyArn": arn},
        {"PolicyName": "AmazonSageMakerFullAccess", "PolicyArn": FULL_ACCESS},
    ]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    refused = refusal(iam.delete_policy, PolicyArn=arn)
    assert refused == ("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn).message == f"Policy {arn} was not found."
    refused = refusal(iam.detach_role_policy, RoleName=ROLE, PolicyArn=arn)
    assert refused == ("NoSuchEntity", f"Policy {arn} was not found.", 404)


def test_attached_policies_are_chosen_by_path(iam: Any) -> None:
    service = "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"
    for arn in (FULL_ACCESS, service):
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)
    answer = iam.list_attached_role_policies(RoleName=ROLE, PathPrefix="/service-role/")
    assert [policy["PolicyArn"] for policy in answer["AttachedPolicies"]] == [service]
    paginator = iam.get_paginator("list_attached_role_policies")
    pages = list(paginator.paginate(RoleName=ROLE, PaginationConfig={"PageSize": 1}))
    assert [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]] == [
        FULL_ACCESS,
        service,
    ]


def test_a_policy_that_is_not_there_is_not_attached(iam: Any, account: str) -> None:
    for arn in (f"arn:aws:iam::{account}:policy/none", "arn:aws:iam::999999999999:policy/theirs"):
        refused = refusal(iam.attach_role_policy, RoleName=ROLE, PolicyArn=arn)
        assert refused == ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)


def test_policies_are_listed_by_scope_path_and_use(iam: Any, create: Callable[..., Any]) -> None:
    for name, path in (("c", "/"), ("b", "/team/"), ("a", "/team/")):
        create(name, Path=path)
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=iam.list_policies()["Policies"][0]["Arn"])

    def names(**filters: Any) -> list[str]:
        pages = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 2}, **filters)
        return [policy["PolicyName"] for page in pages for policy in page["Policies"]]

    assert names() == ["a", "b", "c"]
    assert names(Scope="Local") == ["a", "b", "c"]
    assert names(Scope="AWS") == []
    assert names(PathPrefix="/team/") == ["a", "b"]
    assert names(OnlyAttached=True) == ["a"]


def test_the_document_of_an_aws_managed_policy_is_not_made_up(iam: Any) -> None:
    refused = refusal(iam.get_policy_version, PolicyArn=FULL_ACCESS, VersionId="v1")
    assert refused.code == "UnsupportedOperation"
    assert FULL_ACCESS in refused.message


def test_a_version_that_is_not_there_is_named(iam: Any, create: Callable[..., Any]) -> None:
    arn = create()["Arn"]
    refused = refusal(iam.get_policy_version, PolicyArn=arn, VersionId="v2")
    assert refused == ("NoSuchEntity", f"Policy {arn} version v2 does not exist.", 404)


class TestSimulation:
    def test_everything_is_allowed(self, iam: Any, account: str) -> None:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{account}:role/{ROLE}",
            ActionNames=["s3:GetObject", "s3:PutObject"],
            ResourceArns=["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"],
        )
        results = answer["EvaluationResults"]
        assert [(result["EvalActionName"], result["EvalResourceName"]) for result in results] == [
            ("s3:GetObject", "arn:aws:s3:::a/*"),
            ("s3:GetObject", "arn:aws:s3:::b/*"),
            ("s3:PutObject", "arn:aws:s3:::a/*"),
            ("s3:PutObject", "arn:aws:s3:::b/*"),
        ]
        assert {result["EvalDecision"] for result in results} == {"allowed"}

    def test_results_come_a_page_at_a_time(self, iam: Any, account: str) -> None:
        actions = [f"s3:Action{number}" for number in range(5)]
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=f"arn:aws:iam::{account}:role/{ROLE}",
            ActionNames=actions,
            PaginationConfig={"PageSize": 2},
        )
        results = [result for page in pages for result in page["EvaluationResults"]]
        assert [result["EvalActionName"] for result in results] == actions
        assert {result["EvalResourceName"] for result in results} == {"*"}

    @pytest.mark.parametrize(
        ("source", "code"),
        [
            ("role/Nobody", "NoSuchEntity"),
            ("user/somebody", "NoSuchEntity"),
            ("policy/some-policy", "InvalidInput"),
        ],
    )
    def test_the_source_must_be_there(self, iam: Any, account: str, source: str, code: str) -> None:
        refused = refusal(
            iam.simulate_principal_policy,
            PolicySourceArn=f"arn:aws:iam::{account}:{source}",
            ActionNames=["s3:GetObject"],
        )
        assert refused.code == code
