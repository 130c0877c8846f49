"""The demo: the main job on real data, ending with the metric that plain xgboost gets."""

import re

from support.running import RunningPlatform, run_clary


def test_the_demo_brings_its_own_platform_and_meets_plain_xgboost() -> None:
    shown = run_clary("demo", "--runtime", "process")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    ours, plain = re.findall(r"\d\.\d{6}", shown.stdout)
    assert ours == plain
    for stage in ("Start the platform", "Train", "Create the endpoint", "Invoke", "Clean up", "total"):
        assert stage in shown.stdout
    assert "train-logloss" in shown.stdout


def test_the_demo_leaves_nothing_on_the_platform_it_uses(platform_up: RunningPlatform) -> None:
    shown = run_clary("demo", "--data-dir", str(platform_up.data_dir))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    sagemaker = platform_up.client("sagemaker")
    made = (
        sagemaker.list_endpoints()["Endpoints"],
        sagemaker.list_endpoint_configs()["EndpointConfigs"],
        sagemaker.list_models()["Models"],
        platform_up.client("s3").list_buckets()["Buckets"],
    )
    assert [item for items in made for item in items if "clary-demo" in str(item)] == []


def test_the_demo_on_a_folder_without_a_platform_says_so(tmp_path: object) -> None:
    refused = run_clary("demo", "--data-dir", str(tmp_path))
    assert refused.returncode == 3
    assert "clary up" in refused.stderr
