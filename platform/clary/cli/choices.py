"""Settings as the user chose them: the environment, with the command's options on top."""

from typing import TYPE_CHECKING, Any

from clary.cli.output import fail

# Pydantic takes longer to import than most commands take to run: it is imported where settings are read.
if TYPE_CHECKING:
    from clary.settings import Settings


def load_settings(**options: Any) -> "Settings":
    """The settings; an option that is None was not given. Ends the command where a value is bad."""
    from pydantic import ValidationError

    from clary.settings import Settings

    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        fail("\n".join(_explain(problem) for problem in error.errors()), code=2)


def environment_of(settings: "Settings") -> dict[str, str]:
    """The settings as CLARY_* variables, complete, for a child process."""
    values = settings.model_dump(mode="json") | {
        "data_dir": str(settings.folder),
        "database_url": settings.sqlalchemy_url,
    }
    return {f"CLARY_{name.upper()}": str(value) for name, value in values.items() if value is not None}


def _explain(problem: Any) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    variable = name if name.startswith("CLARY_") else f"CLARY_{name.upper()}"
    return f"{variable} (--{name.replace('_', '-')}): {problem['msg']}, got {problem['input']!r}"
