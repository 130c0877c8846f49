"""How requests are refused whose data can't be looked at."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from clary.kernel.errors import ServiceError
from clary.objects.faults import request_faults
from clary.objects.uri import S3Uri

URI = S3Uri("bucket", "rows/")


@pytest.mark.parametrize(
    ("code", "status", "refusal", "refusal_status"),
    [
        ("AccessDenied", 403, "ValidationException", 400),
        ("InvalidAccessKeyId", 403, "ValidationException", 400),
        ("SlowDown", 503, "ServiceUnavailable", 503),
    ],
)
def test_an_answer_of_the_store_refuses_the_request(
    code: str, status: int, refusal: str, refusal_status: int
) -> None:
    answer = {"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(ServiceError, match=code) as refused, request_faults(URI):
        raise ClientError(answer, "ListObjectsV2")  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.status) == (refusal, refusal_status)


def test_a_store_that_is_away_refuses_the_request_for_now() -> None:
    with pytest.raises(ServiceError, match="http://nowhere") as refused, request_faults(URI):
        raise EndpointConnectionError(endpoint_url="http://nowhere")
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)
