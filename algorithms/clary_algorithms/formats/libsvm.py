"""Sparse rows as text: ``label[:weight] [qid:group] index:value …``, indices taken as they are written."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clary_algorithms.formats.errors import FormatError
from clary_algorithms.formats.lines import BLOCK_BYTES, read_line_blocks

_ARROW_BYTES = 4 * 1024 * 1024
_ONE_PAIR_A_LINE = bytes.maketrans(b" \t\r", b"\n\n\n")
_COMMENT = re.compile(rb"#[^\n]*")
_QUERY = re.compile(rb"(?<=\s)qid:(\S+)")


@dataclass(frozen=True, slots=True)
class LibsvmRows:
    """Parsed rows.

    ``labels`` ``(rows,)`` float32, NaN where a row has none; ``weights`` ``(rows,)`` float32 and ``queries``
    ``(rows,)`` int64 where the text gives them; ``features`` ``(rows, highest index + 1)`` float32.
    """

    labels: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32] | None
    queries: npt.NDArray[np.int64] | None
    features: sparse.csr_matrix

    @property
    def csr(self) -> sparse.csr_matrix:
        return self.features


def parse_libsvm(data: bytes, *, labelled: bool = True) -> LibsvmRows:
    """Parse libsvm text; blank lines and ``#`` comments are skipped.

    ``labelled`` says that each row starts with a label. Rows of a request need not: with ``labelled=False`` a
    first token with a colon is a feature, and one without is kept as the label. Raises :class:`FormatError`.
    """
    if b"#" in data:
        data = _COMMENT.sub(b"", data)
    lines = [line for line in map(bytes.strip, data.splitlines()) if line]
    queries = _take_queries(lines) if b"qid:" in data else None
    heads, bodies = _split_heads(lines, labelled=labelled)
    labels, weights = _parse_heads(heads)
    return LibsvmRows(labels, weights, queries, _parse_bodies(bodies))


def read_libsvm(stream: BinaryIO, *, block_bytes: int = BLOCK_BYTES) -> Iterator[LibsvmRows]:
    """Parse a stream block by block; widths differ between blocks, as each ends at its own highest index."""
    for block in read_line_blocks(stream, block_bytes=block_bytes):
        rows = parse_libsvm(block)
        if rows.labels.size:
            yield rows


def _split_heads(lines: list[bytes], *, labelled: bool) -> tuple[list[bytes], list[bytes]]:
    heads, bodies = [], []
    for line in lines:
        head, *rest = line.split(None, 1)
        if not labelled and b":" in head:
            head, rest = b"nan", [line]
        heads.append(head)
        bodies.append(rest[0] if rest else b"")
    return heads, bodies


def _take_queries(lines: list[bytes]) -> npt.NDArray[np.int64]:
    queries = np.empty(len(lines), dtype=np.int64)
    for row, line in enumerate(lines):
        match = _QUERY.search(line)
        if not match:
            raise FormatError(f"row {row + 1} has no qid where others have one")
        try:
            queries[row] = int(match[1])
        except ValueError as error:
            raise FormatError(
                f"row {row + 1}: qid {match[1].decode('utf-8', 'replace')!r} is no integer"
            ) from error
        lines[row] = line[: match.start()] + line[match.end() :]
    return queries


def _parse_heads(
    heads: list[bytes],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    try:
        if not any(b":" in head for head in heads):
            return np.array(heads, dtype=np.float32), None
        pairs = [head.partition(b":") for head in heads]
        labels = np.array([label for label, _, _ in pairs], dtype=np.float32)
        weights = np.array([weight or b"1" for _, _, weight in pairs], dtype=np.float32)
    except ValueError as error:
        raise FormatError(f"a row does not start with <label>(:<weight>): {error}") from error
    return labels, weights


def _parse_bodies(bodies: list[bytes]) -> sparse.csr_matrix:
    counts = np.array([body.count(b":") for body in bodies], dtype=np.int64)
    indices, values = _parse_pairs(b"\n".join(bodies).translate(_ONE_PAIR_A_LINE))
    starts = np.concatenate(([0], np.cumsum(counts)))
    if starts[-1] != len(values):
        raise FormatError("a feature is not of the form <index>:<value>")
    if indices.size and indices.min() < 0:
        raise FormatError("a feature's index is negative")
    width = int(indices.max()) + 1 if indices.size else 0
    return sparse.csr_matrix((values, indices, starts), shape=(len(bodies), width))


def _parse_pairs(text: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    if not text.strip():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    try:
        if len(text) >= _ARROW_BYTES:
            return _parse_pairs_with_arrow(text)
        dtype = np.dtype([("index", np.int64), ("value", np.float32)])
        pairs = np.loadtxt(io.BytesIO(text), dtype=dtype, delimiter=":", comments=None, ndmin=1)
    except ValueError as error:
        raise FormatError(f"a feature is not of the form <index>:<value>: {error}") from error
    return pairs["index"], pairs["value"]


def _parse_pairs_with_arrow(text: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    import pyarrow as pa
    from pyarrow import csv

    table = csv.read_csv(
        io.BytesIO(text),
        read_options=csv.ReadOptions(column_names=["index", "value"]),
        parse_options=csv.ParseOptions(delimiter=":"),
        convert_options=csv.ConvertOptions(
            column_types={"index": pa.int64(), "value": pa.float32()}, null_values=[]
        ),
    )
    return table["index"].to_numpy(), table["value"].to_numpy()
