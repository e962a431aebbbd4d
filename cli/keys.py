"""`coldwitness keys`: API clients, their roles, and whose they are."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.grants import LOCAL, Grant, require_grant, require_name
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.decided import JournalledRegister, open_decision_log
from coldwitness.storage.people_ports import ClientKey
from coldwitness.storage.ports import Register
from coldwitness.storage.register import open_register

DAY_MS = 86_400_000
app = typer.Typer(
    help="接口密钥。Keys of API clients: who they are, and what they may see.", no_args_is_help=True
)
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON line each, for machines")]


@contextmanager
def administered(settings: Settings) -> Iterator[Register]:
    """The register as `serve` opens it: what is changed here stands in the journal too."""
    register = open_register(settings.store.register_url)
    try:
        with open_decision_log(settings.journal, register) as log:
            yield JournalledRegister(register, log)
    finally:
        register.close()


@app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="of the client, as the audit trail names it")],
    role: Annotated[
        str, typer.Option("--role", help="courier, platform, inspector, case_system or admin")
    ],
    courier: Annotated[
        str | None, typer.Option("--courier", help="its courier id (role courier)")
    ] = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="its name in manifests (role platform)")
    ] = None,
    division: Annotated[
        list[str] | None,
        typer.Option(
            "--division", help="GB/T 2260 code, with those below it (inspector, case_system)"
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="ends after so many days")
    ] = None,
) -> None:
    """Make a key. It is printed this once and kept nowhere: only its digest is."""
    grant = require_grant(Grant(role, courier, platform, tuple(division or ())))  # type: ignore[arg-type]
    require_name(name)
    with administered(settings_of(context)) as register:
        if any(key.name == name and _opens(key, now_ms()) for key in register.client_keys.all()):
            raise BadInput(f"{name}: has a key; `coldwitness keys rotate` gives it another")
        at_ms = now_ms()
        _made(register, name, grant, at_ms, None if days is None else at_ms + days * DAY_MS)


@app.command("rotate")
def rotate(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="id of the key, k_…")],
    overlap_h: Annotated[
        float, typer.Option("--overlap-hours", min=0, max=720, help="the old one opens so long yet")
    ] = 0.0,
) -> None:
    """Give a client another key in place of one; its role stays."""
    with administered(settings_of(context)) as register:
        old = _known(register, key)
        at_ms = now_ms()
        if not _opens(old, at_ms):
            raise BadInput(f"{key}: has ended; make a new one with `coldwitness keys add`")
        _made(register, old.name, old.grant, at_ms, old.ends_ms)
        register.client_keys.end(key, at_ms=at_ms + round(overlap_h * 3_600_000))
        _note(register, "end_key", f"{key} {old.name} {old.grant.shown}", at_ms)


@app.command("revoke")
def revoke(
    context: typer.Context, key: Annotated[str, typer.Argument(help="id of the key, k_…")]
) -> None:
    """From now on the key opens nothing."""
    with administered(settings_of(context)) as register:
        old = _known(register, key)
        at_ms = now_ms()
        register.client_keys.end(key, at_ms=at_ms)
        _note(register, "end_key", f"{key} {old.name} {old.grant.shown}", at_ms)
    typer.echo(f"{key}: opens nothing any more")


@app.command("list")
def list_keys(context: typer.Context, as_json: JsonOption = False) -> None:
    """All keys that were ever made, without what they are."""
    register = open_register(settings_of(context).store.register_url)
    try:
        found = register.client_keys.all()
    finally:
        register.close()
    for key in found:
        opens = _opens(key, now_ms())
        if as_json:
            told = asdict(key) | {"opens": opens, "made_at": rfc3339(key.made_ms)}
            told["ends_at"] = None if key.ends_ms is None else rfc3339(key.ends_ms)
            del told["made_ms"], told["ends_ms"]
            typer.echo(json.dumps(told, ensure_ascii=False))
            continue
        end = "" if key.ends_ms is None else f"  {'until' if opens else 'ended'} "
        end += "" if key.ends_ms is None else rfc3339(key.ends_ms)
        typer.echo(f"{key.id}  {key.name}  {key.grant.shown}  by {key.made_by}{end}")


def _made(register: Register, name: str, grant: Grant, at_ms: int, ends_ms: int | None) -> None:
    secret = new_key()
    key = register.client_keys.add(
        name, grant, digest=digest_of(secret) or "", by=LOCAL, now_ms=at_ms, ends_ms=ends_ms
    )
    _note(register, "add_key", f"{key.id} {name} {grant.shown}", at_ms)
    typer.echo(f"{key.id} ({name}, {grant.shown}), shown this once:", err=True)
    typer.echo(secret)


def _known(register: Register, key: str) -> ClientKey:
    found = register.client_keys.one(key)
    if found is None:
        raise BadInput(f"{key[:40]}: there is no such key; `coldwitness keys list` names them")
    return found


def _note(register: Register, action: str, subject: str, at_ms: int) -> None:
    register.audit.note(actor=LOCAL, action=action, subject=subject, now_ms=at_ms)


def _opens(key: ClientKey, at_ms: int) -> bool:
    return key.ends_ms is None or key.ends_ms > at_ms


def now_ms() -> int:
    """UTC epoch ms."""
    return time.time_ns() // 1_000_000
