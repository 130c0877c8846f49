"""What the object store remembers. Keys are UTF-8 bytes, so that every database sorts them as S3 does."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from clary.store import Base

StringMap = dict[str, str]
_Json: Any = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class BucketRow(Base):
    """One bucket. Names are global on the platform; a bucket belongs to an account."""

    __tablename__ = "s3_buckets"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(unique=True)
    account: Mapped[str] = mapped_column(index=True)
    region: Mapped[str]
    created_at: Mapped[int]
    tags: Mapped[StringMap | None] = mapped_column(_Json)


class ObjectRow(Base):
    """One object: where its body is and what is answered about it.

    ``layout`` says what ``body`` names: a row of ``s3_contents`` (``inline``), one file (``file``), or a
    folder of part files whose order and offsets are in ``s3_parts`` (``parts``). ``headers`` holds the
    response headers, user metadata included, by lower-case name. ``checksums`` maps the algorithm to the
    base64 value.
    """

    __tablename__ = "s3_objects"

    bucket_id: Mapped[int] = mapped_column(sa.ForeignKey("s3_buckets.id"), primary_key=True)
    key: Mapped[bytes] = mapped_column(sa.LargeBinary, primary_key=True)
    body: Mapped[int]
    layout: Mapped[str]
    size: Mapped[int]
    etag: Mapped[str]
    modified_at: Mapped[int]
    headers: Mapped[StringMap] = mapped_column(_Json)
    tags: Mapped[StringMap | None] = mapped_column(_Json)
    checksums: Mapped[StringMap] = mapped_column(_Json)
    checksum_type: Mapped[str]

    __table_args__ = (
        # A sweep after a crash asks which files are named; most objects are inline and not in this index.
        sa.Index(
            "s3_objects_body",
            "body",
            sqlite_where=sa.text("layout <> 'inline'"),
            postgresql_where=sa.text("layout <> 'inline'"),
        ),
        # Clustered by key: a page of a listing is one range of the table itself.
        {"sqlite_with_rowid": False},
    )


class ContentRow(Base):
    """The bytes of a small body, kept in the database so that it costs no file and no further fsync."""

    __tablename__ = "s3_contents"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)


class UploadRow(Base):
    """One multipart upload in progress; its id becomes the body of the object."""

    __tablename__ = "s3_uploads"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket_id: Mapped[int] = mapped_column(sa.ForeignKey("s3_buckets.id"))
    key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    initiated_at: Mapped[int]
    headers: Mapped[StringMap] = mapped_column(_Json)
    tags: Mapped[StringMap | None] = mapped_column(_Json)
    checksum_algorithm: Mapped[str]
    checksum_type: Mapped[str]

    __table_args__ = (sa.Index("s3_uploads_key", "bucket_id", "key", "id"),)


class PartRow(Base):
    """One part of an upload in progress or, with its ``offset``, of the object that the upload became."""

    __tablename__ = "s3_parts"

    body: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    file: Mapped[int]
    size: Mapped[int]
    offset: Mapped[int | None]
    etag: Mapped[str]
    checksum: Mapped[str]
    modified_at: Mapped[int]

    __table_args__ = ({"sqlite_with_rowid": False},)


class GarbageRow(Base):
    """A file or folder that no row names any more, by its path below the store's folder; to be deleted."""

    __tablename__ = "s3_garbage"

    path: Mapped[str] = mapped_column(primary_key=True)


def _table(row: type[Base]) -> sa.Table:
    table = row.__table__
    assert isinstance(table, sa.Table)
    return table


buckets = _table(BucketRow)
objects = _table(ObjectRow)
contents = _table(ContentRow)
uploads = _table(UploadRow)
parts = _table(PartRow)
garbage = _table(GarbageRow)
