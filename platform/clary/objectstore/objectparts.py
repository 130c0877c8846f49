"""The parts that a multipart object is made of, as readers see them: by number, and listed as attributes."""

from dataclasses import dataclass

import sqlalchemy as sa

from clary.kernel.errors import ServiceError
from clary.objectstore.attributes import describe_checksums
from clary.objectstore.errors import invalid_argument
from clary.objectstore.intake import Layout
from clary.objectstore.ranges import ByteRange
from clary.objectstore.records import StoredObject
from clary.objectstore.tables import parts


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """One part: its bytes, and the headers for its checksum and for the number of parts."""

    window: ByteRange
    checksums: list[tuple[str, str]]
    count: list[tuple[str, str]]


def find_part(stored: StoredObject, number_text: str, connection: sa.Connection) -> ObjectPart:
    """A part by its number, from 1; an object that was put in one request has one part."""
    if not number_text.isdecimal() or not 1 <= int(number_text) <= 10_000:
        raise invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive",
            name="partNumber",
            value=number_text,
        )
    number = int(number_text)
    if stored.layout != Layout.PARTS:
        if number != 1:
            raise _no_such_part(number)
        checksums = describe_checksums(stored.checksums, stored.checksum_type)
        return ObjectPart(ByteRange(0, stored.size, stored.size), checksums, [])
    count = (
        connection.scalar(sa.select(sa.func.count()).select_from(parts).where(parts.c.body == stored.body))
        or 0
    )
    # Parts may have been numbered with gaps; a completed object counts them from 1.
    row = connection.execute(
        sa.select(parts.c.offset, parts.c.size, parts.c.checksum)
        .where(parts.c.body == stored.body)
        .order_by(parts.c.number)
        .offset(number - 1)
        .limit(1)
    ).first()
    if row is None:
        raise _no_such_part(number)
    offset, size, checksum = row
    algorithm = next(iter(stored.checksums))
    return ObjectPart(
        ByteRange(offset, size, stored.size),
        describe_checksums({algorithm: checksum}, stored.checksum_type),
        [("x-amz-mp-parts-count", str(count))],
    )


def _no_such_part(number: int) -> ServiceError:
    return ServiceError(
        "The requested partnumber is not satisfiable",
        code="InvalidPartNumber",
        status=416,
        PartNumberRequested=str(number),
    )
