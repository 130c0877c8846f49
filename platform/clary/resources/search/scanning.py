"""Reading through a kind's rows, in the order of an index where the request sorts by one.

What a filter looks at is inside the documents, so rows are read until a page is full. Conditions on names and
statuses narrow what is read.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clary.aws.operations import Context
from clary.kernel import pages
from clary.kernel.scope import Scope
from clary.resources.search.expressions import Expression
from clary.resources.search.registry import Record, Searchable
from clary.store.tables import ResourceRow

ROWS_PER_READ = 200


def base_query(context: Context, searchable: Searchable, expression: Expression) -> pages.Query:
    """The rows that can match at all, oldest change first."""
    return pages.Query(
        scope=Scope(context.account, context.region),
        kind=searchable.kind.name,
        where=tuple(_conditions(searchable, expression)),
        sort="LastModifiedTime",
        limit=ROWS_PER_READ,
    )


def read_records(session: Session, searchable: Searchable, query: pages.Query) -> Iterator[Record]:
    """Every record of the query from its token on."""
    while True:
        page = pages.select_page(session, query)
        for row in page.rows:
            yield Record(session, searchable, row)
        if page.token is None:
            return
        query = replace(query, token=page.token)


def column_of(searchable: Searchable, name: str) -> str | None:
    """The indexed sort that orders by a property, or None."""
    kind = searchable.kind.name
    sorts = {f"{kind}Name": "Name", f"{kind}Status": "Status"}
    return sorts.get(name) or (name if name in {"CreationTime", "LastModifiedTime"} else None)


def _conditions(searchable: Searchable, expression: Expression) -> Iterator[sa.ColumnElement[bool]]:
    if expression.get("Operator") == "Or":
        return
    kind = searchable.kind.name
    columns: dict[str, Any] = {f"{kind}Name": ResourceRow.name, f"{kind}Status": ResourceRow.status}
    for each in expression.get("Filters") or []:
        if each["Name"] in columns and each.get("Operator", "Equals") == "Equals" and "Value" in each:
            yield columns[each["Name"]] == each["Value"]
