"""Which file a key becomes inside a folder."""

from clary.kernel.errors import ClientFault

_LONGEST_PART = 255


def local_name(key: str, prefix: str) -> str:
    """The relative path of ``key`` in a channel whose S3Uri has the key ``prefix``.

    The prefix as a folder is left out: ``data/train/a/b.csv`` under ``data/train`` is ``a/b.csv``. A key
    equal to the prefix is its own last part, and a prefix that ends inside a name keeps that name:
    ``data/train-1.csv`` under ``data/train`` is ``train-1.csv``.
    """
    if key.startswith(f"{prefix}/"):
        return key[len(prefix) + 1 :]
    return key[prefix.rfind("/") + 1 :]


def safe_name(name: str) -> str:
    """``name`` without empty and ``.`` parts; :class:`ClientFault` where that can be no file below."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    too_long = any(len(part.encode()) > _LONGEST_PART for part in parts)
    if not parts or ".." in parts or "\0" in name or too_long:
        raise ClientFault(f'Data download failed: the key "{name}" cannot be a file in a folder')
    return "/".join(parts)
