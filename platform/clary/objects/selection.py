"""Which objects of a channel one host gets, and what they are called in its folder."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from clary.kernel.errors import ClientFault, ValidationError
from clary.objects.faults import job_faults
from clary.objects.listing import S3Object, find_objects, no_objects_message
from clary.objects.manifests import parse_augmented, parse_manifest, references
from clary.objects.names import local_name
from clary.objects.uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Entry:
    """An object, as listed or only named, and the relative path it takes."""

    source: S3Object | S3Uri
    name: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What one host gets: objects to fetch, and texts to write by their relative path."""

    entries: Iterable[Entry]
    texts: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """How a channel's items are ordered and dealt out: every host draws the same order and takes its turn."""

    host_index: int
    step: int
    seed: int | None

    @classmethod
    def of(cls, channel: dict[str, Any], host_index: int, host_count: int) -> "Share":
        """The share of one host by the channel's S3DataDistributionType and ShuffleConfig."""
        sharded = channel_source(channel).get("S3DataDistributionType") == "ShardedByS3Key"
        seed = channel.get("ShuffleConfig", {}).get("Seed")
        return cls(host_index, host_count, seed) if sharded else cls(0, 1, seed)

    def of_items(self, items: Iterable[Item]) -> Iterator[Item]:
        """This host's items; without a seed they are dealt in the order given, without holding them."""
        if self.seed is not None:
            items = list(items)
            random.Random(self.seed).shuffle(items)  # noqa: S311 - the order is data, not a secret
        return islice(items, self.host_index, None, self.step)


def channel_source(channel: dict[str, Any]) -> dict[str, Any]:
    """The channel's S3DataSource; :class:`ClientFault` for a source or mode that is not staged from S3."""
    name = channel.get("ChannelName", "")
    if channel.get("InputMode") == "Pipe":
        raise ClientFault(f"Pipe input mode of channel {name} is not supported; use File or FastFile.")
    source: dict[str, Any] | None = channel.get("DataSource", {}).get("S3DataSource")
    if source is None:
        raise ClientFault(f"The data source of channel {name} is not supported; use S3DataSource.")
    return source


def channel_uri(channel: dict[str, Any]) -> S3Uri:
    """The channel's S3Uri, parsed."""
    try:
        return S3Uri.parse(channel_source(channel)["S3Uri"])
    except ValidationError as error:
        raise ClientFault(error.message) from error


def select(s3: "S3Client", channel: dict[str, Any], share: Share) -> Selection:
    """What the host of this share gets of the channel, by its S3DataType; a prefix is listed lazily."""
    source, uri = channel_source(channel), channel_uri(channel)
    match source["S3DataType"]:
        case "S3Prefix":
            return _select_prefix(s3, uri, share)
        case "ManifestFile":
            prefix, names = parse_manifest(_read(s3, uri), uri)
            entries = (Entry(S3Uri(prefix.bucket, prefix.key + name), name) for name in share.of_items(names))
            return Selection(entries)
        case "AugmentedManifestFile":
            records = parse_augmented(_read(s3, uri), uri, source.get("AttributeNames", ()))
            return _select_records(list(share.of_items(records)), uri)
        case other:
            raise ClientFault(
                f"S3DataType {other} of a channel is not supported; use S3Prefix or a manifest."
            )


def _select_prefix(s3: "S3Client", uri: S3Uri, share: Share) -> Selection:
    # A key that ends in a slash is how consoles show an empty folder.
    files = (found for found in _list(s3, uri) if not found.key.endswith("/"))
    first = next(files, None)
    if first is None:
        raise ClientFault(no_objects_message(uri))
    shared = share.of_items(chain((first,), files))
    return Selection(Entry(found, local_name(found.key, uri.key)) for found in shared)


def _select_records(records: list[dict[str, Any]], uri: S3Uri) -> Selection:
    text = "".join(f"{json.dumps(record)}\n" for record in records).encode()
    entries = (Entry(found, f"{found.bucket}/{found.key}") for found in references(records, uri))
    return Selection(entries, texts=((uri.basename, text),))


def _list(s3: "S3Client", uri: S3Uri) -> Iterator[S3Object]:
    with job_faults("Data download", uri):
        yield from find_objects(s3, uri)


def _read(s3: "S3Client", uri: S3Uri) -> bytes:
    with job_faults("Data download", uri):
        return s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()
