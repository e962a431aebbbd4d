"""An authority of one's own for a broker: its certificate, the broker's, and one a client."""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from coldwitness.domain.errors import BadInput

_DAY = datetime.timedelta(days=1)
AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 825


@dataclass(frozen=True)
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def read_certified(certificate: Path, key: Path) -> Certified:
    """Both from their PEM files. Raises BadInput naming what cannot be read."""
    try:
        kept = serialization.load_pem_private_key(key.read_bytes(), password=None)
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise BadInput(f"{certificate}: cannot be read with its key: {error}") from error
    if not isinstance(kept, ec.EllipticCurvePrivateKey):
        raise BadInput(f"{key}: expected a key on an elliptic curve")
    return Certified(found, kept)


def authority(now: datetime.datetime) -> Certified:
    """A new authority that certifies this broker and its clients alone."""
    return _certified("ColdWitness broker authority", None, now, AUTHORITY_DAYS, ())


def server_certificate(by: Certified, names: Sequence[str], now: datetime.datetime) -> Certified:
    """For a broker under these host names and addresses."""
    return _certified(names[0], by, now, CERTIFICATE_DAYS, names)


def client_certificate(by: Certified, name: str, now: datetime.datetime) -> Certified:
    """For one client: the name is its user name."""
    return _certified(name, by, now, CERTIFICATE_DAYS, ())


def _certified(
    name: str, by: Certified | None, now: datetime.datetime, days: int, hosts: Sequence[str]
) -> Certified:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    issuer, signer = (subject, key) if by is None else (by.certificate.subject, by.key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=by is None,
                crl_sign=by is None,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if by is not None:
        usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return Certified(builder.sign(signer, hashes.SHA256()), key)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
