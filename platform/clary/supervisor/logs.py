"""The platform's own log: one rotating file a process, one line an event, no secrets."""

import logging
import re
import sys
import threading
import time
from collections.abc import Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

MAX_BYTES = 10_000_000
KEPT_FILES = 3

_LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"
_SIGNATURES = re.compile(
    r"(Signature=|X-Amz-Security-Token=|x-amz-security-token['\":, ]+|SecretAccessKey['\":=, ]+|\bBearer +)"
    r"[^\s&'\",]+",
    re.IGNORECASE,
)
_PASSWORDS = re.compile(r"(\w://[^\s/:@]+:)[^\s/@]+(?=@)")


class SecretFilter(logging.Filter):
    """Blots out the given secrets, and whatever looks like a signature, a token or a URL's password."""

    def __init__(self, secrets: Iterable[str | None]) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's text; every record passes."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.msg, record.args = self._redact(record.getMessage()), ()
        record.exc_text = self._redact(record.exc_text) if record.exc_text else record.exc_text
        return True

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _PASSWORDS.sub(r"\1***", _SIGNATURES.sub(r"\1***", text))


def log_folder(data_folder: Path) -> Path:
    """Where the platform's processes write."""
    return data_folder / "logs" / "platform"


def write_log(
    data_folder: Path, role: str, *, secrets: Iterable[str | None] = (), console: bool = False
) -> None:
    """Send this process's log, warnings and uncaught exceptions to ``logs/platform/<role>.log``.

    ``console`` sends them to the standard error too.
    """
    folder = log_folder(data_folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = RotatingFileHandler(folder / f"{role}.log", maxBytes=MAX_BYTES, backupCount=KEPT_FILES)
    handlers: list[logging.Handler] = [file, logging.StreamHandler()] if console else [file]
    formatter = logging.Formatter(_LINE, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.addFilter(SecretFilter(secrets))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda hook: _log_uncaught(hook.exc_type, hook.exc_value, hook.exc_traceback)


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("clary").critical("uncaught exception", exc_info=(kind, error or kind(), trace))
