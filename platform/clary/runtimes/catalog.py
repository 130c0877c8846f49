"""Which of Clary's images an image URI means."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from clary.kernel.errors import ClientFault
from clary.shipped import find_folder

_AWS_REGISTRY = re.compile(
    r"^\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>.+))?$"
)
_OWN = re.compile(r"^(?P<repository>clary/[^:@]+)(?::(?P<tag>[^:@]+))?$")


@dataclass(frozen=True, slots=True)
class CatalogImage:
    """An image of AWS's registries that Clary has too.

    ``repository`` and ``tag`` are what the URI said, less an ending without meaning (``-cpu-py3``);
    ``algorithm`` is the argument of ``python -m clary_algorithms``, None for an image without a program of
    its own, which runs its caller's; ``folder`` the build folder under ``containers/``; ``extra`` the extra
    of the distribution that it needs; ``name`` the local image's name.
    """

    repository: str
    tag: str
    algorithm: str | None
    folder: str
    extra: str

    @property
    def name(self) -> str:
        """Name of the local image that serves it, without tag."""
        return f"clary/{self.folder}"

    @property
    def environment(self) -> dict[str, str]:
        """What the algorithm's program is told of the URI that it was started by."""
        return {"CLARY_IMAGE_REPOSITORY": self.repository, "CLARY_IMAGE_TAG": self.tag}


@dataclass(frozen=True, slots=True)
class _Repository:
    algorithm: str | None
    folder: str
    extra: str
    tags: frozenset[str]
    suffixes: tuple[str, ...]

    def match(self, tag: str) -> str | None:
        """The tag without an ending that means nothing here; None where AWS has no such tag."""
        for suffix in self.suffixes:
            tag = tag.removesuffix(suffix)
        return tag if "*" in self.tags or tag in self.tags else None


@lru_cache(maxsize=1)
def _repositories() -> dict[str, _Repository]:
    with (find_folder("containers") / "catalog.toml").open("rb") as file:
        tables: dict[str, Any] = tomllib.load(file)
    return {
        entry["name"]: _Repository(
            algorithm=table.get("algorithm"),
            folder=folder,
            extra=table["extra"],
            tags=frozenset(entry["tags"]),
            suffixes=tuple(entry.get("suffixes", ())),
        )
        for folder, table in tables.items()
        for entry in table["repositories"]
    }


def resolve(uri: str) -> CatalogImage | None:
    """What an image URI means: a catalog image, or None for the user's own.

    Raises ClientFault, in AWS's words, for a URI of an AWS registry that the catalog doesn't hold.
    """
    if (own := _OWN.match(uri)) is not None:
        return _find(own["repository"], own["tag"])
    parts = _AWS_REGISTRY.match(uri)
    if parts is None:
        return None
    found = None if parts["digest"] else _find(parts["repository"], parts["tag"])
    if found is None:
        raise missing_image(uri)
    return found


def _find(repository: str, tag: str | None) -> CatalogImage | None:
    entry = _repositories().get(repository)
    known = entry.match(tag or "latest") if entry is not None else None
    if entry is None or known is None:
        return None
    return CatalogImage(
        repository=repository, tag=known, algorithm=entry.algorithm, folder=entry.folder, extra=entry.extra
    )


def missing_image(uri: str) -> ClientFault:
    """The fault that AWS reports for an image that no registry has."""
    return ClientFault(
        f"API error (404): manifest for {uri} not found: manifest unknown: Requested image not found"
    )


def catalog_images() -> list[CatalogImage]:
    """One image for each build folder: what ``clary images`` lists and builds."""
    images: dict[str, CatalogImage] = {}
    for name, entry in _repositories().items():
        tag = "latest" if "*" in entry.tags else max(entry.tags)
        images.setdefault(
            entry.folder,
            CatalogImage(
                repository=name, tag=tag, algorithm=entry.algorithm, folder=entry.folder, extra=entry.extra
            ),
        )
    return list(images.values())
