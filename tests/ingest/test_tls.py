"""TLS with client certificates, passwords, and topic rights: against a real mosquitto."""

import datetime
import ipaddress
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from coldwitness.config.settings import MqttSettings
from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.mqtt.broker_check import question_broker
from coldwitness.ingest.mqtt.credentials import tls_context
from coldwitness.ingest.sides import ReceivingSide
from tests.ingest.conftest import Mosquitto, settings_for, shipped_limits, wait_until

NOW = datetime.datetime.now(tz=datetime.UTC)
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def certificate(name: str, *, issuer: Pair | None = None) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing_name, signing_key = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    ca = issuer is None
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signing_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False,
                encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
        .sign(signing_key, hashes.SHA256())
    )  # fmt: skip
    return made, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca, server, worker (signed by ca) and stranger (signed by itself)."""
    folder = tmp_path_factory.mktemp("certificates")
    ca = certificate("test ca")
    for name, (made, key) in {
        "ca": ca,
        "server": certificate("server", issuer=ca),
        "worker": certificate("worker", issuer=ca),
        "stranger": certificate("stranger"),
    }.items():
        pem = serialization.Encoding.PEM
        (folder / f"{name}.crt").write_bytes(made.public_bytes(pem))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
    return folder


@pytest.fixture
def tls_broker(certificates: Path, tmp_path: Path) -> Iterator[Mosquitto]:
    door = (
        f"cafile {certificates}/ca.crt\ncertfile {certificates}/server.crt\n"
        f"keyfile {certificates}/server.key\nrequire_certificate true\n"
    )
    limits = shipped_limits() + "\nallow_anonymous true"
    with Mosquitto(tmp_path / "mosquitto", limits, door=door) as broker:
        yield broker


def tls_settings(certificates: Path, name: str) -> dict[str, Any]:
    return {
        "tls": True,
        "ca_file": certificates / "ca.crt",
        "certificate_file": certificates / f"{name}.crt",
        "key_file": certificates / f"{name}.key",
    }


def test_a_worker_with_a_certificate_receives_over_tls(
    tls_broker: Mosquitto, certificates: Path, tmp_path: Path
) -> None:
    receiving = ReceivingSide(
        settings_for(tls_broker.port, tmp_path, **tls_settings(certificates, "worker"))
    )
    receiving.start()
    try:
        wait_until(lambda: receiving.broker.connected)
        for number in range(3):
            subprocess.run(
                [
                    "mosquitto_pub",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    str(tls_broker.port),
                    "-q",
                    "1",
                    "--cafile",
                    f"{certificates}/ca.crt",
                    "--cert",
                    f"{certificates}/worker.crt",
                    "--key",
                    f"{certificates}/worker.key",
                    "-t",
                    "coldchain/v1/c/b/readings",
                    "-m",
                    f"{number}" * (60000 if number else 1),
                ],
                check=True,
            )
        wait_until(lambda: receiving.receiver.counts.journalled == 3)
    finally:
        receiving.stop()


def test_a_stranger_stays_outside_and_the_problem_is_said(
    tls_broker: Mosquitto, certificates: Path, tmp_path: Path
) -> None:
    receiving = ReceivingSide(
        settings_for(tls_broker.port, tmp_path, **tls_settings(certificates, "stranger"))
    )
    receiving.start()
    try:
        wait_until(lambda: bool(receiving.broker.last_problem))
        assert not receiving.broker.connected
    finally:
        receiving.stop()


def test_a_certificate_file_that_is_missing_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mqtt TLS files"):
        tls_context(MqttSettings(tls=True, ca_file=tmp_path / "nothing"))


def test_a_wrong_password_is_said_with_its_mend(guarded: Mosquitto, tmp_path: Path) -> None:
    receiving = ReceivingSide(
        settings_for(guarded.port, tmp_path, username="coldwitness-ingest", password="no")
    )
    receiving.start()
    try:
        wait_until(lambda: "mqtt.password_file" in receiving.broker.last_problem)
    finally:
        receiving.stop()


def test_the_shipped_rights_are_enough_for_a_worker_and_for_the_doctor(
    guarded: Mosquitto, tmp_path: Path
) -> None:
    secret = tmp_path / "password"
    secret.write_text("pw\n", encoding="utf-8")
    settings = settings_for(
        guarded.port, tmp_path, username="coldwitness-ingest", password_file=secret
    )
    receiving = ReceivingSide(settings)
    receiving.start()
    try:
        wait_until(lambda: receiving.broker.connected)
        for name, number in (("ql-express", 1), ("other", 2)):
            subprocess.run(
                [
                    "mosquitto_pub",
                    "-p",
                    str(guarded.port),
                    "-q",
                    "1",
                    "-u",
                    "ql-express",
                    "-P",
                    "pw",
                    "-t",
                    f"coldchain/v1/{name}/BX-1/readings",
                    "-m",
                    str(number),
                ],
                check=True,
            )
        wait_until(lambda: receiving.receiver.counts.journalled == 1)
        answers = question_broker(settings.mqtt, ["coldchain/v1/#"])
        assert (answers.problem, answers.refused_topics) == ("", [])
        assert answers.kept == 1200
        assert receiving.receiver.counts.journalled == 1
    finally:
        receiving.stop()


def test_the_doctor_sees_stock_limits_and_a_broker_that_is_not_there(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "stock", "allow_anonymous true") as broker:
        settings = MqttSettings(port=broker.port)
        answers = question_broker(settings, ["coldchain/v1/#"])
        assert answers.protocol == "5"
        assert answers.kept == 1000
    assert "cannot connect" in question_broker(settings, []).problem
