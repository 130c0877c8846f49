"""Bearer tokens: made, listed, revoked; what they open and for whom."""

import json
import re
import sqlite3
import uuid
from contextlib import closing
from typing import Any

import pytest
import requests

from support.rest import Rest, error_of, make_token, rest_client
from support.running import RunningPlatform, clean_environment, read_logs, run_clary


def find_listed(platform: RunningPlatform, token: str) -> dict[str, Any] | None:
    """A token's entry in the list."""
    listed = json.loads(platform.clary("token", "list", "--json").stdout)
    return next((entry for entry in listed if token.startswith(entry["prefix"])), None)


def last_use(platform: RunningPlatform, token: str) -> str | None:
    entry = find_listed(platform, token)
    assert entry is not None
    used: str | None = entry["last_used"]
    return used


def let_pass(platform: RunningPlatform, token: str, *, seconds: int) -> None:
    """Make a token older than it is."""
    update = """
        UPDATE tokens SET expires_at = expires_at - ?1, last_used_at = last_used_at - ?1
        WHERE instr(?2, prefix) = 1
    """
    with closing(sqlite3.connect(platform.data_dir / "clary.db", timeout=30)) as connection:
        connection.execute(update, (seconds * 1_000_000, token))
        connection.commit()


def ask(platform: RunningPlatform, authorization: str | None) -> requests.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return requests.get(f"{platform.url}/api/v1/models", headers=headers, timeout=30)


def test_a_token_is_printed_once_and_stored_as_a_hash(platform_up: RunningPlatform) -> None:
    token = make_token(platform_up, "--name", "laptop")
    assert re.fullmatch(r"clary_[\w-]{43}", token)
    entry = find_listed(platform_up, token)
    assert entry is not None
    assert (entry["name"], entry["account"], entry["region"]) == (
        "laptop",
        platform_up.account,
        platform_up.region,
    )
    secret = token.removeprefix(entry["prefix"])
    assert secret not in platform_up.clary("token", "list").stdout
    files = platform_up.data_dir.glob("clary.db*")
    assert not any(secret.encode() in path.read_bytes() for path in files)


def test_the_log_holds_no_token(platform_up: RunningPlatform) -> None:
    token = make_token(platform_up)
    assert ask(platform_up, f"Bearer {token}").status_code == 200
    assert token not in read_logs(platform_up.data_dir)


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer ", "Bearer clary_wrong", "Basic Y2xhcnk6Y2xhcnk=", "Bearer \xe9", "clary"],
)
def test_without_a_good_token_nothing_is_answered(
    platform_up: RunningPlatform, authorization: str | None
) -> None:
    refused = ask(platform_up, authorization)
    assert error_of(refused)[:2] == (401, "UnauthorizedException")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_cookie_is_no_token(platform_up: RunningPlatform) -> None:
    cookies = {"Authorization": f"Bearer {make_token(platform_up)}", "token": make_token(platform_up)}
    refused = requests.get(f"{platform_up.url}/api/v1/models", cookies=cookies, timeout=30)
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers


def test_a_revoked_token_ends_at_once(platform_up: RunningPlatform) -> None:
    token = make_token(platform_up)
    assert ask(platform_up, f"Bearer {token}").status_code == 200
    entry = find_listed(platform_up, token)
    assert entry is not None
    assert platform_up.clary("token", "revoke", entry["prefix"]).returncode == 0
    assert ask(platform_up, f"Bearer {token}").status_code == 401
    assert find_listed(platform_up, token) is None
    again = platform_up.clary("token", "revoke", entry["prefix"])
    assert again.returncode == 1
    assert "There is no token" in again.stderr


def test_an_expired_token_is_refused_and_says_so(platform_up: RunningPlatform) -> None:
    token = make_token(platform_up, "--expires", "30m")
    assert ask(platform_up, f"bearer {token}").status_code == 200
    let_pass(platform_up, token, seconds=29 * 60)
    assert ask(platform_up, f"Bearer {token}").status_code == 200
    let_pass(platform_up, token, seconds=60)
    status, _, message = error_of(ask(platform_up, f"Bearer {token}"))
    assert status == 401
    assert "has expired" in message
    assert token not in message


def test_a_token_may_be_good_for_ever(platform_up: RunningPlatform) -> None:
    entry = find_listed(platform_up, make_token(platform_up, "--expires", "never"))
    assert entry is not None
    assert entry["expires"] is None


def test_the_last_use_is_written_once_a_minute(platform_up: RunningPlatform) -> None:
    token = make_token(platform_up)
    assert last_use(platform_up, token) is None
    ask(platform_up, f"Bearer {token}")
    let_pass(platform_up, token, seconds=30)
    used = last_use(platform_up, token)
    assert used is not None
    ask(platform_up, f"Bearer {token}")
    assert last_use(platform_up, token) == used
    let_pass(platform_up, token, seconds=40)
    ask(platform_up, f"Bearer {token}")
    later = last_use(platform_up, token)
    assert later is not None
    assert later > used


def test_a_token_sees_its_own_account_alone(platform_up: RunningPlatform, rest: Rest) -> None:
    account = rest.post("/accounts").json()["account"]
    name = f"repository-{uuid.uuid4().hex[:12]}"
    git = {"RepositoryUrl": "https://example.com/code.git"}
    rest.post("/code-repositories", {"CodeRepositoryName": name, "GitConfig": git}).raise_for_status()
    with rest_client(platform_up, "--account", account) as other:
        assert error_of(other.get(f"/code-repositories/{name}"))[0] == 404
        assert other.get("/code-repositories").json() == {"CodeRepositorySummaryList": []}
        assert other.post("/code-repositories", {"CodeRepositoryName": name, "GitConfig": git}).json() == {
            "CodeRepositoryArn": f"arn:aws:sagemaker:{platform_up.region}:{account}:code-repository/{name}"
        }


def test_a_request_may_name_another_region_than_the_tokens(platform_up: RunningPlatform) -> None:
    name = f"repository-{uuid.uuid4().hex[:12]}"
    body = {"CodeRepositoryName": name, "GitConfig": {"RepositoryUrl": "https://example.com/code.git"}}
    with rest_client(platform_up, "--region", "eu-central-1") as client:
        made = client.post("/code-repositories", body).json()
        assert made["CodeRepositoryArn"].split(":")[3] == "eu-central-1"
        elsewhere = client.send("GET", f"/code-repositories/{name}", headers={"X-Clary-Region": "eu-west-1"})
        assert elsewhere.status_code == 404
        assert client.get(f"/code-repositories/{name}", region="eu-central-1").status_code == 200
        assert client.get(f"/code-repositories/{name}", region="eu-west-1").status_code == 404
        nowhere = error_of(client.get("/models", region="nowhere"))
        assert nowhere == (400, "ValidationException", "'nowhere' is not the name of a region.")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--expires", "0d"), "--expires takes a number"),
        (("--expires", "soon"), "--expires takes a number"),
        (("--account", "123"), "There is no account 123"),
        (("--region", "nowhere"), "not the name of a region"),
    ],
)
def test_bad_options_are_refused(
    platform_up: RunningPlatform, arguments: tuple[str, ...], complaint: str
) -> None:
    refused = platform_up.clary("token", "create", *arguments)
    assert refused.returncode == 2
    assert complaint in refused.stderr
    assert refused.stdout == ""


def test_without_a_database_the_commands_say_what_to_do(tmp_path: Any) -> None:
    environment = clean_environment(CLARY_DATA_DIR=str(tmp_path / "none"))
    refused = run_clary("token", "list", environment=environment)
    assert refused.returncode == 3
    assert "start the platform once" in refused.stderr
    assert not (tmp_path / "none").exists()
