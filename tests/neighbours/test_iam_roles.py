import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clary.store import Base, Database
from clary.store.roles import RoleArn, create_default_roles, find_role, role_exists
from support.refusing import refusal

Client = Callable[..., Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
POLICY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::ü+ %20"]},
}


@pytest.fixture
def iam(client: Client) -> Any:
    return client("iam")


@pytest.fixture
def create(iam: Any) -> Callable[..., Any]:
    """Create a role that SageMaker may assume."""

    def call(name: str = "MyRole", **arguments: Any) -> Any:
        document = {"AssumeRolePolicyDocument": json.dumps(TRUST)} | arguments
        return iam.create_role(RoleName=name, **document)["Role"]

    return call


def test_a_role_is_found_as_it_was_created(iam: Any, create: Callable[..., Any], account: str) -> None:
    role = create(
        Path="/service-role/",
        Description="For the tests",
        MaxSessionDuration=7200,
        PermissionsBoundary=FULL_ACCESS,
        Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": ""}],
    )
    assert iam.get_role(RoleName="MyRole")["Role"] == role
    assert datetime.now(UTC) - role.pop("CreateDate") < timedelta(minutes=1)
    role_id = role.pop("RoleId")
    assert role_id.startswith("AROA")
    assert len(role_id) == 21
    assert role == {
        "Path": "/service-role/",
        "RoleName": "MyRole",
        "Arn": f"arn:aws:iam::{account}:role/service-role/MyRole",
        "AssumeRolePolicyDocument": TRUST,
        "Description": "For the tests",
        "MaxSessionDuration": 7200,
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": FULL_ACCESS},
        "Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}],
    }


@pytest.mark.parametrize("name", ["MyRole", "myrole"])
def test_a_name_is_used_once_whatever_its_case(iam: Any, create: Callable[..., Any], name: str) -> None:
    create("MyRole")
    refused = refusal(iam.create_role, RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    assert refused == ("EntityAlreadyExists", f"Role with name {name} already exists.", 409)


def test_regions_share_roles(client: Client, create: Callable[..., Any]) -> None:
    create("MyRole")
    assert client("iam", region_name="ap-south-1").get_role(RoleName="MyRole")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_role", {}),
        ("delete_role", {}),
        ("update_role", {}),
        ("update_role_description", {"Description": "x"}),
        ("update_assume_role_policy", {"PolicyDocument": json.dumps(TRUST)}),
        ("tag_role", {"Tags": [{"Key": "a", "Value": "1"}]}),
        ("untag_role", {"TagKeys": ["a"]}),
        ("list_role_tags", {}),
        ("put_role_policy", {"PolicyName": "p", "PolicyDocument": json.dumps(POLICY)}),
        ("get_role_policy", {"PolicyName": "p"}),
        ("delete_role_policy", {"PolicyName": "p"}),
        ("list_role_policies", {}),
        ("attach_role_policy", {"PolicyArn": FULL_ACCESS}),
        ("detach_role_policy", {"PolicyArn": FULL_ACCESS}),
        ("list_attached_role_policies", {}),
    ],
)
def test_a_role_that_is_not_there_is_named(iam: Any, operation: str, arguments: dict[str, Any]) -> None:
    refused = refusal(getattr(iam, operation), RoleName="Nobody", **arguments)
    assert refused == ("NoSuchEntity", "The role with name Nobody cannot be found.", 404)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "This policy contains invalid Json"),
        ("[]", "Syntax errors in policy."),
        ("{}", "Syntax errors in policy."),
        ('{"Statement": []}', "Syntax errors in policy."),
        ('{"Statement": [{"Effect": "Maybe"}]}', "Syntax errors in policy."),
        (json.dumps(TRUST | {"Version": "2020-01-01"}), "version"),
        (json.dumps(POLICY), "Has prohibited field Resource"),
        ('{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}', "principals"),
        ('{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}}', "STS AssumeRole actions"),
        ('{"Statement": {"Effect": "Allow", "Principal": "*", "Action": 5}}', "Syntax errors in policy."),
        ("[" * 100_000, "This policy contains invalid Json"),
    ],
)
def test_a_malformed_trust_policy_is_refused(
    iam: Any, create: Callable[..., Any], document: str, message: str
) -> None:
    refused = refusal(iam.create_role, RoleName="MyRole", AssumeRolePolicyDocument=document)
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)
    assert message in refused.message
    create("MyRole")
    refused = refusal(iam.update_assume_role_policy, RoleName="MyRole", PolicyDocument=document)
    assert refused.code == "MalformedPolicyDocument"


def test_roles_are_listed_a_page_at_a_time(iam: Any, create: Callable[..., Any]) -> None:
    names = [f"role-{number:02d}" for number in range(7)]
    for name in reversed(names):
        create(name, Path="/team/", Tags=[{"Key": "a", "Value": "1"}])
    page = iam.list_roles(PathPrefix="/team/", MaxItems=3)
    assert page["IsTruncated"] is True
    assert [role["RoleName"] for role in page["Roles"]] == names[:3]
    assert "Tags" not in page["Roles"][0]
    pages = list(
        iam.get_paginator("list_roles").paginate(PathPrefix="/team/", PaginationConfig={"PageSize": 3})
    )
    assert [len(page["Roles"]) for page in pages] == [3, 3, 1]
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == names
    assert pages[-1]["IsTruncated"] is False
    everyone = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert everyone == {*names, "ClaryAdministrator", "ClaryExecutionRole"}
    assert refusal(iam.list_roles, Marker="nonsense").code == "ValidationError"


def test_a_role_changes(iam: Any, create: Callable[..., Any]) -> None:
    create(Description="before")
    iam.update_role(RoleName="MyRole", MaxSessionDuration=43200)
    role = iam.get_role(RoleName="MyRole")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("before", 43200)
    assert (
        iam.update_role_description(RoleName="MyRole", Description="after")["Role"]["Description"] == "after"
    )
    other = TRUST | {"Version": "2008-10-17"}
    iam.update_assume_role_policy(RoleName="MyRole", PolicyDocument=json.dumps(other))
    assert iam.get_role(RoleName="MyRole")["Role"]["AssumeRolePolicyDocument"] == other


def test_a_roles_tags_change_and_go_with_it(iam: Any, create: Callable[..., Any]) -> None:
    create(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_role(RoleName="MyRole", Tags=[{"Key": "b", "Value": "3"}])
    iam.untag_role(RoleName="MyRole", TagKeys=["a"])
    assert iam.list_role_tags(RoleName="MyRole")["Tags"] == [{"Key": "b", "Value": "3"}]
    iam.delete_role(RoleName="MyRole")
    create()
    assert iam.list_role_tags(RoleName="MyRole")["Tags"] == []


def test_a_role_is_deleted_once_nothing_hangs_on_it(iam: Any, create: Callable[..., Any]) -> None:
    create()
    iam.attach_role_policy(RoleName="MyRole", PolicyArn=FULL_ACCESS)
    iam.put_role_policy(RoleName="MyRole", PolicyName="inline", PolicyDocument=json.dumps(POLICY))
    refused = refusal(iam.delete_role, RoleName="MyRole")
    assert refused == ("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409)
    iam.detach_role_policy(RoleName="MyRole", PolicyArn=FULL_ACCESS)
    refused = refusal(iam.delete_role, RoleName="MyRole")
    assert refused == ("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)
    iam.delete_role_policy(RoleName="MyRole", PolicyName="inline")
    iam.delete_role(RoleName="MyRole")
    assert refusal(iam.get_role, RoleName="MyRole").code == "NoSuchEntity"


def test_nobody_is_a_user(iam: Any) -> None:
    refused = refusal(iam.get_user)
    assert refused == ("ValidationError", "Must specify userName when calling with non-User credentials", 400)
    refused = refusal(iam.get_user, UserName="somebody")
    assert refused == ("NoSuchEntity", "The user with name somebody cannot be found.", 404)


class TestRoleLookup:
    @pytest.fixture
    def database(self, database_url: str) -> Iterator[Database]:
        database = Database(database_url)
        Base.metadata.create_all(database.engine)
        yield database
        database.dispose()

    def test_default_roles_are_made_once_an_account(self, database: Database) -> None:
        for account in ("000000000001", "000000000001", "000000000002"):
            with database.write() as session:
                create_default_roles(session, account)
        with database.read() as session:
            first = find_role(session, "000000000001", "ClaryExecutionRole")
            second = find_role(session, "000000000002", "ClaryExecutionRole")
            assert first is not None
            assert second is not None
            assert first.arn == "arn:aws:iam::000000000001:role/ClaryExecutionRole"
            assert first.role_id != second.role_id
            assert find_role(session, "000000000003", "ClaryExecutionRole") is None

    @pytest.mark.parametrize(
        ("arn", "exists"),
        [
            ("arn:aws:iam::000000000001:role/ClaryExecutionRole", True),
            ("arn:aws-cn:iam::000000000001:role/ClaryExecutionRole", True),
            ("arn:aws:iam::000000000001:role/path/ClaryExecutionRole", False),
            ("arn:aws:iam::000000000002:role/ClaryExecutionRole", False),
            ("arn:aws:iam::000000000001:role/Other", False),
            ("arn:aws:iam::000000000001:user/ClaryExecutionRole", False),
            ("ClaryExecutionRole", False),
            ("", False),
        ],
    )
    def test_a_role_exists_by_its_whole_arn(self, database: Database, arn: str, exists: bool) -> None:
        with database.write() as session:
            create_default_roles(session, "000000000001")
        with database.read() as session:
            assert role_exists(session, arn) is exists

    @pytest.mark.parametrize("path", ["/", "/service-role/", "/a/b/"])
    def test_an_arn_is_its_parts(self, path: str) -> None:
        arn = f"arn:aws:iam::123456789012:role{path}Some+Role@x"
        assert RoleArn.parse(arn) == ("123456789012", path, "Some+Role@x")
        assert str(RoleArn.parse(arn)) == arn
