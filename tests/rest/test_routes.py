"""Paths follow from the operations' names, and the guide's table is what they are."""

import re

import pytest

from clary.rest.errors import MethodNotAllowed, NoSuchPage
from clary.rest.routes import NAME, load_routes
from support.pages import DOCS, read_table

TABLE = read_table(DOCS / "rest-api.md", "operation", "request", "success")


@pytest.mark.parametrize("row", [row for row in TABLE if row[0] != "InvokeEndpoint"], ids=lambda row: row[0])
def test_the_guides_paths_are_the_operations(row: list[str]) -> None:
    operation, requests, success = row
    for request in requests.split(", "):
        method, path = request.partition("?")[0].split(" ")
        route, _ = load_routes().find(method, tuple(path.strip("/").split("/")))
        assert route.operation == operation
        assert success.startswith(str(route.status))


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/auto-ml-jobs", "ListAutoMLJobs"),
        ("GET", "/endpoints/a/policy", "GetEndpointPolicy"),
        ("PUT", "/endpoints/a/policy", "PutEndpointPolicy"),
        ("GET", "/hub-contents/a/versions", "ListHubContentVersions"),
        ("POST", "/mlflow-tracking-servers/a/start", "StartMlflowTrackingServer"),
        ("POST", "/pipeline-executions/arn:a%2Fb/retry", "RetryPipelineExecution"),
        ("POST", "/trial-components/a/associate", "AssociateTrialComponent"),
        ("GET", "/transform-jobs/a/logs", "FilterLogEvents"),
        ("POST", "/query-lineage", "QueryLineage"),
    ],
)
def test_operations_that_are_yet_to_come_have_their_places(method: str, path: str, operation: str) -> None:
    route, name = load_routes().find(method, tuple(path.strip("/").split("/")))
    assert route.operation == operation
    assert bool(name) == (NAME in route.path)


def test_what_is_not_there_is_told_from_what_takes_another_method() -> None:
    with pytest.raises(NoSuchPage, match=re.escape("There is nothing at /models/a/b.")):
        load_routes().find("GET", ("models", "a", "b"))
    with pytest.raises(MethodNotAllowed) as refused:
        load_routes().find("PUT", ("models",))
    assert refused.value.allowed == ("GET", "POST")
