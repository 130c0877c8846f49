"""Content-Type and Accept headers, read as RFC 9110 reads them."""

from collections.abc import Sequence
from email.message import Message
from functools import lru_cache
from typing import NamedTuple

from clary_algorithms.serving.errors import NotAcceptable

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
LIBSVM = "text/libsvm"
RECORDIO_PROTOBUF = "application/x-recordio-protobuf"


class MediaType(NamedTuple):
    """A media type in lower case, and its parameters: `text/csv; label_size=1`."""

    name: str
    parameters: dict[str, str]


@lru_cache(maxsize=256)
def parse_media_type(header: str) -> MediaType:
    """Split a header value such as `text/csv; label_size=1` into its type and its parameters."""
    message = Message()
    message["content-type"] = header.replace("\r", " ").replace("\n", " ")
    # get_content_type() would turn the short names SageMaker takes ("csv") into text/plain.
    (name, _), *parameters = message.get_params(failobj=[("", "")])
    return MediaType(name.strip().lower(), {key.lower(): value.strip() for key, value in parameters})


@lru_cache(maxsize=256)
def choose_accept(header: str | None, *, offered: Sequence[str], default: str) -> str:
    """Pick the media type to answer with.

    The client's highest quality wins, then the more exact range, then the default, then the order of
    `offered`; no header at all asks for the default. Raises `NotAcceptable` when nothing offered will do.
    """
    header = header if header and header.strip() else default
    ranges = [_parse_range(part) for part in header.split(",") if part.strip()]
    best, best_rank = "", (0.0, 0, False)
    for name in offered:
        exactness, quality = max(
            ((_match(media_range, name), quality) for media_range, quality in ranges), default=(0, 0.0)
        )
        rank = (quality, exactness, name == default)
        if exactness and quality and rank > best_rank:
            best, best_rank = name, rank
    if not best:
        raise NotAcceptable(
            f"Accept type {header} is not supported. Please use supported accept types: {', '.join(offered)}."
        )
    return best


def _parse_range(text: str) -> tuple[str, float]:
    name, parameters = parse_media_type(text)
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        quality = 0.0
    return name, quality if 0.0 <= quality <= 1.0 else 0.0


def _match(media_range: str, name: str) -> int:
    """How exactly a range names a type: 3 in full, 2 by its type, 1 by `*/*`, 0 not at all."""
    if media_range in (name, name.partition("/")[2]):
        return 3
    if media_range == "*/*":
        return 1
    return 2 if media_range.endswith("/*") and name.startswith(media_range[:-1]) else 0
