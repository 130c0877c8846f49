"""Readers and writers of training data."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from scipy import sparse

from clary_algorithms.formats.csv import parse_csv, read_csv
from clary_algorithms.formats.errors import FormatError
from clary_algorithms.formats.libsvm import parse_libsvm, read_libsvm
from clary_algorithms.formats.parquet import read_parquet
from clary_algorithms.formats.protobuf import (
    decode_records,
    encode_features,
    encode_labels,
    parse_record,
    read_protobuf,
)
from clary_algorithms.formats.record_message import Record
from clary_algorithms.formats.recordio import read_records, write_record

NAN = float("nan")
MAGIC = (0xCED7230A).to_bytes(4, "little")


def frame(part: int, payload: bytes) -> bytes:
    word = part << 29 | len(payload)
    return MAGIC + word.to_bytes(4, "little") + payload + b"\0" * (-len(payload) % 4)


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"1,2,3\n4,5,6\n", [[1, 2, 3], [4, 5, 6]]),
        (b"1,,3\r\n,5,\r\n", [[1, NAN, 3], [NAN, 5, NAN]]),
        (b"1,True,x\n".replace(b"x", b"False"), [[1, 1, 0]]),
        (b"\n1\t2\n\n3\t4", [[1, 2], [3, 4]]),
        (b"1;2\n3;nan\n", [[1, 2], [3, NAN]]),
        (b"1 2\n3 4\n", [[1, 2], [3, 4]]),
        (b'"1","2e-3"\n', [[1, 0.002]]),
        (b"\xef\xbb\xbf1,2\n", [[1, 2]]),
        (b"5.1\n6\n", [[5.1], [6]]),
    ],
)
def test_csv_reads_numbers(data: bytes, rows: list[list[float]]) -> None:
    np.testing.assert_allclose(parse_csv(data), np.array(rows, dtype=np.float32), rtol=1e-6)


def test_csv_without_rows_is_empty() -> None:
    assert parse_csv(b" \n").shape == (0, 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1,2\n3,apple\n", "line 2: 'apple' is not a number"),
        (b"1,2\n3\n", "line 2 has 1 columns where the first has 2"),
    ],
)
def test_csv_names_the_bad_line(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_csv(data)


@pytest.mark.parametrize("cell", ["", "0.25", "True"])
def test_large_csv_reads_like_small(cell: str) -> None:
    line = f"1.5,{cell},-3\n".encode()
    large = parse_csv(line * 400_000)
    assert large.shape == (400_000, 3)
    np.testing.assert_array_equal(large[[0, -1]], np.repeat(parse_csv(line), 2, axis=0))


def test_csv_blocks_join_to_the_whole() -> None:
    data = b"".join(b"%d,%d\n" % (row, row * row) for row in range(100))
    blocks = list(read_csv(io.BytesIO(data), block_bytes=64))
    assert len(blocks) > 5
    np.testing.assert_array_equal(np.concatenate(blocks), parse_csv(data))


def test_csv_blocks_must_have_one_width() -> None:
    with pytest.raises(FormatError, match="rows have 1 columns where the first row has 2"):
        list(read_csv(io.BytesIO(b"1,2\n3\n"), block_bytes=4))


def test_libsvm_takes_indices_as_given() -> None:
    rows = parse_libsvm(b"1 0:2.5 3:-1\n0  1:4 \n\n2 # nothing here\n")
    np.testing.assert_array_equal(rows.labels, [1, 0, 2])
    np.testing.assert_array_equal(rows.csr.toarray(), [[2.5, 0, 0, -1], [0, 4, 0, 0], [0, 0, 0, 0]])
    assert rows.weights is None
    assert rows.queries is None


def test_libsvm_reads_weights_and_query_ids() -> None:
    rows = parse_libsvm(b"1:0.5 qid:7 1:1\n0 qid:7 1:2\n3 qid:9\n")
    np.testing.assert_array_equal(rows.weights, [0.5, 1, 1])
    np.testing.assert_array_equal(rows.queries, [7, 7, 9])


def test_libsvm_request_rows_need_no_label() -> None:
    rows = parse_libsvm(b"0:1 2:3\n5 1:2\n", labelled=False)
    np.testing.assert_array_equal(rows.csr.toarray(), [[1, 0, 3], [0, 2, 0]])
    np.testing.assert_array_equal(rows.labels, [NAN, 5])


@pytest.mark.parametrize("row", [b"1 a:2", b"1 1:2:3 5", b"1 1", b"1 1:b", b"1 -1:2", b"x 1:2", b"1 1:"])
@pytest.mark.parametrize("filler", [b"", b"1 1:1.25 2:3.75\n" * 300_000], ids=["small", "large"])
def test_libsvm_refuses_malformed_rows(row: bytes, filler: bytes) -> None:
    with pytest.raises(FormatError):
        parse_libsvm(filler + row)


def test_large_libsvm_reads_like_small() -> None:
    line = b"1 1:1.25 2:3.75 9:-2\n"
    large = parse_libsvm(line * 300_000)
    assert large.csr.shape == (300_000, 10)
    np.testing.assert_array_equal(large.csr[299_999].toarray(), parse_libsvm(line).csr.toarray())


def test_libsvm_blocks_hold_every_row() -> None:
    data = b"".join(b"%d %d:1\n" % (row, row) for row in range(50))
    blocks = list(read_libsvm(io.BytesIO(data), block_bytes=40))
    assert len(blocks) > 5
    np.testing.assert_array_equal(np.concatenate([block.labels for block in blocks]), np.arange(50))


@given(st.lists(st.binary(max_size=40)))
def test_recordio_round_trip(payloads: list[bytes]) -> None:
    stream = io.BytesIO()
    for payload in payloads:
        write_record(stream, payload)
    assert len(stream.getvalue()) % 4 == 0
    stream.seek(0)
    assert list(read_records(stream)) == payloads


def test_recordio_joins_split_records_by_the_magic() -> None:
    stream = io.BytesIO(frame(1, b"head") + frame(2, b"body") + frame(3, b"tail") + frame(0, b"whole"))
    assert list(read_records(stream)) == [MAGIC.join([b"head", b"body", b"tail"]), b"whole"]


@pytest.mark.parametrize(
    "data",
    [b"1,2,3,4,5\n", MAGIC, frame(0, b"payload")[:-4], frame(1, b"head"), frame(2, b"body")],
    ids=["text", "half a header", "cut payload", "no end", "no start"],
)
def test_recordio_refuses_broken_streams(data: bytes) -> None:
    with pytest.raises(FormatError):
        list(read_records(io.BytesIO(data)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
def test_records_hold_every_tensor_type(dtype: type, layout: type) -> None:
    rows = np.array([[1, 0, 2], [0, 0, 0], [3, 4, 5]], dtype=dtype)
    records = decode_records(encode_features(layout(rows), labels=np.array([7, 8, 9], dtype=dtype)))
    features = records.features
    assert sparse.issparse(features) is (layout is sparse.csr_matrix)
    np.testing.assert_array_equal(features.toarray() if sparse.issparse(features) else features, rows)
    np.testing.assert_array_equal(records.labels, [7, 8, 9])


def test_records_of_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="Unsupported dtype uint8 on array"):
        encode_features(np.zeros((1, 2), dtype=np.uint8))


def test_records_without_labels_have_none() -> None:
    assert decode_records(encode_features(np.ones((2, 2)))).labels is None


def test_records_must_all_have_a_label_or_none() -> None:
    data = encode_features(np.ones((1, 2))) + encode_features(np.ones((1, 2)), labels=np.ones(1))
    with pytest.raises(FormatError, match="1 of 2 records have a label"):
        decode_records(data)


def test_records_of_different_lengths_are_refused() -> None:
    with pytest.raises(FormatError, match="different lengths"):
        decode_records(encode_features(np.ones((1, 2))) + encode_features(np.ones((1, 3))))


def test_record_blocks_hold_every_row() -> None:
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    blocks = list(read_protobuf(io.BytesIO(encode_features(rows)), block_rows=4))
    assert [block.features.shape[0] for block in blocks] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([block.features for block in blocks]), rows)


def test_response_records_hold_labels_only() -> None:
    payloads = list(read_records(io.BytesIO(encode_labels("score", [0.5, [0.25, 0.75]]))))
    first, second = map(parse_record, payloads)
    assert list(first.label["score"].float32_tensor.values) == [0.5]
    assert list(second.label["score"].float32_tensor.values) == [0.25, 0.75]
    assert not first.features


def test_record_keeps_bytes_and_text() -> None:
    record = Record(uid="u", metadata="m")
    record.features["image"].bytes.value.append(b"\x89PNG")
    assert parse_record(record.SerializeToString()).features["image"].bytes.value[0] == b"\x89PNG"


def test_a_frame_that_is_no_record_is_refused() -> None:
    with pytest.raises(FormatError, match=r"no aialgs\.data\.Record"):
        parse_record(b"\xff\xff\xff")


def test_parquet_reads_numbers_and_nulls(tmp_path: Path) -> None:
    table = pa.table({"y": [1, 2], "a": [0.5, None], "b": [True, False]})
    parquet.write_table(table, tmp_path / "t.parquet")
    (block,) = read_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(block, [[1, 0.5, 1], [2, NAN, 0]])


def test_parquet_names_a_column_of_text(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"y": [1], "name": ["apple"]}), tmp_path / "t.parquet")
    with pytest.raises(FormatError, match="column 'name' holds no numbers"):
        list(read_parquet(tmp_path / "t.parquet"))


def test_what_is_not_parquet_is_refused() -> None:
    with pytest.raises(FormatError, match="not a Parquet file"):
        list(read_parquet(io.BytesIO(b"1,2,3\n" * 10)))
