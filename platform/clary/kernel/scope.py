"""Where a resource lives."""

import re
from typing import NamedTuple

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)


class Scope(NamedTuple):
    """An account and a region: names are unique inside one."""

    account: str
    region: str


def is_region(name: str) -> bool:
    """Whether a region may have this name."""
    return _REGION.fullmatch(name) is not None
