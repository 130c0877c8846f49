"""Any value survives the way from botocore's serialiser to a handler, and from there to botocore's parser."""

import string
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.model import DenormalizedStructureBuilder
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from clary.aws.models import load_operation
from clary.aws.protocols import PROTOCOLS, WireRequest, json_body, xml_body
from clary.aws.protocols.values import SerializationError, format_timestamp, parse_timestamp
from support.signed import serialize

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))
KEYS = st.text(string.ascii_letters, min_size=1)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@given(tags=st.lists(st.fixed_dictionaries({"Key": TEXT, "Value": TEXT})), document=TEXT)
def test_forms(tags: list[dict[str, str]], document: str) -> None:
    operation = load_operation("iam", "CreateRole")
    members = {
        "RoleName": "r",
        "AssumeRolePolicyDocument": document,
        "Tags": tags,
        "MaxSessionDuration": 3600,
    }
    sent = serialize(operation, members)
    assert PROTOCOLS["query"].parse(WireRequest(sent["headers"], sent["body"]), operation) == members


@given(description=TEXT, tags=st.lists(st.fixed_dictionaries({"Key": TEXT, "Value": TEXT})), moment=MOMENTS)
def test_xml_answers(description: str, tags: list[dict[str, str]], moment: datetime) -> None:
    operation = load_operation("iam", "GetRole")
    role = {
        "Path": "/",
        "RoleName": "r",
        "RoleId": "id",
        "Arn": "arn",
        "CreateDate": moment,
        "Description": description,
        "Tags": tags,
    }
    answer = PROTOCOLS["query"].render({"Role": role}, operation, WireRequest({}, b""), "id")
    raw = {"body": answer.body, "headers": {}, "status_code": answer.status}
    assert create_parser("query").parse(raw, operation.output_shape)["Role"] == role


@given(parameters=st.dictionaries(KEYS, TEXT), moment=MOMENTS, plain=st.binary())
def test_json_documents(parameters: dict[str, str], moment: datetime, plain: bytes) -> None:
    shape = (
        DenormalizedStructureBuilder()
        .with_members(
            {
                "Map": {"type": "map", "key": {"type": "string"}, "value": {"type": "string"}},
                "When": {"type": "timestamp"},
                "Blob": {"type": "blob"},
            }
        )
        .build_model()
    )
    members = {"Map": parameters, "When": moment, "Blob": plain}
    assert json_body.read_body(shape, json_body.dump(json_body.write(shape, members)), "") == members


@given(
    record=st.text(st.characters(exclude_categories=("Cs",)), min_size=1), names=st.lists(TEXT.filter(bool))
)
def test_queries(record: str, names: list[str]) -> None:
    operation = load_operation("sagemaker-featurestore-runtime", "GetRecord")
    members: dict[str, Any] = {"FeatureGroupName": "g", "RecordIdentifierValueAsString": record}
    if names:
        members["FeatureNames"] = names
    sent = serialize(operation, members)
    query = tuple(parse_qsl(sent["path"].partition("?")[2], keep_blank_values=True))
    request = WireRequest({}, b"", query, {"FeatureGroupName": "g"})
    assert PROTOCOLS["rest-json"].parse(request, operation) == members


@given(moment=MOMENTS, form=st.sampled_from(["unixTimestamp", "iso8601", "rfc822"]))
def test_timestamps(moment: datetime, form: str) -> None:
    read = parse_timestamp(format_timestamp(moment, form), "")
    assert read == (moment.replace(microsecond=0) if form == "rfc822" else moment)


@given(body=st.binary())
def test_garbage_is_refused_not_crashed_on(body: bytes) -> None:
    operation = load_operation("sagemaker", "CreateTrainingJob")
    try:
        members = PROTOCOLS["json"].parse(WireRequest({}, body), operation)
    except SerializationError:
        return
    assert isinstance(members, dict)


@pytest.mark.parametrize(
    "document", [b"<a", b"", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff", b"<a></b>"]
)
def test_xml_that_is_refused(document: bytes) -> None:
    with pytest.raises(SerializationError) as caught:
        xml_body.load_document(document)
    assert caught.value.code == "MalformedXML"


def test_rest_xml_bodies() -> None:
    operation = load_operation("s3", "PutObjectTagging")
    tags = [{"Key": "a", "Value": "<&>"}, {"Key": "b", "Value": ""}]
    sent = serialize(operation, {"Bucket": "b", "Key": "k", "Tagging": {"TagSet": tags}})
    request = WireRequest({}, sent["body"], (), {"Bucket": "b", "Key": "k"})
    parsed = PROTOCOLS["rest-xml"].parse(request, operation)
    assert parsed == {"Bucket": "b", "Key": "k", "Tagging": {"TagSet": tags}}


def test_rest_xml_answers() -> None:
    operation = load_operation("s3", "ListObjectsV2")
    output = {
        "Name": "b",
        "IsTruncated": False,
        "KeyCount": 2,
        "Contents": [
            {"Key": "a", "LastModified": datetime(2024, 1, 2, tzinfo=UTC), "Size": 1, "ETag": '"e"'},
            {"Key": "b", "LastModified": datetime(2024, 1, 2, tzinfo=UTC), "Size": 0, "ETag": '"f"'},
        ],
        "CommonPrefixes": [{"Prefix": "c/"}],
    }
    answer = PROTOCOLS["rest-xml"].render(output, operation, WireRequest({}, b""), "id")
    raw = {"body": answer.body, "headers": dict(answer.headers), "status_code": answer.status}
    parsed = create_parser("rest-xml").parse(raw, operation.output_shape)
    assert {name: parsed[name] for name in output} == output
