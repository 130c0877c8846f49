"""S3's XML documents: written from nested pairs, read into elements without their namespace."""

from collections.abc import Iterable
from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clary.objectstore.errors import malformed_xml

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

Children: TypeAlias = Iterable[tuple[str, "Content"]]
Content: TypeAlias = str | int | Children | None
# Control characters have no other form in a document; without these, one odd key would break a whole listing.
_CONTROLS = {code: f"&#x{code:x};" for code in (*range(1, 32), 0x7F, 0xFFFE, 0xFFFF)}


def write_document(root: str, content: "Content") -> bytes:
    """A document; a child whose value is None is left out."""
    pieces = [_DECLARATION, f'<{root} xmlns="{NAMESPACE}">']
    _write(pieces, content)
    pieces.append(f"</{root}>")
    return "".join(pieces).encode()


def _write(pieces: list[str], content: "Content") -> None:
    if isinstance(content, str):
        escaped = escape(content)
        pieces.append(escaped if content.isprintable() else escaped.translate(_CONTROLS))
    elif isinstance(content, bool):
        pieces.append("true" if content else "false")
    elif isinstance(content, int):
        pieces.append(str(content))
    elif content is not None:
        for name, child in content:
            if child is not None:
                pieces.append(f"<{name}>")
                _write(pieces, child)
                pieces.append(f"</{name}>")


def read_document(body: bytes, root: str) -> Element:
    """The root element, which must have that name; MalformedXML else. Namespaces are dropped."""
    try:
        element: Element = fromstring(body)
    except (ParseError, DefusedXmlException):
        raise malformed_xml() from None
    for node in element.iter():
        node.tag = node.tag.rpartition("}")[2]
    if element.tag != root:
        raise malformed_xml()
    return element


def read_text(element: Element, name: str) -> str:
    """The text of a child that must be there."""
    text = element.findtext(name)
    if text is None:
        raise malformed_xml()
    return text
