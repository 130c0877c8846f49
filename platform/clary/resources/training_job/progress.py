"""Progress of making an image ready, told in the job's status message and in its log."""

import time
from pathlib import Path

from clary.kernel import clock
from clary.kernel.work import Work

SECONDS_BETWEEN_MESSAGES = 5.0
MESSAGE_CHARACTERS = 256


class ImageProgress:
    """Every line goes to the log; the first, and then one every few seconds, becomes the status message."""

    def __init__(self, work: Work, log: Path) -> None:
        self._work = work
        self._log = log
        self._told_at = float("-inf")

    def __call__(self, line: str) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8") as file:
            file.write(f"{clock.now() // 1000} {line}\n")
        if time.monotonic() - self._told_at >= SECONDS_BETWEEN_MESSAGES:
            self._told_at = time.monotonic()
            self._work.enter("DownloadingTrainingImage", line[:MESSAGE_CHARACTERS])
