"""What an image is built from. Needs no engine."""

from clary.runtimes.catalog import resolve
from clary.runtimes.docker.context import assemble_context, list_requirements

URI = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
BASE = "python:3.11-slim"


def test_the_context_holds_the_algorithms_and_pinned_packages():
    context = assemble_context(resolve(URI), base_image=BASE, machine="x86_64")
    assert {"Dockerfile", "requirements.txt", "clary_algorithms/__init__.py"} <= set(context.files)
    assert not any("__pycache__" in name for name in context.files)
    requirements = context.files["requirements.txt"].decode().splitlines()
    assert any(line.startswith("xgboost-cpu") for line in requirements)
    assert not any("scikit-learn" in line or line.startswith("boto3") for line in requirements)


def test_an_image_without_an_algorithm_is_built_from_packages_alone():
    context = assemble_context(resolve("clary/python"), base_image=BASE, machine="x86_64")
    assert set(context.files) == {"Dockerfile", "requirements.txt"}
    requirements = context.files["requirements.txt"].decode()
    assert all(f"{name}==" in requirements for name in ("boto3", "numpy", "xgboost-cpu"))


def test_packages_follow_the_engines_architecture():
    names = {line.split(">")[0] for line in list_requirements("algorithms", machine="aarch64", pinned=False)}
    assert "xgboost" in names
    assert "xgboost-cpu" not in names


def test_the_tag_changes_with_the_content_alone():
    first, second = (assemble_context(resolve(URI), base_image=BASE, machine="x86_64") for _ in range(2))
    assert first.tag == second.tag
    other = assemble_context(resolve(URI), base_image="python:3.12-slim", machine="x86_64")
    assert other.tag != first.tag
