"""Where a resource lives."""

from typing import NamedTuple


class Scope(NamedTuple):
    """An account and a region: names are unique inside one."""

    account: str
    region: str
