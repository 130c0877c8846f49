"""docs/settings.md: every CLARY_* variable."""

from clary.settings import Settings
from pages import NOTICE

HEAD = """# Settings

Every setting is an environment variable; `clary up` has options for the commonest, which win over it.
`clary up` reads them once, so a change needs a restart.

| variable | default | meaning |
|---|---|---|
"""


def render() -> str:
    """The page."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `CLARY_{name.upper()}` | {default} | {field.description} |\n")
    return NOTICE + HEAD + "".join(rows)
