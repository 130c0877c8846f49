from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.kernel import clock
from support.refusing import refusal

REGION = "eu-west-1"
Client = Callable[..., Any]
Write = Callable[..., Path]


NO_GROUP = ("ResourceNotFoundException", "The specified log group does not exist.", 400)
NO_STREAM = ("ResourceNotFoundException", "The specified log stream does not exist.", 400)


def test_a_group_is_described_as_it_was_created(logs: Any, account: str) -> None:
    before = clock.now() // 1000
    logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs", tags={"team": "a"}, kmsKeyId="alias/k")
    (group,) = logs.describe_log_groups()["logGroups"]
    assert before <= group.pop("creationTime") <= clock.now() // 1000
    arn = f"arn:aws:logs:{REGION}:{account}:log-group:/aws/sagemaker/TrainingJobs"
    assert group == {
        "logGroupName": "/aws/sagemaker/TrainingJobs",
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": 0,
        "metricFilterCount": 0,
        "logGroupClass": "STANDARD",
        "kmsKeyId": "alias/k",
    }


def test_a_group_that_exists_is_not_created_again(logs: Any) -> None:
    logs.create_log_group(logGroupName="group")
    code, message, status = refusal(logs.create_log_group, logGroupName="group")
    assert (code, status) == ("ResourceAlreadyExistsException", 400)
    assert message == "The specified log group already exists"


def test_regions_and_accounts_do_not_see_each_other(client: Client, logs: Any) -> None:
    logs.create_log_group(logGroupName="group")
    assert client("logs", region_name="us-west-2").describe_log_groups()["logGroups"] == []


def test_deleting_a_group_takes_its_streams_files_and_tags_along(
    logs: Any, write: Write, account: str
) -> None:
    file = write("group", "stream", [(1, "line")])
    logs.delete_log_group(logGroupName="group")
    assert not file.exists()
    assert refusal(logs.describe_log_streams, logGroupName="group") == NO_GROUP
    logs.create_log_group(logGroupName="group")
    assert logs.describe_log_streams(logGroupName="group")["logStreams"] == []
    arn = f"arn:aws:logs:{REGION}:{account}:log-group:group"
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_groups_are_listed_by_prefix_and_by_pattern(logs: Any) -> None:
    for name in ("/aws/a", "/aws/b", "/AWS/c", "other/aws/d"):
        logs.create_log_group(logGroupName=name)

    def names(**filters: str) -> list[str]:
        return [group["logGroupName"] for group in logs.describe_log_groups(**filters)["logGroups"]]

    assert names() == ["/AWS/c", "/aws/a", "/aws/b", "other/aws/d"]
    assert names(logGroupNamePrefix="/aws/") == ["/aws/a", "/aws/b"]
    assert names(logGroupNamePattern="aws/") == ["/aws/a", "/aws/b", "other/aws/d"]
    assert names(logGroupNamePrefix="nothing") == []
    code, message, _ = refusal(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="a")
    assert code == "InvalidParameterException"
    assert "mutually exclusive" in message


def test_botocores_paginator_sees_every_group_once(logs: Any) -> None:
    names = [f"group-{number:02d}" for number in range(25)]
    for name in reversed(names):
        logs.create_log_group(logGroupName=name)
    pages = list(logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 10}))
    assert [len(page["logGroups"]) for page in pages] == [10, 10, 5]
    assert [group["logGroupName"] for page in pages for group in page["logGroups"]] == names


def test_retention_is_recorded_and_taken_back(logs: Any) -> None:
    logs.create_log_group(logGroupName="group")
    logs.put_retention_policy(logGroupName="group", retentionInDays=14)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 14
    logs.delete_retention_policy(logGroupName="group")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_a_retention_that_aws_does_not_offer_is_refused(logs: Any) -> None:
    logs.create_log_group(logGroupName="group")
    code, message, _ = refusal(logs.put_retention_policy, logGroupName="group", retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "retentionInDays" in message
    assert refusal(logs.put_retention_policy, logGroupName="none", retentionInDays=1) == NO_GROUP


def test_tags_of_a_group_change(logs: Any, account: str) -> None:
    arn = f"arn:aws:logs:{REGION}:{account}:log-group:group"
    logs.create_log_group(logGroupName="group", tags={"a": "1", "b": "2"})
    logs.tag_resource(resourceArn=arn, tags={"b": "3", "c": "4"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "3", "c": "4"}
    assert refusal(logs.list_tags_for_resource, resourceArn=f"{arn}-none") == NO_GROUP


def test_an_empty_stream_has_no_event_times(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="job/algo-1")
    (stream,) = logs.describe_log_streams(logGroupName="group")["logStreams"]
    assert stream.pop("creationTime") <= clock.now() // 1000
    assert stream == {
        "logStreamName": "job/algo-1",
        "arn": f"arn:aws:logs:{REGION}:{account}:log-group:group:log-stream:job/algo-1",
        "storedBytes": 0,
    }


def test_a_streams_times_and_size_are_those_of_its_file(logs: Any, write: Write) -> None:
    before = clock.now() // 1000
    file = write("group", "stream", [(1000, "first"), (2000, "middle"), (3000, "last")])
    (stream,) = logs.describe_log_streams(logGroupName="group")["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (1000, 3000)
    assert before - 1000 <= stream["lastIngestionTime"] <= clock.now() // 1000 + 1000
    assert stream["storedBytes"] == file.stat().st_size
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == file.stat().st_size


def test_streams_are_created_once_and_deleted(logs: Any, write: Write) -> None:
    file = write("group", "stream", [(1, "line")])
    code, message, status = refusal(logs.create_log_stream, logGroupName="group", logStreamName="stream")
    assert (code, status) == ("ResourceAlreadyExistsException", 400)
    assert message == "The specified log stream already exists"
    logs.delete_log_stream(logGroupName="group", logStreamName="stream")
    assert not file.exists()
    assert refusal(logs.delete_log_stream, logGroupName="group", logStreamName="stream") == NO_STREAM
    assert refusal(logs.create_log_stream, logGroupName="none", logStreamName="stream") == NO_GROUP
    assert refusal(logs.delete_log_stream, logGroupName="none", logStreamName="stream") == NO_GROUP


def test_a_page_of_streams_has_a_token_only_where_another_follows(logs: Any, write: Write) -> None:
    for number in range(3):
        write("group", f"job/algo-{number}", [(1, "line")])
    write("group", "job-other/algo-1", [(1, "line")])
    # As SDK v2 asks: it loops for as long as the answer has a token, and never sends it back.
    exact = logs.describe_log_streams(
        logGroupName="group", logStreamNamePrefix="job/", orderBy="LogStreamName", limit=3
    )
    assert "nextToken" not in exact
    assert [stream["logStreamName"] for stream in exact["logStreams"]] == [f"job/algo-{n}" for n in range(3)]
    short = logs.describe_log_streams(logGroupName="group", logStreamNamePrefix="job/", limit=2)
    assert "nextToken" in short
    rest = logs.describe_log_streams(
        logGroupName="group", logStreamNamePrefix="job/", limit=2, nextToken=short["nextToken"]
    )
    assert [stream["logStreamName"] for stream in rest["logStreams"]] == ["job/algo-2"]
    assert "nextToken" not in rest


@pytest.mark.parametrize("order", ["LogStreamName", "LastEventTime"])
@pytest.mark.parametrize("descending", [False, True])
def test_streams_are_paged_in_either_order(logs: Any, write: Write, order: str, descending: bool) -> None:
    times = {"a": 500, "b": 900, "c": 100, "d": 500, "e": 300}
    for name, at in times.items():
        write("group", name, [(1, "line"), (at, "line")])
    by_name = sorted(times)
    by_time = sorted(times, key=lambda name: (times[name], name))
    expected = by_name if order == "LogStreamName" else by_time
    paginator = logs.get_paginator("describe_log_streams")
    pages = paginator.paginate(
        logGroupName="group", orderBy=order, descending=descending, PaginationConfig={"PageSize": 2}
    )
    names = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    assert names == (expected[::-1] if descending else expected)


def test_prefixes_heed_case(logs: Any, write: Write) -> None:
    for name in ("job/a", "JOB/a", "job_a", "jobXa"):
        write("group", name, [(1, "line")])
    answer = logs.describe_log_streams(logGroupName="group", logStreamNamePrefix="job_")
    assert [stream["logStreamName"] for stream in answer["logStreams"]] == ["job_a"]


def test_order_by_time_refuses_a_prefix(logs: Any, write: Write) -> None:
    write("group", "stream", [(1, "line")])
    code, message, _ = refusal(
        logs.describe_log_streams, logGroupName="group", logStreamNamePrefix="s", orderBy="LastEventTime"
    )
    assert (code, message) == (
        "InvalidParameterException",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
    )


@pytest.mark.parametrize("order", ["LogStreamName", "LastEventTime"])
@pytest.mark.parametrize("token", ["nonsense", "bnVsbA==", "e30="])
def test_a_token_that_no_list_gave_is_refused(logs: Any, write: Write, order: str, token: str) -> None:
    write("group", "stream", [(1, "line")])
    code, message, _ = refusal(
        logs.describe_log_streams, logGroupName="group", orderBy=order, nextToken=token
    )
    assert (code, message) == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_a_group_is_found_by_its_arn(logs: Any, write: Write, account: str) -> None:
    write("group", "stream", [(1, "line")])
    arn = f"arn:aws:logs:{REGION}:{account}:log-group:group"
    for identifier in ("group", arn):
        answer = logs.describe_log_streams(logGroupIdentifier=identifier)
        assert [stream["logStreamName"] for stream in answer["logStreams"]] == ["stream"]
    elsewhere = arn.replace(REGION, "us-west-2")
    assert refusal(logs.describe_log_streams, logGroupIdentifier=elsewhere) == NO_GROUP
    assert refusal(logs.describe_log_streams)[0] == "InvalidParameterException"
    both = {"logGroupName": "group", "logGroupIdentifier": "group"}
    assert "mutually exclusive" in refusal(logs.describe_log_streams, **both)[1]
