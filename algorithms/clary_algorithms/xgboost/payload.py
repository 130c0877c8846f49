"""Request bodies of the XGBoost containers, decoded to features that fit the model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from clary_algorithms.formats.csv import parse_csv
from clary_algorithms.formats.libsvm import parse_libsvm
from clary_algorithms.formats.protobuf import decode_records
from clary_algorithms.serving.errors import UnsupportedMediaType
from clary_algorithms.serving.media import parse_media_type
from clary_algorithms.xgboost.boosters import Features

CSV = "csv"
LIBSVM = "libsvm"
RECORDIO_PROTOBUF = "recordio-protobuf"

_FORMATS = {
    "csv": CSV,
    "text/csv": CSV,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "recordio-protobuf": RECORDIO_PROTOBUF,
    "application/x-recordio-protobuf": RECORDIO_PROTOBUF,
}


@dataclass(frozen=True, slots=True)
class Payload:
    """Decoded rows: `features` `(rows, columns)` as sent, and the format they came in."""

    format: str
    features: Features


def decode_payload(body: bytes, content_type: str) -> Payload:
    """Decode a request body; raises `UnsupportedMediaType` for an unknown type or a body not of its type.

    Labels in front of libsvm rows and in records are ignored.
    """
    name = _find_format(content_type)
    try:
        features = _DECODERS[name](body)
        if not features.shape[0]:
            raise ValueError("there are no rows")
    except (ValueError, OverflowError) as error:
        raise UnsupportedMediaType(
            f"Loading {name} data failed with Exception, please ensure data is in {name} format:\n"
            f" {type(error).__name__}\n {error}"
        ) from error
    return Payload(name, features)


def align_with_training(payload: Payload, *, width: int) -> Features:
    """Check a payload's width as the containers with pickled models do; cut what the model does not use.

    A csv row one wider than the model starts with its label, as in a training file; in the other formats
    the last column is one that training never saw. Raises ValueError for every other difference, except that
    libsvm rows may be shorter: their tail is sparse.
    """
    features = payload.features
    columns = features.shape[1]
    if payload.format == LIBSVM and columns > width + 1:
        raise ValueError(
            f"Feature size of libsvm inference data {columns} is larger than "
            f"feature size of trained model {width}."
        )
    if payload.format != LIBSVM and columns not in (width, width + 1):
        raise ValueError(
            f"Feature size of {payload.format} inference data {columns} is not consistent "
            f"with feature size of trained model {width}."
        )
    if columns <= width:
        return features
    return features[:, 1:] if payload.format == CSV else features[:, :width]


def _find_format(content_type: str) -> str:
    name, parameters = parse_media_type(content_type)
    if name not in _FORMATS:
        raise UnsupportedMediaType(f"{content_type} is not an accepted ContentType: {', '.join(_FORMATS)}.")
    if _FORMATS[name] == CSV and parameters.get("label_size", "1") != "1":
        raise UnsupportedMediaType(
            f"{content_type} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    return _FORMATS[name]


def _decode_libsvm(body: bytes) -> Features:
    return parse_libsvm(body, labelled=False).features


def _decode_records(body: bytes) -> Features:
    features = decode_records(body).features
    return np.asarray(features) if isinstance(features, np.ndarray) else features


_DECODERS: dict[str, Callable[[bytes], Features]] = {
    CSV: parse_csv,
    LIBSVM: _decode_libsvm,
    RECORDIO_PROTOBUF: _decode_records,
}
