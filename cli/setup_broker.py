"""`coldwitness setup broker`: a broker's configuration in which each courier is held to its own."""

import os
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.identifiers import require_id
from coldwitness.ingest.mqtt.broker_rights import (
    WORKER,
    mosquitto_configuration,
    mosquitto_passwords,
    mosquitto_rights,
    nats_configuration,
)
from coldwitness.ingest.mqtt.certificates import (
    Certified,
    authority,
    client_certificate,
    read_certified,
    server_certificate,
)
from coldwitness.ingest.routes import Routes

Kind = Literal["mosquitto", "nats"]


def set_up_broker(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="where the files are written, or written anew")],
    kind: Annotated[str, typer.Option("--kind", help="mosquitto or nats")] = "mosquitto",
    courier: Annotated[
        list[str] | None, typer.Option("--courier", help="courier id that may publish; repeat it")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="host name or address of the broker")
    ] = None,
    listen: Annotated[str, typer.Option("--listen", help="address it listens on")] = "0.0.0.0",  # noqa: S104
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="MQTT over TLS")] = 8883,
    certificates: Annotated[
        bool,
        typer.Option("--client-certificates", help="ask each courier for a certificate of ours"),
    ] = False,
) -> None:
    """Write configuration, rights, passwords and certificates of a broker.

    A courier's gateway signs in with its courier id and publishes under that id alone. Run it again
    with all couriers to add or take away some: passwords and certificates that are there stay.
    """
    if kind not in ("mosquitto", "nats"):
        raise BadInput(f"--kind: expected mosquitto or nats, got {kind[:40]!r}")
    couriers = [require_id(one, what="--courier") for one in courier or ()]
    if not couriers:
        raise BadInput("--courier: expected at least one courier id")
    filters = Routes(settings_of(context).formats).filters()
    place = folder.resolve()
    data = place / "data"
    try:
        data.mkdir(parents=True, exist_ok=True)
        (place / "clients").mkdir(mode=0o700, exist_ok=True)
        passwords = {user: _password(place, user) for user in (WORKER, *couriers)}
        _certificates(place, [*(name or ["localhost"])], couriers)
        if kind == "mosquitto":
            _write(
                place / "mosquitto.conf",
                mosquitto_configuration(
                    place, data=data, host=listen, port=port, certificates=certificates
                ),
            )
            _write(place / "coldwitness.acl", mosquitto_rights(filters))
            _write(place / "passwords", mosquitto_passwords(passwords))
        else:
            _write(
                place / "nats-server.conf",
                nats_configuration(
                    place,
                    passwords,
                    filters,
                    data=data,
                    host=listen,
                    port=port,
                    certificates=certificates,
                ),
            )
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written: {error.strerror}") from error
    _say(place, kind, port, couriers)


def _say(place: Path, kind: str, port: int, couriers: Sequence[str]) -> None:
    start = (
        f"mosquitto -c {place}/mosquitto.conf"
        if kind == "mosquitto"
        else f"nats-server -c {place}/nats-server.conf"
    )
    typer.echo(f"broker: {start}   (its files belong to the user that runs it)")
    typer.echo(
        f"settings: [mqtt] port = {port}, tls = true, ca_file = {str(place / 'ca.crt')!r}, username"
        f" = {WORKER!r}, password_file = {str(_password_file(place, WORKER))!r}"
    )
    for courier in couriers:
        typer.echo(
            f"courier {courier}: user name {courier}, {_password_file(place, courier)},"
            f" {place / 'ca.crt'}, {place / 'clients' / courier}.crt and .key"
        )
    typer.echo("afterwards: `coldwitness doctor`")


def _certificates(place: Path, names: Sequence[str], couriers: Sequence[str]) -> None:
    """Those that are missing; the broker's is made anew for the names it has now."""
    now = datetime.fromtimestamp(time.time(), tz=UTC)
    ours = place / "ca.crt", place / "ca.key"
    if all(path.exists() for path in ours):
        by = read_certified(*ours)
    else:
        by = authority(now)
        _keep(by, *ours)
    _keep(server_certificate(by, names, now), place / "server.crt", place / "server.key")
    for user in (WORKER, *couriers):
        files = place / "clients" / f"{user}.crt", place / "clients" / f"{user}.key"
        if not all(path.exists() for path in files):
            _keep(client_certificate(by, user, now), *files)


def _keep(made: Certified, certificate: Path, key: Path) -> None:
    certificate.write_bytes(made.certificate_pem)
    _write(key, made.key_pem.decode("ascii"))


def _password(place: Path, user: str) -> str:
    """The one that is there, else a new one."""
    file = _password_file(place, user)
    if not file.exists():
        _write(file, secrets.token_urlsafe(24) + "\n")
    return file.read_text(encoding="utf-8").strip()


def _password_file(place: Path, user: str) -> Path:
    return place / "clients" / f"{user}.password"


def _write(path: Path, text: str) -> None:
    """For its owner alone."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
