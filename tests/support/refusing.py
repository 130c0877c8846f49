"""What a call that must fail is answered with."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError


class Refused(NamedTuple):
    """An error as the client saw it."""

    code: str
    message: str
    status: int


def refusal(call: Callable[..., Any], **arguments: Any) -> Refused:
    """Make a call that must be refused; what it was refused with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response: Any = caught.value.response
    error, metadata = response["Error"], response["ResponseMetadata"]
    return Refused(error["Code"], error["Message"], metadata["HTTPStatusCode"])
