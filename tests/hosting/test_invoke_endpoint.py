import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from botocore.exceptions import ClientError

from support.containers import ToyContainer
from support.waiting import wait_for
from support.wire import ACCOUNT, REGION

Start = Callable[[str], ToyContainer]
Hosting = Any

MEGABYTE = 1 << 20


def refused(hosting: Hosting, name: str, body: bytes = b"1", **members: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        hosting.invoke(name, body, **members)
    return dict(caught.value.response)


def error(response: dict[str, Any]) -> tuple[int, str, str]:
    told = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], told["Code"], told["Message"]


def order(**what: Any) -> bytes:
    return json.dumps({"do": what.pop("do"), **what}).encode()


def test_the_container_sees_body_and_headers_and_the_caller_its_answer(
    hosting: Hosting, container: Start
) -> None:
    name = hosting.add_endpoint({"AllTraffic": (1.0, [container("a")])})
    answer = hosting.invoke(
        name,
        b"1,2,3\n",
        ContentType="text/csv",
        Accept="application/json",
        CustomAttributes="trace=1",
        InferenceId="id-1",
    )
    assert answer["ContentType"].startswith("application/json")
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "seen trace=1"
    assert "x-private" not in answer["ResponseMetadata"]["HTTPHeaders"]
    seen = json.loads(answer["Body"].read())
    assert (seen["container"], seen["size"]) == ("a", 6)
    wanted = {
        "content-type": "text/csv",
        "accept": "application/json",
        "x-amzn-sagemaker-custom-attributes": "trace=1",
        "x-amzn-sagemaker-inference-id": "id-1",
        "content-length": "6",
    }
    assert {key: value for key, value in seen["headers"].items() if key != "host"} == wanted


def test_an_empty_body_is_passed_on(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"AllTraffic": (1.0, [container("a")])})
    assert hosting.described(name, body=b"")["size"] == 0


def test_a_missing_endpoint_is_named_with_its_account(hosting: Hosting) -> None:
    expected = 400, "ValidationError", f"Endpoint nowhere of account {ACCOUNT} not found."
    assert error(refused(hosting, "nowhere")) == expected


def test_an_endpoint_that_does_not_serve_is_not_found(hosting: Hosting, container: Start) -> None:
    creating = hosting.add_endpoint({"A": (1.0, [container("a")])})
    hosting.change_endpoint(creating, status="Creating", state={})
    assert "not found" in error(refused(hosting, creating))[2]
    deleting = hosting.add_endpoint({"A": (1.0, [container("a")])})
    hosting.change_endpoint(deleting, status="Deleting")

    def is_refused() -> bool:
        try:
            hosting.invoke(deleting)
        except ClientError as error:
            return "not found" in error.response["Error"]["Message"]
        return False

    # A router that looked between the two writes serves until its next look.
    wait_for(is_refused, what="the refusal")


def test_an_endpoint_belongs_to_its_region(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("there")])}, region="us-west-2")
    assert "not found" in error(refused(hosting, name))[2]
    hosting.add_endpoint({"A": (1.0, [container("here")])}, name=name)
    assert hosting.described(name)["container"] == "here"


def test_a_new_endpoint_answers_at_once(hosting: Hosting, container: Start) -> None:
    toy = container("a")
    for _ in range(5):
        assert hosting.described(hosting.add_endpoint({"A": (1.0, [toy])}))["container"] == "a"


def test_the_target_variant_is_chosen_whatever_its_weight(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")]), "B": (0.0, [container("b")])})
    for _ in range(4):
        assert hosting.described(name)["container"] == "a"
        answer = hosting.invoke(name, TargetVariant="B")
        assert answer["InvokedProductionVariant"] == "B"
        assert json.loads(answer["Body"].read())["container"] == "b"


def test_a_missing_target_variant_is_named(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    expected = 400, "ValidationError", f"Variant C of endpoint {name} of account {ACCOUNT} not found."
    assert error(refused(hosting, name, TargetVariant="C")) == expected


@pytest.mark.parametrize(
    ("status", "side"), [(500, "server"), (503, "server"), (415, "client"), (302, "server")]
)
def test_a_containers_error_is_a_model_error(
    hosting: Hosting, container: Start, status: int, side: str
) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    response = refused(hosting, name, order(do="fail", status=status, text='no "good" ä at all'))
    group = f"/aws/sagemaker/Endpoints/{name}"
    assert error(response) == (
        424,
        "ModelError",
        f'Received {side} error ({status}) from primary with message "no "good" ä at all". '
        f"See https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}"
        f"#logEventViewer:group={group} in account {ACCOUNT} for more information.",
    )
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == 'no "good" ä at all'
    assert response["LogStreamArn"] == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}"


def test_an_error_that_breaks_off_says_so(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    response = refused(hosting, name, order(do="break", after=10, status=500))
    assert "(500) from primary and could not load the entire response body." in error(response)[2]


def test_a_container_that_hangs_up_is_a_model_error_and_is_not_asked_twice(
    hosting: Hosting, container: Start
) -> None:
    first, second = container("a"), container("b")
    name = hosting.add_endpoint({"A": (1.0, [first, second])})
    response = refused(hosting, name, order(do="break", after=0, status=200))
    assert error(response)[:2] == (424, "ModelError")
    assert "closed the connection" in response["OriginalMessage"]
    assert first.calls + second.calls == 1


def test_a_slow_container_times_out(make_hosting: Callable[..., Hosting], container: Start) -> None:
    hosting = make_hosting(answer_seconds=0.2)
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    response = refused(hosting, name, order(do="wait"))
    assert error(response)[:2] == (424, "ModelError")
    assert response["OriginalStatusCode"] == 0
    assert (
        "Your invocation timed out while waiting for a response from container primary." in error(response)[2]
    )


def test_requests_go_to_the_instance_with_the_fewest_under_way(hosting: Hosting, container: Start) -> None:
    busy, free = container("busy"), container("free")
    name = hosting.add_endpoint({"A": (1.0, [busy])})
    blocked = threading.Thread(target=hosting.invoke, args=(name, order(do="wait")))
    blocked.start()
    wait_for(lambda: busy.waiting, what="the blocking request")
    hosting.update_endpoint(name, {"A": (1.0, [free])}, generation=1)
    wait_for(lambda: hosting.described(name)["container"] == "free", what="the second instance")
    before = busy.calls
    assert {hosting.described(name)["container"] for _ in range(10)} == {"free"}
    assert busy.calls == before
    busy.release()
    blocked.join()


def test_idle_instances_take_turns(hosting: Hosting, container: Start) -> None:
    toys = [container(str(number)) for number in range(3)]
    name = hosting.add_endpoint({"A": (1.0, toys)})
    for _ in range(9):
        hosting.invoke(name)
    assert [toy.calls for toy in toys] == [3, 3, 3]


def test_a_dead_instance_is_passed_over(hosting: Hosting, container: Start, dead_port: int) -> None:
    living = container("living")
    name = hosting.add_endpoint({"A": (1.0, [dead_port, living])})
    assert {hosting.described(name)["container"] for _ in range(10)} == {"living"}


def test_an_instance_that_dies_between_requests_is_passed_over(hosting: Hosting, container: Start) -> None:
    dying, living = container("dying"), container("living")
    name = hosting.add_endpoint({"A": (1.0, [dying, living])})
    assert {hosting.described(name)["container"] for _ in range(4)} == {"dying", "living"}
    dying.stop()
    assert {hosting.described(name)["container"] for _ in range(10)} == {"living"}


def test_without_a_living_instance_the_service_is_unavailable(hosting: Hosting, dead_port: int) -> None:
    name = hosting.add_endpoint({"A": (1.0, [dead_port])})
    assert error(refused(hosting, name))[:2] == (503, "ServiceUnavailable")
    hosting.change_instances(dead_port, "Dead")
    assert error(refused(hosting, name))[:2] == (503, "ServiceUnavailable")


def test_a_variant_without_instances_leaves_its_traffic_to_the_others(
    hosting: Hosting, container: Start
) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")]), "B": (9.0, [])})
    assert {hosting.described(name)["container"] for _ in range(10)} == {"a"}
    assert error(refused(hosting, name, TargetVariant="B"))[:2] == (503, "ServiceUnavailable")


def test_past_the_instances_limit_requests_are_refused_at_once(
    make_hosting: Callable[..., Hosting], container: Start
) -> None:
    hosting = make_hosting(instance_limit=2)
    toy = container("a")
    name = hosting.add_endpoint({"A": (1.0, [toy])})
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(hosting.described, name, body=order(do="wait")) for _ in range(2)]
        wait_for(lambda: toy.waiting == 2, what="two requests under way")
        assert error(refused(hosting, name))[:2] == (400, "ThrottlingException")
        toy.release()
        assert [each.result()["container"] for each in waiting] == ["a", "a"]
    assert hosting.described(name)["container"] == "a"


def test_many_requests_at_once_are_all_answered(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")]), "B": (1.0, [container("b")])})

    def size(number: int) -> tuple[int, int]:
        return number, hosting.described(name, body=bytes(number))["size"]

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(size, range(200)))
    assert all(sent == received for sent, received in results)


def test_an_update_moves_the_traffic(hosting: Hosting, container: Start) -> None:
    old, new = container("old"), container("new")
    name = hosting.add_endpoint({"A": (1.0, [old])})
    assert hosting.described(name)["container"] == "old"
    hosting.update_endpoint(name, {"A": (1.0, [new])}, generation=2)
    wait_for(lambda: hosting.described(name)["container"] == "new", what="the new generation")
    assert {hosting.described(name)["container"] for _ in range(5)} == {"new"}


def test_a_draining_instance_gets_nothing_new(hosting: Hosting, container: Start) -> None:
    draining, staying = container("draining"), container("staying")
    name = hosting.add_endpoint({"A": (1.0, [draining, staying])})
    assert {hosting.described(name)["container"] for _ in range(4)} == {"draining", "staying"}
    hosting.change_instances(draining.port, "Draining")

    def only_staying() -> bool:
        return {hosting.described(name)["container"] for _ in range(4)} == {"staying"}

    wait_for(only_staying, what="the draining instance's rest")


def test_the_last_routes_serve_while_the_database_is_away(
    hosting: Hosting, container: Start, caplog: pytest.LogCaptureFixture
) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    hosting.invoke(name)
    with hosting.database.write() as session:
        session.execute(sa.text("ALTER TABLE revisions RENAME TO away"))
    assert error(refused(hosting, "unknown"))[:2] == (503, "ServiceUnavailable")
    assert {hosting.described(name)["container"] for _ in range(5)} == {"a"}
    assert error(refused(hosting, "unknown"))[:2] == (503, "ServiceUnavailable")
    assert sum("Routes cannot be read" in record.message for record in caplog.records) == 1
    with hosting.database.write() as session:
        session.execute(sa.text("ALTER TABLE away RENAME TO revisions"))
    wait_for(lambda: error(refused(hosting, "unknown"))[1] == "ValidationError", what="the database's return")


def test_a_body_of_the_documented_size_passes_and_a_larger_one_does_not(
    hosting: Hosting, container: Start
) -> None:
    toy = container("a")
    name = hosting.add_endpoint({"A": (1.0, [toy])})
    assert hosting.described(name, body=bytes(25 * MEGABYTE))["size"] == 25 * MEGABYTE
    assert error(refused(hosting, name, bytes(25 * MEGABYTE + 1)))[0] == 413
    assert toy.calls == 1


def test_a_large_answer_arrives_whole(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    answer = hosting.invoke(name, order(do="large", size=20 * MEGABYTE))
    assert answer["ContentType"] == "application/octet-stream"
    assert answer["Body"].read() == bytes(20 * MEGABYTE)


def test_an_answer_that_breaks_off_is_no_answer(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    response = refused(hosting, name, order(do="break", after=100, status=200))
    assert error(response)[:2] == (424, "ModelError")


@pytest.mark.parametrize(
    ("members", "header"),
    [
        ({"TargetModel": "m.tar.gz"}, "target-model"),
        ({"TargetContainerHostname": "second"}, "target-container-hostname"),
        ({"SessionId": "NEW_SESSION"}, "session-id"),
        ({"InferenceComponentName": "part"}, "inference-component"),
    ],
)
def test_what_no_endpoint_has_is_refused_by_name(
    hosting: Hosting, container: Start, members: dict[str, Any], header: str
) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    message = f"Endpoint {name} does not support the header x-amzn-sagemaker-{header}."
    assert error(refused(hosting, name, **members)) == (400, "UnsupportedOperation", message)


def test_attributes_are_checked_by_the_model(hosting: Hosting, container: Start) -> None:
    name = hosting.add_endpoint({"A": (1.0, [container("a")])})
    status, code, message = error(refused(hosting, name, CustomAttributes="x" * 1025))
    assert (status, code) == (400, "ValidationError")
    assert "at 'customAttributes' failed to satisfy constraint" in message


def test_other_ways_to_invoke_say_that_they_are_missing(hosting: Hosting) -> None:
    with pytest.raises(ClientError, match="InvokeEndpointAsync") as asynchronous:
        hosting.runtime.invoke_endpoint_async(EndpointName="e", InputLocation="s3://b/k")
    with pytest.raises(ClientError, match="InvokeEndpointWithResponseStream") as streamed:
        hosting.runtime.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"")
    assert asynchronous.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert streamed.value.response["Error"]["Code"] == "UnsupportedOperation"
