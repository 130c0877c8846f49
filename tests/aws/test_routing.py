"""Which operation a request names."""

from urllib.parse import parse_qsl

import pytest

from clary.aws.canonical import SignedRequest
from clary.aws.paths import match_path
from clary.aws.routing import ServiceCatalog, find_operation
from clary.kernel.errors import ServiceError

SERVICES = (
    "sagemaker",
    "sagemaker-runtime",
    "sagemaker-metrics",
    "sagemaker-featurestore-runtime",
    "s3",
    "sts",
    "cloudwatch",
    "logs",
)


@pytest.fixture(scope="module")
def catalog() -> ServiceCatalog:
    return ServiceCatalog(SERVICES)


def request(method: str = "POST", url: str = "/", **headers: str) -> SignedRequest:
    path, _, query = url.partition("?")
    return SignedRequest(
        method,
        path.encode(),
        query.encode(),
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize(
    ("method", "url", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/?x-id=ListBuckets", "ListBuckets"),
        ("PUT", "/bucket", "CreateBucket"),
        ("PUT", "/bucket/", "CreateBucket"),
        ("GET", "/bucket?list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/bucket?prefix=a", "ListObjects"),
        ("GET", "/bucket?location", "GetBucketLocation"),
        ("GET", "/bucket?uploads", "ListMultipartUploads"),
        ("POST", "/bucket?delete", "DeleteObjects"),
        ("PUT", "/bucket/a/b%2Fc", "PutObject"),
        ("PUT", "/bucket/key?partNumber=1&uploadId=u", "UploadPart"),
        ("POST", "/bucket/key?uploads", "CreateMultipartUpload"),
        ("POST", "/bucket/key?uploadId=u", "CompleteMultipartUpload"),
        ("GET", "/bucket/key?uploadId=u", "ListParts"),
        ("GET", "/bucket/key?x-id=GetObject", "GetObject"),
        ("GET", "/bucket/key?tagging", "GetObjectTagging"),
        ("PUT", "/bucket/key?tagging=", "PutObjectTagging"),
        ("DELETE", "/bucket/key?uploadId=u", "AbortMultipartUpload"),
        ("HEAD", "/bucket/key", "HeadObject"),
    ],
)
def test_s3_paths_and_subresources(method: str, url: str, operation: str) -> None:
    path, _, query = url.partition("?")
    found = match_path("s3", method, path.encode(), dict(parse_qsl(query, keep_blank_values=True)), {})
    assert found is not None
    assert found.operation == operation


def test_headers_tell_a_copy_from_an_upload() -> None:
    headers = {"x-amz-copy-source": "/b/k"}
    assert match_path("s3", "PUT", b"/b/key", {}, headers).operation == "CopyObject"
    query = {"partNumber": "1", "uploadId": "u"}
    assert match_path("s3", "PUT", b"/b/key", query, headers).operation == "UploadPartCopy"


def test_labels_are_decoded_once() -> None:
    found = match_path("s3", "PUT", b"/bucket/a%2520b/%C3%A9+c", {}, {})
    assert found.labels == {"Bucket": "bucket", "Key": "a%20b/é+c"}


@pytest.mark.parametrize(
    ("sent", "scope", "service", "operation"),
    [
        (request(x_amz_target="SageMaker.ListModels"), "sagemaker", "sagemaker", "ListModels"),
        (
            request(url="/endpoints/e/invocations"),
            "sagemaker",
            "sagemaker-runtime",
            "InvokeEndpoint",
        ),
        (request("PUT", "/BatchPutMetrics"), "sagemaker", "sagemaker-metrics", "BatchPutMetrics"),
        (
            request("DELETE", "/FeatureGroup/g?RecordIdentifierValueAsString=1&EventTime=t"),
            "sagemaker",
            "sagemaker-featurestore-runtime",
            "DeleteRecord",
        ),
        (request(content_type="application/x-www-form-urlencoded"), "sts", "sts", "GetCallerIdentity"),
        (
            request(x_amz_target="GraniteServiceVersion20100801.ListMetrics"),
            "monitoring",
            "cloudwatch",
            "ListMetrics",
        ),
        (
            request(host="logs.us-east-1.amazonaws.com", x_amz_target="Logs_20140328.GetLogEvents"),
            None,
            "logs",
            "GetLogEvents",
        ),
        (request(host="sts.amazonaws.com"), None, "sts", "GetCallerIdentity"),
        (request("GET", "/key", host="bucket.s3.eu-west-1.amazonaws.com"), None, "s3", None),
        (request("GET", "/key", host="bucket.s3.dualstack.eu-west-1.amazonaws.com"), None, "s3", None),
        (request("GET", "/bucket/key", host="127.0.0.1:8820"), None, "s3", None),
        (
            request(url="/endpoints/e/invocations", host="runtime.sagemaker.us-gov-west-1.amazonaws.com"),
            None,
            "sagemaker-runtime",
            "InvokeEndpoint",
        ),
    ],
)
def test_where_requests_go(
    catalog: ServiceCatalog, sent: SignedRequest, scope: str | None, service: str, operation: str | None
) -> None:
    address = catalog.find(sent, scope)
    assert address.service is not None
    assert address.service.name == service
    if operation:
        route = find_operation(address, sent, "GetCallerIdentity")
        assert (route.service, route.operation) == (service, operation)


@pytest.mark.parametrize(
    ("sent", "scope", "action", "refusal"),
    [
        (request(x_amz_target="SageMaker.NoSuch"), "sagemaker", None, "UnknownOperationException"),
        (request(x_amz_target="NoSuch.ListModels"), "sagemaker", None, "UnknownOperationException"),
        (request(url="/nothing/here"), "sagemaker", None, "UnknownOperationException"),
        (request(), "nosuchservice", None, "UnknownOperationException"),
        (request(), "sts", "NoSuch", "InvalidAction"),
        (request(), "sts", None, "MissingAction"),
    ],
)
def test_what_no_one_answers(
    catalog: ServiceCatalog, sent: SignedRequest, scope: str, action: str | None, refusal: str
) -> None:
    with pytest.raises(ServiceError) as caught:
        find_operation(catalog.find(sent, scope), sent, action)
    assert (caught.value.code, caught.value.status) == (refusal, 400)


@pytest.mark.parametrize(
    ("host", "scope"),
    [
        ("ec2.us-east-1.amazonaws.com", "ec2"),
        ("ec2.us-east-1.amazonaws.com", None),
        ("public.ecr.aws", None),
        ("000000000000.s3-control.us-east-1.amazonaws.com", "s3"),
    ],
)
def test_hosts_of_aws_that_are_not_here_are_not_taken_for_s3(
    catalog: ServiceCatalog, host: str, scope: str | None
) -> None:
    assert catalog.find(request("GET", "/", host=host), scope).service is None
