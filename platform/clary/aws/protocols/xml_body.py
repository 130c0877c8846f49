"""XML documents by shape, shared by the query and REST-XML protocols."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

from botocore.model import ListShape, MapShape, Shape, StructureShape
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clary.aws.protocols.values import SerializationError, format_text_scalar, parse_text_scalar

_TIMESTAMPS = "iso8601"
# XML 1.0 has no way to write these.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


class MalformedXML(SerializationError):
    """The body is not well-formed XML."""

    code = "MalformedXML"


def load_document(body: bytes) -> Element:
    """The root element; entities and document types are refused."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise MalformedXML(
            "The XML you provided was not well-formed or did not validate against our published schema"
        ) from error
    return root


def read(shape: Shape, element: Element, path: str = "") -> Any:
    """The element's value by the shape's member names."""
    if isinstance(shape, StructureShape):
        return _read_structure(shape, element, path)
    if isinstance(shape, ListShape):
        return [read(shape.member, item, path) for item in element]
    if isinstance(shape, MapShape):
        return dict(_read_entries(shape, element, path))
    return parse_text_scalar(shape, element.text or "", path)


def read_body(shape: Shape, body: bytes, path: str) -> Any:
    """The whole body as a value of the shape."""
    return read(shape, load_document(body), path)


def text_element(name: str, value: object) -> str:
    """``<name>value</name>``, escaped."""
    return f"<{name}>{_escape(str(value))}</{name}>"


def write(shape: Shape, value: Any, name: str) -> str:
    """The element ``name`` for an output that fits the shape."""
    return "".join(_element(shape, value, name))


def write_members(shape: StructureShape, members: dict[str, Any]) -> str:
    """The elements of a structure's members, without an element around them."""
    return "".join(
        part for name, value in members.items() for part in _member(shape.members[name], value, name)
    )


def _read_structure(shape: StructureShape, element: Element, path: str) -> dict[str, Any]:
    children: dict[str, list[Element]] = {}
    for child in element:
        children.setdefault(_local(child.tag), []).append(child)
    result: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire, inner = _member_name(member, name), f"{path}.{name}" if path else name
        if member.serialization.get("xmlAttribute"):
            attributes = {_local(key): value for key, value in element.attrib.items()}
            if (text := attributes.get(_local(wire))) is not None:
                result[name] = parse_text_scalar(member, text, inner)
        elif wire in children:
            result[name] = _read_member(member, children[wire], inner)
    return result


def _read_member(member: Shape, elements: list[Element], path: str) -> Any:
    if member.serialization.get("flattened"):
        if isinstance(member, ListShape):
            return [read(member.member, item, path) for item in elements]
        if isinstance(member, MapShape):
            return dict(pair for item in elements for pair in [_read_entry(member, item, path)])
    return read(member, elements[-1], path)


def _read_entries(shape: MapShape, element: Element, path: str) -> Iterator[tuple[str, Any]]:
    for entry in element:
        yield _read_entry(shape, entry, path)


def _read_entry(shape: MapShape, entry: Element, path: str) -> tuple[str, Any]:
    parts = {_local(child.tag): child for child in entry}
    key = parts.get(shape.key.serialization.get("name", "key"))
    value = parts.get(shape.value.serialization.get("name", "value"))
    if key is None or value is None:
        raise MalformedXML(f"Every entry of '{path}' needs a key and a value.")
    return key.text or "", read(shape.value, value, path)


def _member(shape: Shape, value: Any, name: str) -> Iterator[str]:
    wire = _member_name(shape, name)
    if not shape.serialization.get("flattened"):
        yield from _element(shape, value, wire)
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _element(shape.member, item, wire)
    elif isinstance(shape, MapShape):
        yield from _entries(shape, value, wire)


def _element(shape: Shape, value: Any, name: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield f"<{name}{_attributes(shape, value)}>"
        for member, item in value.items():
            if not shape.members[member].serialization.get("xmlAttribute"):
                yield from _member(shape.members[member], item, member)
    elif isinstance(shape, ListShape):
        yield f"<{name}>"
        item_name = shape.member.serialization.get("name", "member")
        for item in value:
            yield from _element(shape.member, item, item_name)
    elif isinstance(shape, MapShape):
        yield f"<{name}>"
        yield from _entries(shape, value, "entry")
    else:
        yield f"<{name}>{_escape(format_text_scalar(shape, value, _TIMESTAMPS))}"
    yield f"</{name}>"


def _entries(shape: MapShape, value: dict[str, Any], wrapper: str) -> Iterator[str]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    for key, item in value.items():
        yield f"<{wrapper}>{text_element(key_name, key)}"
        yield from _element(shape.value, item, value_name)
        yield f"</{wrapper}>"


def _attributes(shape: StructureShape, value: dict[str, Any]) -> str:
    namespace = shape.serialization.get("xmlNamespace")
    pairs: list[tuple[str, str]] = []
    if namespace and "prefix" in namespace:
        pairs.append((f"xmlns:{namespace['prefix']}", namespace["uri"]))
    for name, member in shape.members.items():
        if member.serialization.get("xmlAttribute") and name in value:
            pairs.append((_member_name(member, name), str(value[name])))
    return "".join(f" {name}={quoteattr(_FORBIDDEN.sub('�', text))}" for name, text in pairs)


def _member_name(shape: Shape, name: str) -> str:
    if shape.serialization.get("flattened") and isinstance(shape, ListShape):
        wire: str = shape.member.serialization.get("name", shape.serialization.get("name", name))
    else:
        wire = shape.serialization.get("name", name)
    return wire


def _local(tag: str) -> str:
    return re.split("[}:]", tag)[-1]


def _escape(text: str) -> str:
    return escape(_FORBIDDEN.sub("�", text), _ENTITIES)


def error_document(pairs: Iterable[tuple[str, object]]) -> str:
    """The elements of an error, in order."""
    return "".join(text_element(name, value) for name, value in pairs)
