"""Requests survive the way through JSON."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from clary.kernel import documents

keys = st.text() | st.sampled_from(["$time", "$bytes", "$dict"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
)


@given(values)
def test_thaw_gives_back_what_freeze_took(value: object) -> None:
    assert documents.thaw(json.loads(json.dumps(documents.freeze(value)))) == value
