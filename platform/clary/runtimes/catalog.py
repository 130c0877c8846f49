"""Which of Clary's algorithms an image URI means."""

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


@dataclass(frozen=True, slots=True)
class CatalogImage:
    """An image of AWS's registries that Clary has too.

    ``repository`` and ``tag`` are what the URI said, less an ending without meaning (``-cpu-py3``);
    ``algorithm`` is the argument of ``python -m clary_algorithms``; ``folder`` the build folder under
    ``containers/``; ``extra`` the extra of the distribution that it needs; ``name`` the local image's name.
    """

    repository: str
    tag: str
    algorithm: str
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
    algorithm: str
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
            algorithm=algorithm,
            folder=table["folder"],
            extra=table["extra"],
            tags=frozenset(entry["tags"]),
            suffixes=tuple(entry.get("suffixes", ())),
        )
        for algorithm, table in tables.items()
        for entry in table["repositories"]
    }


def resolve(uri: str) -> CatalogImage | None:
    """What an image URI means: a catalog image, or None for the user's own.

    Raises ClientFault, in AWS's words, for a URI of an AWS registry that the catalog doesn't hold.
    """
    parts = _AWS_REGISTRY.match(uri)
    if parts is None:
        return None
    entry = _repositories().get(parts["repository"])
    tag = None if entry is None or parts["digest"] else entry.match(parts["tag"] or "latest")
    if entry is None or tag is None:
        raise missing_image(uri)
    return CatalogImage(
        repository=parts["repository"],
        tag=tag,
        algorithm=entry.algorithm,
        folder=entry.folder,
        extra=entry.extra,
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
