"""Tables of numbers in Parquet files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from clary_algorithms.formats.errors import FormatError

BLOCK_ROWS = 100_000


def read_parquet(
    source: Path | BinaryIO, *, block_rows: int = BLOCK_ROWS
) -> Iterator[npt.NDArray[np.float32]]:
    """Read blocks of rows, ``(rows, columns)`` float32; nulls become NaN.

    Raises :class:`FormatError` for a file that is not Parquet and for a column that holds no numbers.
    """
    # Imported where used: pyarrow takes a tenth of a second, which most jobs and every server can save.
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(source) as file:
            for batch in file.iter_batches(batch_size=block_rows):
                matrix = np.empty((batch.num_rows, batch.num_columns), dtype=np.float32)
                for column, name in enumerate(batch.schema.names):
                    matrix[:, column] = _to_numbers(batch.column(column), name)
                yield matrix
    except pa.ArrowInvalid as error:
        raise FormatError(f"not a Parquet file: {error}") from error


def _to_numbers(column: Any, name: str) -> npt.NDArray[np.float32]:
    import pyarrow as pa
    from pyarrow import compute

    try:
        if pa.types.is_boolean(column.type):
            column = compute.cast(column, pa.int8())
        numbers: npt.NDArray[np.float32] = compute.cast(column, pa.float32(), safe=False).to_numpy(
            zero_copy_only=False
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise FormatError(f"column {name!r} holds no numbers: {error}") from error
    return numbers
