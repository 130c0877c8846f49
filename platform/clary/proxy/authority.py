"""The certificate authority of one data folder, and the certificates it signs for AWS's names."""

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from clary.aws.hosts import DOMAINS
from clary.supervisor.files import write_once

# It is made once and for all; the certificates live in one process's memory.
AUTHORITY_DAYS = 36500
CERTIFICATE_DAYS = 365
KEPT_CONTEXTS = 512

# Clocks differ a little.
_EARLIER = timedelta(days=1)


class Authority:
    """Signs certificates for the names of AWS; its own certificate allows no others."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key
        # A server's TLS context for a name.
        self.context = lru_cache(maxsize=KEPT_CONTEXTS)(self._make_context)

    @classmethod
    def make(cls) -> "Authority":
        """A new authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        # Unique, as authorities of several folders may end up in one trust store.
        name = _name(f"Clary authority {x509.random_serial_number():x}"[:64])
        builder = _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        permitted = [x509.DNSName(domain) for domain in DOMAINS]
        for extension in (
            x509.BasicConstraints(ca=True, path_length=0),
            _usage(signs_certificates=True),
            x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None),
        ):
            builder = builder.add_extension(extension, critical=True)
        return cls(builder.sign(key, SHA256()), key)

    @classmethod
    def load(cls, pem: bytes) -> "Authority":
        """The authority that :meth:`to_pem` wrote."""
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is not an elliptic curve's")
        return cls(x509.load_pem_x509_certificate(pem), key)

    def to_pem(self) -> str:
        """Private key and certificate."""
        return _key_pem(self._key) + self.certificate_pem

    @property
    def certificate_pem(self) -> str:
        """What clients must trust."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def _make_context(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = self._certificate.subject
        builder = _builder(_name("Clary"), subject, key.public_key(), CERTIFICATE_DAYS)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(issuer, critical=False)
        )
        certificate = builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM).decode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # The gateway speaks no other.
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(_key_pem(key) + certificate + self.certificate_pem)
            file.flush()
            context.load_cert_chain(file.name)
        return context


def keep_authority(path: Path) -> Authority:
    """The authority in the file; made and written, for its owner's eyes alone, where there is none."""
    if not path.exists():
        write_once(path, Authority.make().to_pem(), mode=0o600)
    return Authority.load(path.read_bytes())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
