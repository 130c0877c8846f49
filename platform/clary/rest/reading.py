"""From a REST request to the members of an operation's input.

Unlike the wire, which leaves unknown members out as AWS does, this refuses them: AWS's clients check names
before they send, and curl does not.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from botocore.model import ListShape, MapShape, Shape, StructureShape

from clary.aws.protocols import json_body
from clary.aws.protocols.messages import Members
from clary.aws.protocols.values import SerializationError, parse_text_scalar, refuse
from clary.kernel.errors import ValidationError
from clary.rest.routes import Route
from clary.rest.tokens import REGION_QUERY

_FLOATS = frozenset({"float", "double"})
Query = list[tuple[str, str]]


def read_query(query_string: bytes) -> Query:
    """The decoded pairs of a query; what is no UTF-8 is refused."""
    try:
        return parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=1000
        )
    except ValueError as error:
        raise SerializationError("The query is not percent-encoded UTF-8 of at most 1000 members.") from error


def read_members(route: Route, *, name: str, query: Query, body: bytes) -> Members:
    """The input of the route's operation, less what its path says."""
    given = [(key, value) for key, value in query if key != REGION_QUERY]
    if not route.takes_body:
        return _read_query(route.members, given)
    for key, _ in given:
        raise _unknown(key, {}, "the query")
    return _read_body(route, name, body)


def _read_query(members: Mapping[str, Shape], given: Query) -> Members:
    result: Members = {}
    for key, text in given:
        shape = members.get(key)
        if shape is None:
            raise _unknown(key, members, "the query")
        if isinstance(shape, ListShape):
            result.setdefault(key, []).append(parse_text_scalar(shape.member, text, key))
        elif key in result:
            raise ValidationError(f"{key} may be given only once.")
        else:
            result[key] = parse_text_scalar(shape, text, key)
    return result


def _read_body(route: Route, name: str, body: bytes) -> Members:
    shape = route.model.input_shape
    try:
        document = json_body.load_document(body)
        if not isinstance(document, dict):
            raise SerializationError("The request body must be a JSON object.")
        for member in route.binding.members if route.binding else ():
            if document.pop(member, name) != name:
                raise ValidationError(f"{member} in the body is not the name in the path.")
        if shape is None:
            return {}
        _check_names(shape, document, "input")
        members: Members = json_body.read(shape, document)
    except RecursionError as error:
        raise SerializationError("The request body is nested too deeply.") from error
    for member in route.model.idempotent_members:
        members.setdefault(member, str(uuid4()))
    return members


def _check_names(shape: Shape, value: Any, path: str) -> None:
    """Refuse unknown members, and texts for numbers, wherever they are."""
    if isinstance(shape, StructureShape) and isinstance(value, dict) and not shape.is_document_type:
        for name, item in value.items():
            if name not in shape.members:
                raise _unknown(name, shape.members, path)
            _check_names(shape.members[name], item, f"{path}.{name}" if path != "input" else name)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, item in enumerate(value):
            _check_names(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            _check_names(shape.value, item, f"{path}.{key}")
    elif shape.type_name in _FLOATS and isinstance(value, str):
        raise refuse(value, "Float", path)


def _unknown(name: str, members: Mapping[str, Shape], place: str) -> ValidationError:
    known = f"must be one of: {', '.join(members)}" if members else "there are none"
    return ValidationError(f"Unknown parameter in {place}: {json.dumps(name)}, {known}")
