"""The call."""

from dataclasses import replace
from typing import Any

from clary.aws.operations import Context, Request, operation
from clary.kernel.errors import UnsupportedOperation, ValidationError
from clary.resources.search.expressions import compile_expression
from clary.resources.search.properties import Property, Type, find_property
from clary.resources.search.registry import SEARCHABLE, Searchable
from clary.resources.search.scanning import base_query, column_of
from clary.resources.search.sorting import Found, select_by_column, select_by_property

DEFAULT_LIMIT = 10
DEFAULT_SORT = "LastModifiedTime"


@operation("sagemaker", "Search")
def search(context: Context, request: Request) -> dict[str, Any]:
    """Resources of one kind that satisfy an expression, a page at a time.

    There are no resources of a kind that Clary doesn't have: nothing is found of it.
    """
    _check(request)
    searchable = SEARCHABLE.get(request["Resource"])
    if searchable is None:
        return {"Results": [], "TotalHits": _describe_hits(0, whole=True)}
    expression = request.get("SearchExpression") or {}
    matches = compile_expression(expression, searchable.shape, prefix=searchable.prefix)
    query = replace(
        base_query(context, searchable, expression),
        descending=request.get("SortOrder", "Descending") == "Descending",
        token=request.get("NextToken"),
    )
    sort = request.get("SortBy", DEFAULT_SORT).removeprefix(searchable.prefix)
    limit = request.get("MaxResults", DEFAULT_LIMIT)
    with context.platform.database.read() as session:
        if column := column_of(searchable, sort):
            query = replace(query, sort=column)
            found = select_by_column(session, searchable, matches, query, limit=limit)
        else:
            by = _find_sort(searchable, sort)
            found = select_by_property(session, searchable, matches, query, sort=by, limit=limit)
        results = [record.describe() for record in found.records]
    return {
        "Results": results,
        "NextToken": found.token,
        "TotalHits": _describe_hits(len(results), whole=_is_whole(request, found)),
    }


def _find_sort(searchable: Searchable, name: str) -> Property:
    sort = find_property(searchable.shape, name)
    if sort.type is Type.STRUCTURE:
        raise ValidationError(f"Resources can't be sorted by the structured property {name}.")
    return sort


def _is_whole(request: Request, found: Found) -> bool:
    return found.token is None and "NextToken" not in request


def _describe_hits(count: int, *, whole: bool) -> dict[str, Any]:
    return {"Value": count, "Relation": "EqualTo" if whole else "GreaterThanOrEqualTo"}


def _check(request: Request) -> None:
    if request.get("CrossAccountFilterOption", "SameAccount") != "SameAccount":
        raise UnsupportedOperation("Search with CrossAccountFilterOption CrossAccount is not supported.")
    if request.get("VisibilityConditions"):
        raise UnsupportedOperation("Search with VisibilityConditions is not supported.")
