"""The API's description: true to OpenAPI 3.1, to ECMA's regular expressions, and to what is answered."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import jsonschema
import pytest
import regress
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

from clary.aws import operations
from clary.aws.models import load_service
from clary.rest.openapi.patterns import to_ecma
from clary.rest.openapi.texts import summarize, to_markdown
from clary.rest.routes import load_routes
from support.rest import Rest
from support.running import RunningPlatform

Document = dict[str, Any]
# They are not derived from the model.
OTHERS = {"make_account", "reset", "InvokeEndpoint"}


def operations_of(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, described in item.items():
            yield method, path, described


def validate(document: Document, schema: dict[str, Any], value: Any) -> None:
    """Fail where a value does not fit one of the document's schemas."""
    whole = schema | {"components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def describe(document: Document, method: str, path: str, status: int) -> dict[str, Any]:
    """The schema of an answer."""
    answers = document["paths"][path][method]["responses"]
    schema: dict[str, Any] = answers[str(status)]["content"]["application/json"]["schema"]
    return schema


def test_the_document_is_valid_openapi(document: Document) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_every_registered_operation_has_its_path(document: Document) -> None:
    named = {described["operationId"].partition("Of")[0] for _, _, described in operations_of(document)}
    operations.discover()
    registered = {item.name for item in operations.registered() if item.service == "sagemaker"}
    assert registered - named == set()
    assert named - registered - OTHERS == {"FilterLogEvents"}


def test_no_two_operations_of_the_model_share_a_path() -> None:
    routes = [route for route in load_routes() if route.binding is None or not route.binding.needs]
    placed = sorted(route.operation for route in routes)
    assert placed == sorted(load_service("sagemaker").operation_names)


def test_every_operation_is_summed_up_and_explained(document: Document) -> None:
    for method, path, described in operations_of(document):
        assert described["summary"], (method, path)
        assert described["description"], (method, path)
        assert not re.search(r"</?[a-z]+>", described["description"]), (method, path)
        assert {"401", "400"} <= described["responses"].keys()


def test_required_members_limits_and_enums_come_from_the_model(document: Document) -> None:
    schemas = document["components"]["schemas"]
    job = schemas["CreateTrainingJobRequest"]
    assert {"TrainingJobName", "RoleArn", "OutputDataConfig"} <= set(job["required"])
    name = job["properties"]["TrainingJobName"]
    assert (name["minLength"], name["maxLength"]) == (1, 63)
    assert "ml.m5.large" in schemas["ResourceConfig"]["properties"]["InstanceType"]["enum"]
    filters = {each.get("name"): each for each in document["paths"]["/training-jobs"]["get"]["parameters"]}
    assert filters["MaxResults"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100}
    assert filters["CreationTimeAfter"]["schema"]["format"] == "date-time"
    assert not filters["NameContains"]["required"]


def find_patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(pattern := node.get("pattern"), str):
            yield pattern
        for child in node.values():
            yield from find_patterns(child)
    elif isinstance(node, list):
        for child in node:
            yield from find_patterns(child)


def test_patterns_are_valid_where_json_schema_is_at_home(document: Document) -> None:
    for pattern in set(find_patterns(document)):
        regress.Regex(pattern, "u")


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime", "logs"])
def test_every_pattern_of_the_models_can_be_said_in_ecma(service: str) -> None:
    shapes = load_service(service)._service_description["shapes"].values()  # type: ignore[attr-defined]
    converted = [to_ecma(shape["pattern"]) for shape in shapes if "pattern" in shape]
    for pattern in filter(None, converted):
        regress.Regex(pattern, "u")
    assert converted.count(None) <= 2


@pytest.mark.parametrize(
    ("pattern", "fits", "breaks"),
    [
        (r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "a-1", "a_1"),
        (r"a|b", "b", "bc"),
        (r"[\p{L}\p{N}_.:/=+\-@]*", "ä-1", "ä 1"),
        (r"[\w\-]+\_x\:", "a-_x:", "ä_x:"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\U0001f600", "a\x00"),
        (r"\A\S[\x20-\x7E]*\z", "x y", " x"),
    ],
)
def test_patterns_mean_what_the_models_do(pattern: str, fits: str, breaks: str) -> None:
    converted = to_ecma(pattern)
    assert converted is not None
    expression = regress.Regex(converted, "u")
    assert expression.find(fits) is not None
    assert expression.find(breaks) is None
    assert expression.find(f"{fits}\n") is None


def test_documentation_becomes_text() -> None:
    paragraph = '<p>Starts a <code>Job</code>. See <a href="x">more</a> &amp; so on.</p>'
    markdown = to_markdown(f"{paragraph}<ul><li> <p>one</p></li></ul>")
    assert markdown == "Starts a `Job`. See more & so on.\n\n- one"
    assert summarize(markdown) == "Starts a `Job`"


def test_answers_fit_their_schemas(document: Document, rest: Rest) -> None:
    for method, path, described in operations_of(document):
        if method == "get" and "{name}" not in path and path != "/tags":
            answer = rest.get(path)
            validate(document, describe(document, "get", path, 200), answer.json())
            assert described["operationId"].startswith("List")
    refused = rest.get("/models", MaxResults=0).json()
    validate(document, document["components"]["schemas"]["Error"], refused)


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_pages_load_nothing_from_elsewhere(platform_up: RunningPlatform, page: str) -> None:
    url = f"{platform_up.url}/api/v1/{page}"
    shown = requests.get(url, timeout=30)
    assert shown.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', shown.text)
    loaded += re.findall(r"(?:url: '|spec-url=\")([^'\"]+)", shown.text)
    assert len(loaded) >= 3
    for link in loaded:
        assert urljoin(url, link).startswith(f"{platform_up.url}/api/v1/")
        assert requests.get(urljoin(url, link), timeout=60).status_code == 200
    policy = shown.headers["Content-Security-Policy"]
    assert "http" not in policy
    assert policy.startswith("default-src 'none'")


def test_only_the_pages_own_files_are_served(rest: Rest) -> None:
    assert rest.get("/assets/__init__.py").status_code == 404
    assert rest.get("/assets/..%2Fcore.py").status_code == 404
