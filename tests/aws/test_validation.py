"""The model's constraints, in AWS's words."""

from typing import Any

import pytest

from clary.aws.models import load_service
from clary.aws.patterns import compile_pattern, matches
from clary.aws.validation import MAX_FAILURES, validate_input, validation_code
from clary.kernel.errors import ValidationError

SERVICES = (
    "application-autoscaling",
    "athena",
    "cloudwatch",
    "ecr",
    "events",
    "glue",
    "iam",
    "kms",
    "lambda",
    "logs",
    "sagemaker",
    "sagemaker-featurestore-runtime",
    "sagemaker-runtime",
    "sts",
)


def failures(operation: str, members: dict[str, Any], service: str = "sagemaker") -> str:
    with pytest.raises(ValidationError) as caught:
        validate_input(service, operation, members)
    return caught.value.message


def endpoint_config(**variant: Any) -> dict[str, Any]:
    return {"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v"} | variant]}


def test_what_the_model_allows_passes() -> None:
    validate_input("sagemaker", "CreateEndpointConfig", endpoint_config(ModelName="m"))
    validate_input("sagemaker", "ListModels", {})


def test_pattern_inside_a_list() -> None:
    assert failures("CreateEndpointConfig", endpoint_config(ModelName="a_b")) == (
        "1 validation error detected: Value 'a_b' at 'productionVariants.1.member.modelName' failed to "
        "satisfy constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?"
    )


def test_all_failures_are_told_at_once() -> None:
    message = failures("CreateEndpointConfig", endpoint_config(ModelName="m" * 64, InitialInstanceCount=0))
    assert message.startswith("2 validation errors detected: Value '")
    assert (
        "failed to satisfy constraint: Member must have length less than or equal to 63; Value '0' at "
        in message
    )
    assert message.endswith("Member must have value greater than or equal to 1")


def test_missing_members() -> None:
    assert failures("CreateModel", {}) == (
        "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: "
        "Member must not be null"
    )
    assert "Value null at 'productionVariants.1.member.variantName'" in failures(
        "CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": [{}]}
    )


def test_enum() -> None:
    assert failures("ListModels", {"SortOrder": "Up"}) == (
        "1 validation error detected: Value 'Up' at 'sortOrder' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Ascending, Descending]"
    )


def test_scalars_of_lists_and_maps_are_told_at_the_container() -> None:
    listed = failures("DeleteTags", {"ResourceArn": "arn:aws:sagemaker:x:y:z", "TagKeys": ["ok", "k" * 129]})
    assert (
        "at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have"
        in listed
    )
    base = {
        "TrainingJobName": "t",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "OutputDataConfig": {"S3OutputPath": "s3://b"},
    }
    mapped = failures("CreateTrainingJob", base | {"HyperParameters": {"a": "v" * 2501}})
    assert "at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [" in mapped


def test_nulls_in_lists_are_named() -> None:
    message = failures("DeleteTags", {"ResourceArn": "arn:aws:sagemaker:x:y:z", "TagKeys": ["a", None]})
    assert "Value null at 'tagKeys.2.member' failed to satisfy constraint: Member must not be null" in message


def test_a_hostile_request_gets_a_short_answer() -> None:
    tags = [{"Key": "k" * 10_000, "Value": "v"}] * 50
    message = failures("AddTags", {"ResourceArn": "!" * 100_000, "Tags": tags * 2})
    assert message.startswith(f"{MAX_FAILURES} validation errors")
    assert len(message) < 2_000 * MAX_FAILURES


def test_recursive_shapes() -> None:
    search = {"NestedFilters": [], "SubExpressions": [{"SubExpressions": [{"Operator": "Nor"}]}]}
    message = failures("Search", {"Resource": "TrainingJob", "SearchExpression": search})
    assert "at 'searchExpression.subExpressions.1.member.subExpressions.1.member.operator'" in message


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sagemaker", "ValidationException"),
        ("logs", "ValidationException"),
        ("sts", "ValidationError"),
        ("iam", "ValidationError"),
        ("sagemaker-runtime", "ValidationError"),
        ("sagemaker-featurestore-runtime", "ValidationError"),
    ],
)
def test_code_by_service(service: str, code: str) -> None:
    assert validation_code(service) == code


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_the_models_is_understood(service: str) -> None:
    model = load_service(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    assert [pattern for pattern in patterns if compile_pattern(pattern) is None] == []


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("[a-z]+", "abc", True),
        ("[a-z]+", "abc\n", False),
        (r"[\w-_]*", "a-b_c", True),
        (r"\w+", "é", False),
        (r"\d{2}", "\u0663\u0663", False),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "ключ é 1", True),
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "a*b", False),
        (r"\p{ASCII}*", "é", False),
        (r"\A\S[\p{Print}]*\z", "a b", True),
        (r"\A\S[\p{Print}]*\z", " a", False),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a \U0001f600", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\x01", False),
        (r"(?!\s*$).+", "  ", False),
        (r"^[a-z]+$", "a", True),
        (r"[^\w]", "!", True),
        ("([a-z0-9*]?[a-z0-9*]+)*", "a" * 5_000 + "!", False),
    ],
)
def test_java_s_patterns(pattern: str, value: str, expected: bool) -> None:
    compiled = compile_pattern(pattern)
    assert compiled is not None
    assert matches(compiled, value) is expected
