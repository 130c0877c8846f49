"""What the names of AWS say."""

import pytest

from clary.aws.hosts import endpoint_prefixes, host_name, is_aws, is_beside_s3, is_telemetry, virtual_bucket


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        ("STS.amazonaws.com", "sts.amazonaws.com"),
        ("sts.amazonaws.com:443", "sts.amazonaws.com"),
        ("sts.amazonaws.com.", "sts.amazonaws.com"),
        ("[::1]:8820", "::1"),
        ("[::1]", "::1"),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(authority: str, name: str) -> None:
    assert host_name(authority) == name


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("sts.us-east-1.amazonaws.com", True),
        ("amazonaws.com", True),
        ("my.bucket.s3.cn-north-1.amazonaws.com.cn", True),
        ("api.sagemaker.us-east-1.api.aws", True),
        ("sts.cn-north-1.api.amazonwebservices.com.cn", True),
        ("public.ecr.aws", True),
        ("aws.amazon.com", False),
        ("amazonaws.com.example.org", False),
        ("notamazonaws.com", False),
        ("draws", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_which_names_are_of_aws(host: str, expected: bool) -> None:
    assert is_aws(host) is expected


@pytest.mark.parametrize(
    ("host", "prefix"),
    [
        ("sts.amazonaws.com", "sts"),
        ("sts-fips.us-east-1.amazonaws.com", "sts"),
        ("runtime.sagemaker.us-gov-west-1.amazonaws.com", "runtime.sagemaker"),
        ("runtime-fips.sagemaker.us-east-1.amazonaws.com", "runtime.sagemaker"),
        ("api.sagemaker-fips.cn-north-1.amazonaws.com.cn", "api.sagemaker"),
        ("api.sagemaker.us-east-1.api.aws", "api.sagemaker"),
        ("logs.cn-north-1.api.amazonwebservices.com.cn", "logs"),
        ("s3.amazonaws.com", "s3"),
        ("s3-us-west-2.amazonaws.com", "s3"),
        ("bucket.s3.dualstack.us-east-1.amazonaws.com", "s3"),
        ("bucket.s3-accelerate.amazonaws.com", "s3"),
        ("bucket.s3-fips.us-east-1.amazonaws.com", "s3"),
        ("s3-fips.aws-global.amazonaws.com", "s3"),
    ],
)
def test_the_service_that_a_name_tells(host: str, prefix: str) -> None:
    assert prefix in endpoint_prefixes(host)


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("bucket.s3.amazonaws.com", "bucket"),
        ("with.dots.s3.eu-west-1.amazonaws.com", "with.dots"),
        ("s3.s3.amazonaws.com", "s3"),
        ("a.s3-b.s3-us-west-2.amazonaws.com", "a.s3-b"),
        ("bucket.s3.localhost", "bucket"),
        ("s3.eu-west-1.amazonaws.com", None),
        ("127.0.0.1", None),
    ],
)
def test_the_bucket_that_a_name_tells(host: str, bucket: str | None) -> None:
    assert virtual_bucket(host) == bucket


def test_s3_control_and_access_points_are_not_s3() -> None:
    assert is_beside_s3("000000000000.s3-control.us-east-1.amazonaws.com")
    assert is_beside_s3("point-000000000000.s3-accesspoint.us-east-1.amazonaws.com")
    assert not is_beside_s3("bucket.s3.us-east-1.amazonaws.com")
    assert not is_beside_s3("bucket.s3-control.example.org")


def test_the_usage_reports_of_the_sdks() -> None:
    assert is_telemetry("sm-pysdk-t-eu-central-1.s3.eu-central-1.amazonaws.com")
    assert not is_telemetry("my-bucket.s3.eu-central-1.amazonaws.com")
