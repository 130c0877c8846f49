"""The platform's own log carries no secrets."""

import logging

import pytest

from clary.supervisor.logs import SecretFilter

SECRET = "wJalrXUtnFEMI"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"key {SECRET} refused", "key *** refused"),
        ("GET /b/k?X-Amz-Signature=abc123&x=1", "GET /b/k?X-Amz-Signature=***&x=1"),
        ("SignedHeaders=host, Signature=abc123", "SignedHeaders=host, Signature=***"),
        ("'x-amz-security-token': 'FwoG='", "'x-amz-security-token': '***'"),
        ("Authorization: Bearer clary_abc-1_2", "Authorization: Bearer ***"),
        ("postgresql://clary:p%40ss@db/clary refused", "postgresql://clary:***@db/clary refused"),
        ("nothing to hide at http://127.0.0.1:8820/", "nothing to hide at http://127.0.0.1:8820/"),
    ],
)
def test_secrets_are_blotted_out(text: str, expected: str) -> None:
    record = logging.LogRecord("clary", logging.INFO, __file__, 1, "%s", (text,), None)
    assert SecretFilter([SECRET, None]).filter(record)
    assert record.getMessage() == expected


def test_tracebacks_are_redacted_too() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        details = (type(error), error, error.__traceback__)
    record = logging.LogRecord("clary", logging.ERROR, __file__, 1, "failed", (), details)
    SecretFilter([SECRET]).filter(record)
    assert SECRET not in logging.Formatter().format(record)
