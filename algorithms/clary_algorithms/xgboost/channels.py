"""What XGBoost's channels may be: their names, content types, input modes and distributions."""

from collections.abc import Mapping
from enum import StrEnum

from clary_algorithms.contract.configuration import Channel
from clary_algorithms.contract.errors import UserError

DEFAULT_CONTENT_TYPE = "text/libsvm"
_NAMES = ("train", "validation", "code")


class DataFormat(StrEnum):
    CSV = "csv"
    LIBSVM = "libsvm"
    PARQUET = "parquet"
    RECORDIO_PROTOBUF = "recordio-protobuf"


_CONTENT_TYPES = {
    "csv": DataFormat.CSV,
    "text/csv": DataFormat.CSV,
    "libsvm": DataFormat.LIBSVM,
    "text/libsvm": DataFormat.LIBSVM,
    "text/x-libsvm": DataFormat.LIBSVM,
    "parquet": DataFormat.PARQUET,
    "application/x-parquet": DataFormat.PARQUET,
    "recordio-protobuf": DataFormat.RECORDIO_PROTOBUF,
    "application/x-recordio-protobuf": DataFormat.RECORDIO_PROTOBUF,
}
_PIPED = (DataFormat.CSV, DataFormat.RECORDIO_PROTOBUF)


def validate_channels(channels: Mapping[str, Channel]) -> DataFormat:
    """The format of the train channel's data, which the validation channel's is taken to be too.

    Raises :class:`UserError` for a missing, an unknown and an unsupported channel.
    """
    if "train" not in channels:
        raise UserError("Missing required channel: train")
    for name in channels:
        if name not in _NAMES:
            raise UserError(f"Extraneous channel found: {name}")
    for name in ("train", "validation"):
        if name in channels:
            _check_channel(channels[name])
    return _parse_content_type(channels["train"]) or DataFormat.LIBSVM


def _check_channel(channel: Channel) -> None:
    data_format = _parse_content_type(channel)
    supported = (
        data_format is not None
        and (channel.input_mode == "File" or (channel.input_mode == "Pipe" and data_format in _PIPED))
        and channel.distribution in ("FullyReplicated", "ShardedByS3Key")
    )
    if not supported:
        configuration = {"ContentType": DEFAULT_CONTENT_TYPE} | dict(channel.configuration)
        raise UserError(
            f"Channel configuration for '{channel.name}' channel is not supported: {configuration}"
        )


def _parse_content_type(channel: Channel) -> DataFormat | None:
    content_type = channel.content_type or DEFAULT_CONTENT_TYPE
    name, *parameters = (part.strip() for part in content_type.lower().split(";"))
    data_format = _CONTENT_TYPES.get(name)
    label_sizes = [
        value for key, _, value in (part.partition("=") for part in parameters) if key == "label_size"
    ]
    if data_format is DataFormat.CSV and any(size != "1" for size in label_sizes):
        raise UserError(
            f"{content_type} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    return data_format
