"""Which bytes a Range header asks for (RFC 9110, section 14). For several ranges S3 sends the whole body."""

import re
from dataclasses import dataclass

from clary.kernel.errors import ServiceError

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """``length`` bytes from ``start`` of a body of ``size``."""

    start: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        """The Content-Range header."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"


def read_range(text: str | None, size: int) -> ByteRange | None:
    """The range asked for, or None for the whole body; InvalidRange (416) where it lies outside."""
    matched = _RANGE.fullmatch(text.replace(" ", "")) if text else None
    if matched is None or matched[1] == matched[2] == "":
        return None
    first, last = matched[1], matched[2]
    if first and last and int(first) > int(last):
        return None
    if first:
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
    else:
        start, end = max(0, size - int(last)), size - 1
    if start >= size or end < start:
        raise ServiceError(
            "The requested range is not satisfiable",
            code="InvalidRange",
            status=416,
            ActualObjectSize=str(size),
            RangeRequested=text,
        )
    return ByteRange(start, end - start + 1, size)


def read_copy_range(text: str, size: int) -> ByteRange:
    """The range of a part copy, which must lie within the source; InvalidArgument or InvalidRange else."""
    matched = _RANGE.fullmatch(text)
    if matched is None or not matched[1] or not matched[2] or int(matched[1]) > int(matched[2]):
        raise ServiceError(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are "
            "the zero-based offsets of the first and last bytes to copy",
            code="InvalidArgument",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    if int(matched[2]) >= size:
        raise ServiceError(
            f"Range specified is not valid for source object of size: {size}",
            code="InvalidArgument",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    start = int(matched[1])
    return ByteRange(start, int(matched[2]) - start + 1, size)
