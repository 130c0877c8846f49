"""Which image URIs mean Clary's images."""

import pytest

from clary.kernel.errors import ClientFault
from clary.runtimes.catalog import catalog_images, resolve
from clary.shipped import find_folder

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("uri", "repository", "tag"),
    [
        (f"{REGISTRY}/sagemaker-xgboost:1.7-1", "sagemaker-xgboost", "1.7-1"),
        (f"{REGISTRY}/sagemaker-xgboost:1.0-1-cpu-py3", "sagemaker-xgboost", "1.0-1"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "xgboost", "1"),
        ("501404015308.dkr.ecr.cn-north-1.amazonaws.com.cn/xgboost:latest", "xgboost", "latest"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/xgboost", "xgboost", "latest"),
    ],
)
def test_any_account_region_and_known_tag_resolve(uri, repository, tag):
    image = resolve(uri)
    assert (image.repository, image.tag, image.algorithm) == (repository, tag, "xgboost")
    assert image.environment == {"CLARY_IMAGE_REPOSITORY": repository, "CLARY_IMAGE_TAG": tag}


@pytest.mark.parametrize(
    "version", ["0.90-1", "0.90-2", "1.0-1", "1.2-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5"]
)
@pytest.mark.parametrize("suffix", ["", "-cpu-py3"])
def test_every_published_version_of_xgboost_is_there(version, suffix):
    assert resolve(f"{REGISTRY}/sagemaker-xgboost:{version}{suffix}").tag == version


@pytest.mark.parametrize(
    "uri",
    [
        "081325390199.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python-310:1.0",
        "936697816551.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-base-python-38:1.0",
        "clary/python",
        "clary/python:latest",
    ],
)
def test_the_python_image_has_no_algorithm(uri):
    image = resolve(uri)
    assert (image.name, image.algorithm) == ("clary/python", None)


@pytest.mark.parametrize(
    "uri",
    [
        f"{REGISTRY}/sagemaker-xgboost:9.9-1",
        f"{REGISTRY}/sagemaker-xgboost",
        f"{REGISTRY}/no-such-algorithm:1",
        f"{REGISTRY}/sagemaker-xgboost@sha256:{'0' * 64}",
    ],
)
def test_what_an_aws_registry_has_and_the_catalog_has_not_is_a_missing_manifest(uri):
    with pytest.raises(ClientFault) as fault:
        resolve(uri)
    assert fault.value.reason.startswith(f"ClientError: API error (404): manifest for {uri} not found")


@pytest.mark.parametrize(
    "uri",
    [
        "my-image",
        "my-image:1",
        "localhost:5000/xgboost:1",
        "docker.io/library/python:3.11-slim",
        "xgboost:1",
        "python",
        "clary/mine:1",
    ],
)
def test_anything_else_is_the_users_own(uri):
    assert resolve(uri) is None


def test_every_catalog_image_has_a_dockerfile():
    images = catalog_images()
    assert {image.folder for image in images} >= {"python", "xgboost"}
    for image in images:
        assert (find_folder("containers") / image.folder / "Dockerfile").is_file()
