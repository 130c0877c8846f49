"""The trust stores of a command: the folder's authority beside the public ones, for OpenSSL and for Java."""

import hashlib
import re
import ssl
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import certifi

from clary.supervisor.files import make_private_folder, write_once

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

# Each names a file (or a folder of files) with the authorities that some kind of client trusts.
BUNDLE_VARIABLES = ("AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# It guards nothing: Java wants a password for any store, and this one holds public certificates.
JAVA_PASSWORD = "changeit"  # noqa: S105
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TrustStores:
    """A PEM bundle and a PKCS #12 store with the same certificates."""

    bundle: Path
    java: Path


def authority_path(folder: Path) -> Path:
    """The file of the data folder's certificate authority, private key included."""
    return folder / "tls" / "authority.pem"


def keep_trust_stores(folder: Path, environment: Mapping[str, str]) -> TrustStores:
    """The stores for a command with this environment, made where they are missing.

    They hold the folder's authority, those of the files that the environment names, the system's and
    certifi's. Their names follow from their content: a change of any of these makes new ones.
    """
    make_private_folder(folder / "tls")
    certificates = _read_authority(authority_path(folder))
    for path in _sources(environment):
        certificates += _read(path)
    content = "\n".join([*dict.fromkeys(certificates), ""])
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    stores = TrustStores(folder / "tls" / f"trust-{digest}.pem", folder / "tls" / f"trust-{digest}.p12")
    if not stores.bundle.exists():
        write_once(stores.bundle, content, mode=0o644)
    if not stores.java.exists():
        write_once(stores.java, _to_pkcs12(content), mode=0o644)
    return stores


def _read_authority(path: Path) -> list[str]:
    if not path.exists():
        # Needed on the first run alone, and slow to load.
        from clary.proxy.authority import keep_authority

        keep_authority(path)
    return _read(path)


def _sources(environment: Mapping[str, str]) -> Iterable[Path]:
    """Files with certificates, each once."""
    named = [environment.get(name) for name in BUNDLE_VARIABLES]
    standard = ssl.get_default_verify_paths()
    paths = [Path(name) for name in (*named, standard.cafile, certifi.where()) if name]
    return dict.fromkeys(file for path in paths for file in _files(path.expanduser()))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.iterdir() if file.is_file())
    elif path.exists():
        yield path.resolve()


def _read(path: Path) -> list[str]:
    """The certificates in a file, without keys and remarks."""
    return _CERTIFICATE.findall(path.read_text(errors="replace"))


def _to_pkcs12(content: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

    entries = [
        pkcs12.PKCS12Certificate(certificate, f"authority-{number}".encode())
        for number, certificate in enumerate(_parse(content))
    ]
    # The oldest schemes, which Java 8 reads too: there is nothing secret here.
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(SHA1())  # noqa: S303
        .build(JAVA_PASSWORD.encode())
    )
    return pkcs12.serialize_java_truststore(entries, encryption)


def _parse(content: str) -> "Iterator[Certificate]":
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509 import load_pem_x509_certificate

    for block in _CERTIFICATE.findall(content):
        # Public bundles hold old roots that break today's rules; one that can't be read is of no use to Java.
        with warnings.catch_warnings(), suppress(ValueError):
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            yield load_pem_x509_certificate(block.encode())
