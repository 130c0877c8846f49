"""The Python that a caller's own programs run with: a virtual environment over the platform's packages."""

import site
import sysconfig
import venv
from pathlib import Path

_NAME = ".python"
# A script of pip's own would name the environment that it was installed in.
_PIP = '#!/bin/sh\nexec "$(dirname "$0")/python3" -m pip "$@"\n'


def make_python(scratch: Path) -> None:
    """Create an environment in ``scratch``, the container's ``/tmp``, that ``pip install`` writes to.

    It sees the packages beside the platform; those installed into it come first. It works wherever
    ``scratch`` is moved to.
    """
    folder = scratch / _NAME
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    (packages / "platform.pth").write_text("".join(f"{path}\n" for path in _platform_packages()))
    for name in ("pip", "pip3"):
        script = folder / "bin" / name
        script.write_text(_PIP)
        script.chmod(0o755)


def python_path(scratch: str) -> str:
    """The folder of its commands, for the PATH of a container that sees ``scratch`` at that path."""
    return f"{scratch}/{_NAME}/bin"


def _platform_packages() -> list[str]:
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [*user, *site.getsitepackages()]
