"""The description's examples work: in order, they train a model and serve it."""

from typing import Any

from support.rest import Rest
from support.running import RunningPlatform
from support.waiting import wait_for


def find_example(document: dict[str, Any], path: str) -> Any:
    """The example of a POST's body."""
    content = document["paths"][path]["post"]["requestBody"]["content"]
    return next(media["example"] for media in content.values() if "example" in media)


def test_the_examples_train_and_serve_a_model(
    platform_up: RunningPlatform, rest: Rest, document: dict[str, Any]
) -> None:
    s3 = platform_up.client("s3")
    s3.create_bucket(Bucket="examples")
    rows = "".join(f"{2 * row},{row}\n" for row in range(100))
    s3.put_object(Bucket="examples", Key="train/rows.csv", Body=rows)

    job = create(rest, document, "/training-jobs")
    ended = wait_for(lambda: settled(rest, job, "TrainingJobStatus"), seconds=90, what="the job's end")
    assert ended["TrainingJobStatus"] == "Completed", ended
    model = create(rest, document, "/models")
    config = create(rest, document, "/endpoint-configs")
    endpoint = create(rest, document, "/endpoints")
    served = wait_for(lambda: settled(rest, endpoint, "EndpointStatus"), seconds=60, what="the endpoint")
    assert served["EndpointStatus"] == "InService", served

    body = find_example(document, "/endpoints/{name}/invocations")
    answer = rest.send("POST", f"{endpoint}/invocations", data=body, headers={"Content-Type": "text/csv"})
    assert abs(float(answer.text) - 2 * float(body)) < 1
    for path in (endpoint, config, model, job):
        assert rest.delete(path).status_code == 204


def create(rest: Rest, document: dict[str, Any], path: str) -> str:
    """Send a path's example; where the new resource is."""
    made = rest.post(path, find_example(document, path))
    assert made.status_code == 201, made.text
    return made.headers["Location"].removeprefix("/api/v1")


def settled(rest: Rest, path: str, status: str) -> dict[str, Any] | None:
    """A resource's description once it changes no more."""
    described: dict[str, Any] = rest.get(path).json()
    return None if described[status] in {"InProgress", "Creating"} else described
