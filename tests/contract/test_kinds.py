"""What every kind of SageMaker resource has in common, generated from the operations that are registered."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.model import ListShape

from clary.aws import operations
from clary.aws.models import load_operation
from support.refusing import refusal

operations.discover()
NAMES = [item.name for item in operations.registered() if item.service == "sagemaker"]
ON_ONE = [name for name in NAMES if re.match(r"(Describe|Delete|Stop|Update)", name) and "Tags" not in name]
LISTS = [name for name in NAMES if name.startswith("List") and name != "ListTags"]


def test_every_created_kind_can_be_described_and_listed() -> None:
    created = {name.removeprefix("Create") for name in NAMES if name.startswith("Create")}
    described = {name.removeprefix("Describe") for name in NAMES if name.startswith("Describe")}
    assert created == described
    assert len(LISTS) >= len(created)


@pytest.mark.parametrize("name", ON_ONE)
def test_a_missing_resource_is_not_found_in_the_words_of_aws(client: Callable[..., Any], name: str) -> None:
    shape = load_operation("sagemaker", name).input_shape
    assert shape is not None
    members = dict.fromkeys(shape.required_members, "there-is-none")
    if name == "UpdateEndpointWeightsAndCapacities":
        members["DesiredWeightsAndCapacities"] = [{"VariantName": "v"}]  # type: ignore[assignment]
    call = getattr(client("sagemaker"), _snake(name))
    code, message, status = refusal(call, **members)
    assert (code, status) in {("ValidationException", 400), ("ResourceNotFound", 400)}
    assert "ould not find" in message or "not found" in message


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_its_member_even_when_empty_and_refuses_a_bad_token(
    client: Callable[..., Any], name: str
) -> None:
    output = load_operation("sagemaker", name).output_shape
    assert output is not None
    (member,) = (key for key, shape in output.members.items() if isinstance(shape, ListShape))
    call = getattr(client("sagemaker"), _snake(name))
    answer = call(NameContains="no-name-has-this-in-it")
    assert answer[member] == []
    assert "NextToken" not in answer
    code, message, _ = refusal(call, NextToken="bm90IGEgdG9rZW4=")
    assert code == "ValidationException"
    assert "token" in message


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
