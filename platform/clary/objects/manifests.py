"""Reads the two kinds of manifest that a channel may name instead of a prefix.

Sources: the API reference of S3DataSource, and the guide's page on augmented manifest files.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from clary.kernel.errors import ClientFault, ValidationError
from clary.objects.uri import S3Uri

_REFERENCE = "-ref"


def parse_manifest(body: bytes, source: S3Uri) -> tuple[S3Uri, list[str]]:
    """The prefix and the relative keys of ``[{"prefix": "s3://bucket/some/"}, "relative/key", …]``."""
    document = _json(body, str(source))
    match document:
        case [{"prefix": str(prefix)}, *names] if all(isinstance(name, str) for name in names):
            return _uri(prefix, str(source)), list(names)
    raise ClientFault(
        f"The manifest {source} is not valid: it must be a JSON array that starts with "
        '{"prefix": "s3://…"} and goes on with relative keys.'
    )


def parse_augmented(body: bytes, source: S3Uri, attributes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each line of an augmented manifest, cut to the named attributes, in their order."""
    if not attributes:
        raise ClientFault(f"AttributeNames must be given for the augmented manifest {source}.")
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{source} line {number}"
        record = _json(line, where)
        missing = [name for name in attributes if not isinstance(record, dict) or name not in record]
        if missing:
            raise ClientFault(f"The augmented manifest {where} has no attribute {missing}.")
        yield {name: record[name] for name in attributes}


def references(records: Iterable[dict[str, Any]], source: S3Uri) -> Iterator[S3Uri]:
    """The objects that the records' ``…-ref`` attributes name, each once, in order."""
    seen: set[S3Uri] = set()
    for record in records:
        for name, value in record.items():
            if name.endswith(_REFERENCE):
                uri = _uri(value, f"{source} attribute {name}")
                if uri not in seen:
                    seen.add(uri)
                    yield uri


def _json(text: bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ClientFault(f"The manifest {where} is not valid JSON: {error}") from error


def _uri(text: Any, where: str) -> S3Uri:
    try:
        return S3Uri.parse(str(text))
    except ValidationError as error:
        raise ClientFault(f"The manifest {where}: {error.message}") from error
