"""From a channel's files, or its pipe, to a DMatrix."""

import io
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clary_algorithms.contract.configuration import Channel
from clary_algorithms.contract.errors import UserError
from clary_algorithms.contract.paths import MLPaths
from clary_algorithms.formats.csv import read_csv, sniff_delimiter
from clary_algorithms.formats.errors import FormatError
from clary_algorithms.formats.libsvm import read_libsvm
from clary_algorithms.formats.parquet import read_parquet
from clary_algorithms.formats.protobuf import read_protobuf
from clary_algorithms.xgboost.channels import DataFormat
from clary_algorithms.xgboost.library import xgboost as xgb

logger = logging.getLogger(__name__)

MAX_FOLDER_DEPTH = 3

Features = npt.NDArray[np.float32] | sparse.csr_matrix
Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows: ``features`` ``(rows, columns)``, each vector ``(rows,)``."""

    features: Features
    labels: Vector
    weights: Vector | None = None
    queries: npt.NDArray[np.int64] | None = None


def find_files(channel: Channel) -> list[Path]:
    """The channel's data files: not empty, three folders deep at most, not named ``.…`` or ``_…``."""
    return [
        path
        for path in channel.files(depth=MAX_FOLDER_DEPTH)
        if not path.name.startswith((".", "_")) and path.stat().st_size
    ]


def load_dataset(
    channel: Channel, data_format: DataFormat, *, paths: MLPaths, csv_weights: bool = False
) -> Rows | None:
    """All rows of the channel, files in listing order; None where it has no data.

    Raises :class:`UserError` naming the file and the rule it breaks.
    """
    piped = channel.input_mode == "Pipe"
    files = [paths.pipe(channel.name, 0)] if piped else find_files(channel)
    blocks: list[Rows] = []
    for file in files:
        try:
            blocks.extend(_READERS[data_format](file, csv_weights))
        except FormatError as error:
            raise UserError(
                f"Failed to load {data_format} data with exception:\nfile {file.name}: {error}"
            ) from error
    return concatenate(blocks) if blocks else None


def to_matrix(rows: Rows, values: Mapping[str, Any]) -> "xgb.DMatrix":
    """The rows as XGBoost takes them; for survival:aft each label is an event seen at that very time."""
    bounds = rows.labels if values.get("objective") == "survival:aft" else None
    return xgb.DMatrix(
        rows.features,
        rows.labels,
        weight=rows.weights,
        qid=rows.queries,
        label_lower_bound=bounds,
        label_upper_bound=bounds,
        nthread=values.get("nthread"),
    )


def _read_csv(path: Path, weighted: bool) -> Iterator[Rows]:
    with path.open("rb") as stream:
        delimiter = None
        if path.is_file():
            line = stream.readline()
            _check_first_line(path, line)
            delimiter = sniff_delimiter(line.decode("latin-1"))
            logger.info("Determined delimiter of CSV input is '%s'", delimiter)
            stream.seek(0)
        for block in read_csv(stream, delimiter=delimiter):
            yield _split_columns(block, weighted=weighted)


def _check_first_line(path: Path, line: bytes) -> None:
    """A header or a file of another format is told apart here, where its first line can be shown."""
    try:
        next(read_csv(io.BytesIO(line)), None)
    except FormatError as error:
        snippet = line.decode("utf-8", "replace").rstrip()[:50]
        raise UserError(
            f"First line '{snippet}...' of file '{path.name}' is not 'CSV' format. "
            f"Please ensure the file is in 'CSV' format. ({error})"
        ) from error


def _read_libsvm(path: Path, _weighted: bool) -> Iterator[Rows]:
    with path.open("rb") as stream:
        for block in read_libsvm(stream):
            yield Rows(block.features, block.labels, block.weights, block.queries)


def _read_parquet(path: Path, _weighted: bool) -> Iterator[Rows]:
    for block in read_parquet(path):
        yield _split_columns(block, weighted=False)


def _read_protobuf(path: Path, _weighted: bool) -> Iterator[Rows]:
    with path.open("rb") as stream:
        for block in read_protobuf(stream):
            if block.labels is None:
                raise FormatError('the records have no label["values"]')
            yield Rows(block.features, block.labels)


_READERS: dict[DataFormat, Callable[[Path, bool], Iterator[Rows]]] = {
    DataFormat.CSV: _read_csv,
    DataFormat.LIBSVM: _read_libsvm,
    DataFormat.PARQUET: _read_parquet,
    DataFormat.RECORDIO_PROTOBUF: _read_protobuf,
}


def _split_columns(block: npt.NDArray[np.float32], *, weighted: bool) -> Rows:
    first = 2 if weighted else 1
    if block.shape[1] <= first:
        raise FormatError(f"a row needs more than {first} columns, and has {block.shape[1]}")
    return Rows(block[:, first:], block[:, 0], block[:, 1] if weighted else None)


def concatenate(blocks: list[Rows]) -> Rows:
    """The rows of all blocks; sparse ones are as wide as the widest, dense ones must have one width."""
    if len(blocks) == 1:
        return blocks[0]
    return Rows(
        _stack([block.features for block in blocks]),
        np.concatenate([block.labels for block in blocks]),
        _join([block.weights for block in blocks], "weights"),
        _join([block.queries for block in blocks], "qid"),
    )


def _join(vectors: list[Any], name: str) -> Any:
    present = [vector for vector in vectors if vector is not None]
    if not present:
        return None
    if len(present) != len(vectors):
        raise UserError(f"Some files give {name} and others do not.")
    return np.concatenate(present)


def _stack(blocks: list[Features]) -> Features:
    dense = [block for block in blocks if isinstance(block, np.ndarray)]
    if len(dense) < len(blocks):
        width = max(block.shape[1] for block in blocks)
        rows = [_widen(sparse.csr_matrix(block), width) for block in blocks]
        return sparse.csr_matrix(sparse.vstack(rows, format="csr"))
    widths = {block.shape[1] for block in dense}
    if len(widths) > 1:
        raise UserError(f"The files have rows of different widths: {sorted(widths)} features.")
    return np.concatenate(dense)


def _widen(block: sparse.csr_matrix, width: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((block.data, block.indices, block.indptr), shape=(block.shape[0], width))
