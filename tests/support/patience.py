"""A platform as a user's boto3 sees it: its clients repeat what broke off, as they do by default."""

from dataclasses import astuple
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from support.running import RunningPlatform


class PatientPlatform(RunningPlatform):
    """A running platform whose clients have boto3's own retries."""

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client with nothing special but the address and the key."""
        return super().client(service, **{"config": Config(), **options})


def be_patient(platform: RunningPlatform) -> PatientPlatform:
    """The same platform, for patient users."""
    return PatientPlatform(*astuple(platform))


def do_once(call: Any, *, done: str, **request: Any) -> None:
    """Make a call that may be done before its answer is lost; repeated, it is refused with ``done``."""
    try:
        call(**request)
    except ClientError as error:
        if done not in str(error) or not error.response["ResponseMetadata"]["RetryAttempts"]:
            raise
