"""``application/x-recordio-protobuf``: vectors as ``aialgs.data.Record`` messages in RecordIO frames."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clary_algorithms.formats.errors import FormatError
from clary_algorithms.formats.record_message import Record
from clary_algorithms.formats.recordio import read_records, write_record

VALUES = "values"
BLOCK_ROWS = 100_000
_TENSORS = {
    np.dtype(np.float32): "float32_tensor",
    np.dtype(np.float64): "float64_tensor",
    np.dtype(np.int32): "int32_tensor",
    np.dtype(np.int64): "int32_tensor",
}


@dataclass(frozen=True, slots=True)
class Records:
    """Decoded rows: ``features`` ``(rows, columns)`` float32, sparse if a row is; ``labels`` ``(rows,)``."""

    features: npt.NDArray[np.float32] | sparse.csr_matrix
    labels: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Tensor:
    """One vector of a record: its values, and for a sparse one the column of each; ``width`` where known."""

    values: npt.NDArray[Any]
    keys: npt.NDArray[np.int64] | None
    width: int


def parse_record(payload: bytes) -> Any:
    """The Record message in a frame's payload, for algorithms that read more than ``values``."""
    from google.protobuf.message import DecodeError

    try:
        return Record.FromString(payload)
    except DecodeError as error:
        raise FormatError("a frame holds no aialgs.data.Record message") from error


def read_tensor(value: Any) -> Tensor:
    """The vector in a Value message of any numeric type.

    A row is sparse when it has keys, or a shape larger than its values: an all-zero row has a shape alone.
    """
    kind = value.WhichOneof("value")
    if kind is None or kind == "bytes":
        raise FormatError(f"a Value must hold a float32, float64 or int32 tensor, not {kind or 'nothing'}")
    tensor = getattr(value, kind)
    values = np.array(tensor.values)
    width = int(np.prod(tensor.shape)) if tensor.shape else 0
    if not tensor.keys and len(values) >= width:
        return Tensor(values, None, len(values))
    keys = np.array(tensor.keys, dtype=np.int64)
    if len(keys) != len(values):
        raise FormatError(f"a sparse tensor has {len(keys)} keys for {len(values)} values")
    if width and len(keys) and int(keys.max()) >= width:
        raise FormatError(f"a sparse tensor has key {int(keys.max())} outside its shape [{width}]")
    return Tensor(values, keys, width or (int(keys.max()) + 1))


def read_bytes(value: Any) -> list[bytes]:
    """The byte strings in a Value message, such as an image."""
    if value.WhichOneof("value") != "bytes":
        raise FormatError("a Value must hold bytes")
    return list(value.bytes.value)


def decode_records(data: bytes) -> Records:
    """Decode framed records: ``features["values"]``, and ``label["values"]`` where every record has it."""
    return _gather(read_records(io.BytesIO(data)))


def read_protobuf(stream: BinaryIO, *, block_rows: int = BLOCK_ROWS) -> Iterator[Records]:
    """Decode a stream, at most ``block_rows`` records at a time."""
    block: list[bytes] = []
    for payload in read_records(stream):
        block.append(payload)
        if len(block) == block_rows:
            yield _gather(block)
            block = []
    if block:
        yield _gather(block)


def encode_labels(key: str, values: Iterable[float | Sequence[float] | npt.NDArray[Any]]) -> bytes:
    """One framed record per value, its numbers under ``label[key]`` as float32: the shape of a response."""
    stream = io.BytesIO()
    for value in values:
        record = Record()
        record.label[key].float32_tensor.values.extend(
            np.atleast_1d(np.asarray(value, dtype=np.float32)).tolist()
        )
        write_record(stream, record.SerializeToString())
    return stream.getvalue()


def encode_features(
    array: npt.NDArray[Any] | sparse.csr_matrix, labels: npt.NDArray[Any] | None = None
) -> bytes:
    """One framed record per row of ``array`` ``(rows, columns)``, dense or sparse, with its label if given.

    float32, float64, int32 and int64 arrays are written in the tensor of their type; others raise ValueError.
    """
    rows: Any = sparse.csr_matrix(array) if sparse.issparse(array) else np.atleast_2d(array)
    kind = _tensor_name(rows.dtype)
    label_kind = _tensor_name(np.asarray(labels).dtype) if labels is not None else ""
    stream = io.BytesIO()
    for row in range(rows.shape[0]):
        record = Record()
        _write_features(getattr(record.features[VALUES], kind), rows, row)
        if labels is not None:
            getattr(record.label[VALUES], label_kind).values.append(np.asarray(labels)[row].item())
        write_record(stream, record.SerializeToString())
    return stream.getvalue()


def _write_features(tensor: Any, rows: Any, row: int) -> None:
    if isinstance(rows, np.ndarray):
        tensor.values.extend(rows[row].tolist())
        return
    start, stop = rows.indptr[row], rows.indptr[row + 1]
    tensor.keys.extend(rows.indices[start:stop].tolist())
    tensor.values.extend(rows.data[start:stop].tolist())
    tensor.shape.append(rows.shape[1])


def _tensor_name(dtype: np.dtype[Any]) -> str:
    try:
        return _TENSORS[np.dtype(dtype)]
    except KeyError:
        raise ValueError(f"Unsupported dtype {dtype} on array") from None


def _gather(payloads: Iterable[bytes]) -> Records:
    tensors: list[Tensor] = []
    labels: list[float] = []
    for payload in payloads:
        record = parse_record(payload)
        if VALUES not in record.features:
            raise FormatError('a record has no features["values"]')
        tensors.append(read_tensor(record.features[VALUES]))
        if VALUES in record.label:
            labels.append(float(_first(read_tensor(record.label[VALUES]).values)))
    if labels and len(labels) != len(tensors):
        raise FormatError(f"{len(labels)} of {len(tensors)} records have a label: all must, or none")
    return Records(_stack(tensors), np.array(labels, dtype=np.float32) if labels else None)


def _first(values: npt.NDArray[Any]) -> Any:
    if not len(values):
        raise FormatError('a record has an empty label["values"]')
    return values[0]


def _stack(tensors: list[Tensor]) -> npt.NDArray[np.float32] | sparse.csr_matrix:
    width = max((tensor.width for tensor in tensors), default=0)
    if any(tensor.keys is not None for tensor in tensors):
        return _stack_sparse(tensors, width)
    if any(tensor.width != width for tensor in tensors):
        raise FormatError(f"records have feature vectors of different lengths, up to {width}")
    matrix = np.empty((len(tensors), width), dtype=np.float32)
    for row, tensor in enumerate(tensors):
        matrix[row] = tensor.values
    return matrix


def _stack_sparse(tensors: list[Tensor], width: int) -> sparse.csr_matrix:
    keys = [np.arange(tensor.width) if tensor.keys is None else tensor.keys for tensor in tensors]
    starts = np.concatenate(([0], np.cumsum([len(row) for row in keys])))
    values = np.concatenate([tensor.values for tensor in tensors]).astype(np.float32)
    return sparse.csr_matrix((values, np.concatenate(keys), starts), shape=(len(tensors), width))
