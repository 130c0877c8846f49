"""Resources over plain HTTP: created, listed, described, changed, tagged, deleted; and what is refused."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from support.jobs import Jobs
from support.rest import Rest, error_of, rest_client
from support.running import RunningPlatform
from support.waiting import wait_for

GIT = {"RepositoryUrl": "https://example.com/code.git"}


@pytest.fixture(scope="module")
def jobs(platform_up: RunningPlatform) -> Jobs:
    """The same user through boto3."""
    return Jobs(platform_up)


def create_repository(rest: Rest, name: str = "", **members: Any) -> str:
    name = name or f"repository-{uuid.uuid4().hex[:12]}"
    made = rest.post("/code-repositories", {"CodeRepositoryName": name, "GitConfig": GIT, **members})
    assert made.status_code == 201, made.text
    return name


def test_a_resource_lives_from_post_to_delete(rest: Rest) -> None:
    name = f"repository-{uuid.uuid4().hex[:12]}"
    made = rest.post("/code-repositories", {"CodeRepositoryName": name, "GitConfig": GIT})
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/code-repositories/{name}"
    assert made.headers["Content-Type"] == "application/json"
    described = rest.get(f"/code-repositories/{name}").json()
    assert described["CodeRepositoryArn"] == made.json()["CodeRepositoryArn"]
    assert described["GitConfig"] == GIT
    secret = f"arn:aws:secretsmanager:us-east-1:{described['CodeRepositoryArn'].split(':')[4]}:secret:git"
    changed = rest.patch(f"/code-repositories/{name}", {"GitConfig": {"SecretArn": secret}})
    assert changed.json() == made.json()
    assert rest.get(f"/code-repositories/{name}").json()["GitConfig"]["SecretArn"] == secret
    gone = rest.delete(f"/code-repositories/{name}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert rest.get(f"/code-repositories/{name}").status_code == 404


def test_times_are_iso_8601_and_a_request_may_give_seconds(rest: Rest) -> None:
    name = create_repository(rest)
    created = datetime.fromisoformat(rest.get(f"/code-repositories/{name}").json()["CreationTime"])
    assert created.utcoffset() == timedelta(0)
    assert abs(created - datetime.now(UTC)) < timedelta(minutes=5)
    for moment in (f"{created.timestamp() - 60:.0f}", (created - timedelta(minutes=1)).isoformat()):
        query = {"NameContains": name, "CreationTimeAfter": moment}
        listed = rest.get("/code-repositories", **query).json()["CodeRepositorySummaryList"]
        assert [entry["CodeRepositoryName"] for entry in listed] == [name]
    later = (created + timedelta(hours=1)).isoformat()
    none = rest.get("/code-repositories", NameContains=name, CreationTimeAfter=later)
    assert none.json() == {"CodeRepositorySummaryList": []}


def test_lists_are_filtered_sorted_and_paged(rest: Rest) -> None:
    mark = uuid.uuid4().hex[:12]
    names = [create_repository(rest, f"{letter}-{mark}") for letter in "cab"]
    query: dict[str, Any] = {
        "NameContains": mark,
        "SortBy": "Name",
        "SortOrder": "Ascending",
        "MaxResults": 2,
    }
    first = rest.get("/code-repositories", **query).json()
    second = rest.get("/code-repositories", **query, NextToken=first["NextToken"]).json()
    pages = [first["CodeRepositorySummaryList"], second["CodeRepositorySummaryList"]]
    assert [[entry["CodeRepositoryName"] for entry in page] for page in pages] == [
        sorted(names)[:2],
        sorted(names)[2:],
    ]
    assert "NextToken" not in second


def test_tags_by_name_and_by_arn(rest: Rest) -> None:
    name = create_repository(rest, Tags=[{"Key": "a", "Value": "1"}])
    path = f"/code-repositories/{name}"
    added = rest.put(f"{path}/tags", {"Tags": [{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}]})
    assert added.status_code == 200
    assert rest.delete(f"{path}/tags", TagKeys=["a", "c"]).status_code == 204
    arn = rest.get(path).json()["CodeRepositoryArn"]
    expected = {"Tags": [{"Key": "b", "Value": "2"}]}
    assert rest.get(f"{path}/tags").json() == rest.get("/tags", ResourceArn=arn).json() == expected
    assert rest.delete("/tags", ResourceArn=arn, TagKeys="b").status_code == 204
    assert rest.get(f"{path}/tags").json() == {"Tags": []}
    assert rest.get("/code-repositories/none/tags").status_code == 404


def test_a_job_is_the_same_one_as_on_the_wire(rest: Rest, jobs: Jobs) -> None:
    request = jobs.request("echo one; echo two; sleep 600")
    name = request["TrainingJobName"]
    assert rest.post("/training-jobs", request).status_code == 201
    path = f"/training-jobs/{name}"

    def read_lines() -> list[str]:
        return [event["message"] for event in rest.get(f"{path}/logs").json()["events"]]

    wait_for(lambda: "two" in read_lines(), seconds=60, what="the log's second line")
    last = rest.get(f"{path}/logs", filterPattern="two", limit=1).json()["events"]
    assert [event["message"] for event in last] == ["two"]
    assert last[0]["logStreamName"].startswith(f"{name}/algo-1-")
    in_progress = rest.get("/training-jobs", StatusEquals="InProgress", NameContains=name).json()
    assert [entry["TrainingJobName"] for entry in in_progress["TrainingJobSummaries"]] == [name]
    assert error_of(rest.delete(path))[:2] == (409, "ResourceInUse")
    assert rest.post(f"{path}/stop").status_code == 204
    jobs.finish(name, status="Stopped")
    assert rest.get(path).json()["TrainingJobStatus"] == "Stopped"
    found = rest.post(
        "/search",
        {
            "Resource": "TrainingJob",
            "SearchExpression": {
                "Filters": [{"Name": "TrainingJobName", "Operator": "Equals", "Value": name}]
            },
        },
    ).json()
    assert [result["TrainingJob"]["TrainingJobStatus"] for result in found["Results"]] == ["Stopped"]
    assert rest.delete(path).status_code == 204


def test_a_job_that_printed_nothing_has_an_empty_log(
    platform_up: RunningPlatform, rest: Rest, jobs: Jobs
) -> None:
    made = rest.post("/accounts").json()
    request = jobs.request(RoleArn=made["role_arn"])
    request["AlgorithmSpecification"]["TrainingImage"] = "nowhere.example.com/none:1"
    with rest_client(platform_up, "--account", made["account"]) as client:
        client.post("/training-jobs", request).raise_for_status()
        path = f"/training-jobs/{request['TrainingJobName']}"
        wait_for(lambda: client.get(path).json()["TrainingJobStatus"] == "Failed", what="the failure")
        assert client.get(f"{path}/logs").json() == {"events": []}
        assert error_of(client.get("/training-jobs/none/logs"))[0] == 404


# Method, path and body of a request; status and message of its answer.
REFUSED: list[tuple[str, str, str | None, int, str]] = [
    ("GET", "/training-jobs/none", None, 404, "Requested resource not found."),
    ("DELETE", "/endpoints/none", None, 404, "Could not find endpoint"),
    ("GET", "/models/-bad-", None, 400, "1 validation error detected: Value '-bad-' at 'modelName'"),
    ("GET", "/models/a%2Fb", None, 400, "1 validation error detected: Value 'a/b' at 'modelName'"),
    ("GET", "/models?MaxResults=0", None, 400, "Member must have value greater than or equal to 1"),
    ("GET", "/models?MaxResults=ten", None, 400, "can not be converted to an Integer at 'MaxResults'"),
    ("GET", "/models?SortBy=Colour", None, 400, "Member must satisfy enum value set: [Name, CreationTime]"),
    ("GET", "/models?Colour=red", None, 400, 'Unknown parameter in the query: "Colour", must be one of: '),
    ("GET", "/models?SortBy=Name&SortBy=Name", None, 400, "SortBy may be given only once."),
    ("GET", "/models?NameContains=%FF", None, 400, "The query is not percent-encoded UTF-8"),
    ("GET", "/models?NextToken=x", None, 400, "Invalid pagination token."),
    ("POST", "/models", "{", 400, "The request body is not valid JSON"),
    ("POST", "/models", "[]", 400, "The request body must be a JSON object."),
    ("POST", "/models", "[" * 100_000, 400, "The request body is not valid JSON"),
    ("POST", "/models", '{"ModelName": 1}', 400, "can not be converted to a String at 'modelName'"),
    ("POST", "/models", r'{"ModelName": "\ud800"}', 400, "Half a surrogate pair is no text at 'modelName'"),
    ("POST", "/models", "{}", 400, "Value null at 'modelName' failed to satisfy constraint"),
    ("POST", "/models", '{"modelName": "m"}', 400, 'Unknown parameter in input: "modelName"'),
    ("POST", "/models", '{"Containers": [{"Picture": "x"}]}', 400, 'in Containers[0]: "Picture"'),
    ("POST", "/models?ModelName=m", "{}", 400, "Unknown parameter in the query"),
    ("PATCH", "/endpoints/a", '{"EndpointName": "b"}', 400, "EndpointName in the body is not the name"),
    ("POST", "/processing-jobs", "{}", 501, "Clary does not support CreateProcessingJob of sagemaker."),
    ("GET", "/nothing", None, 404, "There is nothing at /nothing."),
    ("GET", "/models/a/b/c", None, 404, "There is nothing at /models/a/b/c."),
    ("PUT", "/models", "{}", 405, "PUT is not one of GET, POST."),
    ("OPTIONS", "/models", None, 405, "OPTIONS is not one of GET, POST."),
    ("GET", "/endpoints/none/invocations", None, 405, "Invocations take POST."),
    ("PUT", "/models?region=nowhere", "{}", 405, "PUT is not one of GET, POST."),
    ("GET", "/models?region=", None, 400, "'' is not the name of a region."),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[0]} {row[1]} {(row[2] or '')[:20]}")
def test_a_bad_request_is_told_what_is_wrong(rest: Rest, row: tuple[str, str, str | None, int, str]) -> None:
    method, path, body, status, message = row
    refused = rest.send(method, path, data=body)
    assert refused.status_code == status, refused.text
    assert refused.headers["Content-Type"] == "application/json"
    assert message in error_of(refused)[2]


def test_a_taken_name_is_a_conflict(rest: Rest) -> None:
    name = create_repository(rest)
    again = rest.post("/code-repositories", {"CodeRepositoryName": name, "GitConfig": GIT})
    status, code, message = error_of(again)
    assert (status, code) == (409, "ValidationException")
    assert "already exist" in message


def test_a_body_past_the_limit_is_refused(rest: Rest) -> None:
    refused = rest.send("POST", "/models", data=b" " * (10 * 2**20 + 1))
    assert error_of(refused)[:2] == (413, "RequestEntityTooLarge")


def test_other_sites_get_no_permission(rest: Rest) -> None:
    answer = rest.send("GET", "/models", headers={"Origin": "https://example.com"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_error_is_the_wires_own(rest: Rest, jobs: Jobs) -> None:
    request = jobs.request(RoleArn="arn:aws:iam::000000000000:role/none")
    with pytest.raises(jobs.sagemaker.exceptions.ClientError) as refused:
        jobs.sagemaker.create_training_job(**request)
    said = refused.value.response["Error"]
    answer = rest.post("/training-jobs", request)
    assert error_of(answer) == (400, said["Code"], said["Message"])


def test_signed_requests_still_go_to_the_wire(platform_up: RunningPlatform) -> None:
    unsigned = requests.get(f"{platform_up.url}/api/v1/models", timeout=30)
    assert unsigned.json()["error"]["code"] == "UnauthorizedException"
    s3 = platform_up.client("s3")
    with pytest.raises(s3.exceptions.ClientError, match="NoSuch"):
        s3.get_object(Bucket="api", Key="v1/none")
