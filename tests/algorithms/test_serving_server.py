"""The model server as a process: its endpoints, limits and end, around a model that echoes or waits."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.serving import serving
from support.waiting import wait_for

# The body is what the model does: "fail", "wait:<started file>:<released file>", or anything to be echoed.
PROGRAM = """
import sys, time
from pathlib import Path
from clary_algorithms.serving import Prediction, ServingSettings
from clary_algorithms.serving.server import serve_models

class Echo:
    def __init__(self, folder): self.folder = folder
    def invoke(self, invocation):
        if invocation.body == b"fail": raise RuntimeError("the model broke")
        if invocation.body.startswith(b"wait:"):
            started, released = map(Path, invocation.body.decode().split(":")[1:])
            started.touch()
            while not released.exists(): time.sleep(0.01)
        body = self.folder.name.encode() + b":" + invocation.body
        return Prediction(body, invocation.content_type or "text/plain")

def load(folder):
    if (folder / "broken").exists(): raise ValueError("the file is broken")
    return Echo(folder)

serve_models(load, model_dir=Path(sys.argv[1]), settings=ServingSettings.from_environment())
"""


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    return lambda **environment: serving(
        (sys.executable, "-c", PROGRAM, str(folder)), root=folder, **environment
    )


@pytest.fixture(scope="module")
def server(start):
    with start(SAGEMAKER_MAX_PAYLOAD_IN_MB="1", SAGEMAKER_MODEL_SERVER_WORKERS="3") as container:
        yield container


@pytest.fixture(scope="module")
def many(start):
    with start(SAGEMAKER_MULTI_MODEL="true", CLARY_MODEL_MEMORY_IN_MB="1") as container:
        yield container


@pytest.fixture
def held(tmp_path):
    """A request body that keeps a worker busy, and the files that tell and let go."""
    started, released = tmp_path / "started", tmp_path / "released"
    yield f"wait:{started}:{released}".encode(), started, released
    released.touch()


def test_ping_answers_ok_without_a_body(server):
    response = server.request("GET", "/ping")
    assert (response.status, response.body) == (200, b"")


def test_an_invocation_returns_the_model_s_bytes_and_type(server):
    response = server.invoke(b"1,2", content_type="text/csv")
    assert (response.status, response.content_type) == (200, "text/csv")
    assert response.body.endswith(b":1,2")


def test_execution_parameters_follow_the_settings(server):
    response = server.request("GET", "/execution-parameters")
    assert response.content_type == "application/json"
    assert json.loads(response.body) == {
        "MaxConcurrentTransforms": 3,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 1,
    }


def test_a_body_of_exactly_the_limit_is_taken(server):
    assert server.invoke(b"x" * (1 << 20)).status == 200


def test_a_body_past_the_limit_is_refused_and_the_connection_stays_usable(server):
    connection = server.connect()
    connection.request("POST", "/invocations", b"x" * ((1 << 20) + 1))
    response = connection.getresponse()
    assert response.status == 413
    assert b"larger than the limit" in response.read()
    connection.request("GET", "/ping")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_chunked_body_past_the_limit_is_refused(server):
    connection = server.connect()
    connection.request("POST", "/invocations", iter([b"x" * 65536] * 17), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_model_that_breaks_is_answered_with_500_and_the_server_lives(server):
    response = server.invoke(b"fail")
    assert (response.status, response.text) == (500, "RuntimeError: the model broke")
    assert server.invoke(b"fine").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/invocations", 405), ("POST", "/ping", 405), ("GET", "/models", 404)],
)
def test_what_is_not_offered_is_refused(server, method, path, status):
    assert server.request(method, path).status == status


def test_past_its_queue_the_server_answers_503_at_once(start, held):
    body, started, released = held
    with (
        start(SAGEMAKER_MODEL_SERVER_WORKERS="1", CLARY_SERVING_QUEUE_SIZE="0") as container,
        ThreadPoolExecutor(1) as clients,
    ):
        waiting = clients.submit(container.invoke, body)
        wait_for(started.exists)
        refused = container.invoke(b"one too many")
        assert (refused.status, "capacity" in refused.text) == (503, True)
        assert container.request("GET", "/ping").status == 200
        released.touch()
        assert waiting.result().status == 200
        assert container.invoke(b"room again").status == 200


def test_a_prediction_that_takes_too_long_is_answered_with_504(start, held):
    body, _, _ = held
    with start(SAGEMAKER_MODEL_SERVER_TIMEOUT="1", SAGEMAKER_MODEL_SERVER_WORKERS="1") as container:
        response = container.invoke(body)
        assert (response.status, response.text) == (504, "The prediction took more than 1 seconds.")


def test_sigterm_lets_a_request_in_flight_end_and_exits_with_0(start, held):
    body, started, released = held
    with start() as container, ThreadPoolExecutor(2) as clients:
        idle = container.connect()
        idle.request("GET", "/ping")
        idle.getresponse().read()
        waiting = clients.submit(container.invoke, body)
        wait_for(started.exists)
        stopping = clients.submit(container.stop)
        wait_for(lambda: refuses_connections(container), what="the closed port")
        released.touch()
        assert waiting.result().status == 200
        assert stopping.result() == 0
        idle.close()


def refuses_connections(container):
    try:
        container.request("GET", "/ping")
    except OSError:
        return True
    return False


def test_clients_at_the_same_time_each_get_their_own_answer(server):
    bodies = [f"row {number}".encode() for number in range(64)]
    barrier = threading.Barrier(4)

    def invoke(share):
        barrier.wait()
        return [server.invoke(body).body for body in share]

    with ThreadPoolExecutor(4) as clients:
        shares = [bodies[first::4] for first in range(4)]
        for share, answers in zip(shares, clients.map(invoke, shares), strict=True):
            assert [answer.partition(b":")[2] for answer in answers] == share


def load_model(container, name, folder):
    document = {"model_name": name, "url": str(folder)}
    return container.request("POST", "/models", json.dumps(document).encode())


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    made.mkdir()
    (made / "weights").write_bytes(b"w" * 1000)
    return made


def test_models_are_loaded_listed_invoked_and_dropped(many, folder):
    name = "a/model with%odd#name"
    path = "/models/a%2Fmodel%20with%25odd%23name"
    described = {"modelName": name, "modelUrl": str(folder)}
    assert load_model(many, name, folder).status == 200
    assert load_model(many, name, folder).status == 409
    assert json.loads(many.request("GET", path).body) == described
    assert described in json.loads(many.request("GET", "/models").body)["models"]
    invoked = many.request("POST", f"{path}/invoke", b"1", content_type="text/csv")
    assert (invoked.status, invoked.body, invoked.content_type) == (200, b"model:1", "text/csv")
    assert many.request("DELETE", path).status == 200
    for method, gone in [("GET", path), ("DELETE", path), ("POST", f"{path}/invoke")]:
        assert many.request(method, gone).status == 404


def test_the_list_of_models_comes_in_pages(many, folder):
    names = [f"paged-{number}" for number in range(5)]
    for name in names:
        assert load_model(many, name, folder).status == 200
    seen, token = [], ""
    while token is not None:
        page = json.loads(many.request("GET", f"/models?limit=2&next_page_token={token}").body)
        assert len(page["models"]) <= 2
        seen += [entry["modelName"] for entry in page["models"]]
        token = page.get("nextPageToken")
    for name in names:
        many.request("DELETE", f"/models/{name}")
    assert seen == names


def test_a_model_that_does_not_fit_is_refused_until_another_is_dropped(many, tmp_path):
    for name in ("large-1", "large-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_bytes(b"w" * 700_000)
    assert load_model(many, "large-1", tmp_path / "large-1").status == 200
    assert load_model(many, "large-2", tmp_path / "large-2").status == 507
    assert many.request("DELETE", "/models/large-1").status == 200
    assert load_model(many, "large-2", tmp_path / "large-2").status == 200
    assert many.request("DELETE", "/models/large-2").status == 200


def test_a_model_that_cannot_be_loaded_is_reported_and_leaves_its_name_free(many, folder):
    (folder / "broken").touch()
    response = load_model(many, "mended", folder)
    assert (response.status, "the file is broken" in response.text) == (500, True)
    (folder / "broken").unlink()
    assert load_model(many, "mended", folder).status == 200
    assert many.request("DELETE", "/models/mended").status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b'{"model_name": "a"}', b'{"model_name": "", "url": "/x"}'])
def test_a_load_request_without_name_or_url_is_refused(many, body):
    assert many.request("POST", "/models", body).status == 400


def test_a_model_folder_that_is_not_there_is_refused(many, tmp_path):
    assert load_model(many, "absent", tmp_path / "absent").status == 404


def test_in_multi_model_mode_only_models_are_invoked(many):
    assert many.request("GET", "/ping").status == 200
    assert many.invoke(b"1").status == 404
