"""What ``clary up`` says once the platform answers."""

from pathlib import Path

from clary import __version__
from clary.supervisor.keys import AccessKey


def format_banner(url: str, *, account: str, region: str, key: AccessKey, folder: Path) -> str:
    """The platform's address and keys, one a line, ended by a line break."""
    option = "" if folder == Path("~/.clary").expanduser() else f" --data-dir {folder}"
    rows = (
        ("account", account),
        ("region", region),
        ("access key id", key.access_key_id),
        ("secret access key", key.secret_access_key),
        ("data folder", str(folder)),
    )
    lines = [f"Clary {__version__} is ready at {url}", ""]
    lines += [f"  {name:<18} {value}" for name, value in rows]
    lines += ["", f"  Run any AWS client against it:  clary run{option} COMMAND"]
    lines += [f'  Or point boto3 and the AWS CLI at it:  eval "$(clary env{option})"', ""]
    return "\n".join(lines)
