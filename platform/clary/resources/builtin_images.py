"""Which images are Clary's own, and their metric definitions: ``metrics.toml`` beside the Dockerfile."""

import tomllib
from functools import cache

from clary.kernel.errors import ClientFault
from clary.runtimes import catalog
from clary.shipped import find_folder


def is_builtin(image: str) -> bool:
    """Whether the image is one of Clary's own algorithms."""
    found = _find(image)
    return found is not None and found.algorithm is not None


def metric_definitions(image: str) -> list[dict[str, str]]:
    """The definitions that belong to a built-in image; none for others."""
    found = _find(image)
    return _read(found.folder) if found else []


def _find(image: str) -> catalog.CatalogImage | None:
    try:
        return catalog.resolve(image)
    except ClientFault:
        return None


@cache
def _read(folder: str) -> list[dict[str, str]]:
    path = find_folder("containers") / folder / "metrics.toml"
    if not path.exists():
        return []
    templates = tomllib.loads(path.read_text())["metrics"]
    return [
        {
            "Name": template["name"].replace("{metric}", value),
            "Regex": template["regex"].replace("{metric}", value),
        }
        for template in templates
        for value in template.get("values", [""])
    ]
