"""What ``clary run`` puts into the command's environment for the proxy, and what it leaves."""

import json
import sys
from pathlib import Path

import pytest

from support.running import RunningPlatform, clean_environment, run_clary

READ = "import json, os; print(json.dumps(dict(os.environ)))"


def read_environment(platform: RunningPlatform, **variables: str) -> dict[str, str]:
    environment = clean_environment(CLARY_DATA_DIR=str(platform.data_dir), **variables)
    ran = run_clary("run", sys.executable, "-c", READ, environment=environment)
    assert ran.returncode == 0, ran.stderr
    seen: dict[str, str] = json.loads(ran.stdout)
    return seen


def test_every_kind_of_client_finds_proxy_and_authorities(platform_up: RunningPlatform) -> None:
    seen = read_environment(platform_up)
    assert seen["HTTPS_PROXY"] == seen["https_proxy"]
    assert seen["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    bundles = {
        seen[name] for name in ("AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    }
    assert {Path(path).parent for path in bundles} == {platform_up.data_dir / "tls"}
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true"
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        assert name not in seen


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_own_exemptions_stay_but_for_aws(platform_up: RunningPlatform, variable: str) -> None:
    own = "intranet.example, .s3.amazonaws.com,*.api.aws,10.0.0.0/8,*"
    seen = read_environment(platform_up, **{variable: own})
    expected = "localhost,127.0.0.1,::1,intranet.example,10.0.0.0/8"
    assert (seen["NO_PROXY"], seen["no_proxy"]) == (expected, expected)


def test_java_is_told_too_and_keeps_its_own_options(platform_up: RunningPlatform) -> None:
    own = read_environment(platform_up, JAVA_TOOL_OPTIONS="-Xmx1g", NO_PROXY="intranet.example")
    options = own["JAVA_TOOL_OPTIONS"]
    assert options.startswith("-Xmx1g -Dhttps.proxyHost=127.0.0.1 ")
    hosts = "localhost|127.0.0.1|[::1]|intranet.example|*.localhost|*.intranet.example"
    assert f"'-Dhttp.nonProxyHosts={hosts}'" in options
    assert f"-Djavax.net.ssl.trustStore={platform_up.data_dir}/tls/trust-" in options


def test_nothing_of_another_cloud_key_stays(platform_up: RunningPlatform) -> None:
    seen = read_environment(platform_up, AWS_SECURITY_TOKEN="t", AWS_SESSION_TOKEN="t", AWS_ROLE_ARN="r")
    assert {"AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"}.isdisjoint(seen)
