"""Places outside AWS under ``clary run``: reached untouched, through the user's own proxy if there is one."""

import shlex
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running import CLARY, RunningPlatform, clean_environment, run_clary, running_platform
from support.tls import ForeignServer, foreign_proxy, foreign_server
from support.tools import curl

LOGIN = "me:pass%40word"
READ_CERTIFICATE = """
import os, socket, ssl, sys
from urllib.parse import urlsplit
proxy, place = urlsplit(os.environ["HTTPS_PROXY"]), urlsplit(sys.argv[1])
with socket.create_connection((proxy.hostname, proxy.port)) as connection:
    connection.sendall(f"CONNECT {place.netloc} HTTP/1.1\\r\\nHost: {place.netloc}\\r\\n\\r\\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    with ssl.create_default_context().wrap_socket(connection, server_hostname=place.hostname) as tls:
        print(ssl.DER_cert_to_PEM_cert(tls.getpeercert(True)), end="")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignServer]:
    with foreign_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def proxy_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with foreign_proxy(tmp_path_factory.mktemp("proxy"), login="me:pass@word") as port:
        yield port


def through_the_proxy(*arguments: str) -> list[str]:
    """curl, told to ask the proxy even for loopback."""
    return curl("--noproxy", "", *arguments)


def environment(platform: RunningPlatform, **variables: str) -> dict[str, str]:
    return clean_environment(CLARY_DATA_DIR=str(platform.data_dir), **variables)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_server_is_trusted_where_the_user_trusts_it(
    platform_up: RunningPlatform, server: ForeignServer, variable: str
) -> None:
    trusting = environment(platform_up, **{variable: str(server.authority)})
    ran = run_clary("run", *through_the_proxy(server.url), environment=trusting)
    assert (ran.stdout, ran.stderr) == ("greetings", "")


def test_a_server_is_not_trusted_for_being_reached_through_the_proxy(
    platform_up: RunningPlatform, server: ForeignServer
) -> None:
    refused = run_clary("run", *through_the_proxy(server.url), environment=environment(platform_up))
    assert refused.returncode == 60
    assert "certificate" in refused.stderr


def test_a_server_shows_its_own_certificate(platform_up: RunningPlatform, server: ForeignServer) -> None:
    trusting = environment(platform_up, SSL_CERT_FILE=str(server.authority))
    program = [sys.executable, "-c", READ_CERTIFICATE, server.url]
    ran = run_clary("run", *program, environment=trusting)
    assert ran.returncode == 0, ran.stderr
    assert ssl.PEM_cert_to_DER_cert(ran.stdout) == ssl.PEM_cert_to_DER_cert(server.certificate)


def test_the_users_own_proxy_is_asked_with_their_login(
    platform_up: RunningPlatform, server: ForeignServer, proxy_port: int
) -> None:
    behind = environment(
        platform_up,
        HTTPS_PROXY=f"http://{LOGIN}@127.0.0.1:{proxy_port}",
        SSL_CERT_FILE=str(server.authority),
    )
    ran = run_clary("run", *through_the_proxy(server.url), environment=behind)
    assert (ran.stdout, ran.stderr) == ("greetings", "")
    stranger = behind | {"HTTPS_PROXY": f"http://127.0.0.1:{proxy_port}"}
    refused = run_clary("run", *through_the_proxy("--include", server.url), environment=stranger)
    assert refused.returncode == 56
    assert "502" in refused.stderr


def test_aws_is_not_asked_through_the_users_own_proxy(platform_up: RunningPlatform) -> None:
    behind = environment(platform_up, HTTPS_PROXY="http://127.0.0.1:1", NO_PROXY="*")
    ran = run_clary("run", *curl("https://kinesis.us-east-1.amazonaws.com/"), environment=behind)
    assert "Clary does not answer for kinesis.us-east-1.amazonaws.com" in ran.stdout


@pytest.mark.parametrize("url", ["https://nowhere.invalid/", "https://a..b/", "https://localhost:1/"])
def test_no_way_is_an_answer(platform_up: RunningPlatform, url: str) -> None:
    refused = run_clary("run", *through_the_proxy(url), environment=environment(platform_up))
    assert refused.returncode == 56
    assert "502" in refused.stderr


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", "405"),
        ("GET http://pypi.org/ HTTP/1.1\\r\\nHost: pypi.org\\r\\n\\r\\n", "405"),
        ("CONNECT nowhere HTTP/1.1\\r\\nHost: nowhere\\r\\n\\r\\n", "400"),
        ("CONNECT a:65536 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n", "400"),
        ("CONNECT sts.amazonaws.com:443 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\nearly", "400"),
        ("\\x16\\x03\\x01 not HTTP\\r\\n\\r\\n", "400"),
    ],
)
def test_what_is_not_a_tunnel_is_refused(platform_up: RunningPlatform, asked: str, status: str) -> None:
    program = f"exec 3<>/dev/tcp/127.0.0.1/${{HTTPS_PROXY##*:}}; printf '{asked}' >&3; head -1 <&3"
    ran = platform_up.clary("run", "bash", "-c", program)
    assert ran.stdout.startswith(f"HTTP/1.1 {status} ")


def test_a_platform_that_stopped_meanwhile_is_missed(tmp_path: Path) -> None:
    with running_platform(tmp_path, "--runtime", "process"):
        stop = shlex.join([*CLARY, "down", "--data-dir", str(tmp_path)])
        ask = "CONNECT sts.amazonaws.com:443 HTTP/1.1\\r\\nHost: sts.amazonaws.com:443\\r\\n\\r\\n"
        program = f"{stop}; exec 3<>/dev/tcp/127.0.0.1/${{HTTPS_PROXY##*:}}; printf '{ask}' >&3; cat <&3"
        ran = run_clary("run", "--data-dir", str(tmp_path), "bash", "-c", program)
    assert "HTTP/1.1 502 Bad Gateway" in ran.stdout
    assert "Clary, which answers for sts.amazonaws.com, is not there" in ran.stdout
