"""Identifiers: short, unguessable, safe in file, container and host names."""

import secrets

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_uid(length: int = 20) -> str:
    """A random lower-case identifier; 20 characters carry about 103 bits."""
    number = secrets.randbelow(len(_ALPHABET) ** length)
    letters = []
    for _ in range(length):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)
