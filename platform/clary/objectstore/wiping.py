"""Forgets an account's buckets with all that is in them, uploads in progress included."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.kernel.wiping import Forgotten, forgets
from clary.objectstore.bodies import body_path
from clary.objectstore.commits import take_turn
from clary.objectstore.intake import Layout
from clary.objectstore.tables import buckets, contents, garbage, objects, parts, uploads


@forgets
def forget_buckets(session: Session, account: str) -> Forgotten:
    """The files of bodies are left to the garbage collector, which deletes them soon."""
    connection = session.connection()
    take_turn(connection)
    owned = buckets.c.account == account
    mine = sa.select(buckets.c.id).where(owned)
    stored, begun = objects.c.bucket_id.in_(mine), uploads.c.bucket_id.in_(mine)
    filed = sa.select(objects.c.body).where(stored, objects.c.layout != Layout.INLINE)
    in_progress = sa.select(uploads.c.id).where(begun)
    retired = [{"path": body_path(body)} for body in connection.scalars(filed.union_all(in_progress))]
    if retired:
        connection.execute(sa.insert(garbage), retired)
    inline = sa.select(objects.c.body).where(stored, objects.c.layout == Layout.INLINE)
    connection.execute(sa.delete(contents).where(contents.c.id.in_(inline)))
    connection.execute(sa.delete(parts).where(sa.or_(parts.c.body.in_(filed), parts.c.body.in_(in_progress))))
    connection.execute(sa.delete(uploads).where(begun))
    connection.execute(sa.delete(objects).where(stored))
    removed = connection.execute(sa.delete(buckets).where(owned))
    return Forgotten("buckets", removed.rowcount)
