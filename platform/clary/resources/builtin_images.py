"""Which images are Clary's own, and their metric definitions: ``metrics.toml`` beside the Dockerfile."""

import tomllib
from functools import cache

from clary.kernel.errors import ClientFault
from clary.runtimes import catalog
from clary.shipped import find_folder


def is_builtin(image: str) -> bool:
    """Whether the image is one of Clary's own algorithms."""
    try:
        return catalog.resolve(image) is not None
    except ClientFault:
        return False


def metric_definitions(image: str) -> list[dict[str, str]]:
    """The definitions that belong to a built-in image; none for others."""
    try:
        found = catalog.resolve(image)
    except ClientFault:
        return []
    return _read(found.folder) if found else []


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
