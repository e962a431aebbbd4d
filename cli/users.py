"""`coldwitness users`: people who sign in, their roles, and whose they are."""

import json
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.api.http.passwords import hashed
from coldwitness.cli.keys import JsonOption, administered, now_ms
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.grants import LOCAL, Grant, require_grant, require_name
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.personal_data import holds_a_number_of_a_person
from coldwitness.storage.people_ports import Person
from coldwitness.storage.ports import Register
from coldwitness.storage.register import open_register

app = typer.Typer(
    help="人员账号。People who sign in: who they are, and what they may see.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="badge name; reviews and the audit trail keep it")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="read it there; else it is asked for, or made"),
]


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[
        str, typer.Option("--role", help="courier, platform, inspector, case_system or admin")
    ],
    courier: Annotated[str | None, typer.Option("--courier", help="its courier id")] = None,
    platform: Annotated[
        str | None, typer.Option("--platform", help="its name in manifests")
    ] = None,
    division: Annotated[
        list[str] | None,
        typer.Option("--division", help="GB/T 2260 code, with those below it"),
    ] = None,
    password_file: PasswordFile = None,
    openid: Annotated[
        bool, typer.Option("--openid", help="signs in at the provider of the settings alone")
    ] = False,
) -> None:
    """Let somebody sign in. Without a password file and a terminal, one is made and shown once."""
    settings = settings_of(context)
    grant = require_grant(Grant(role, courier, platform, tuple(division or ())))  # type: ignore[arg-type]
    require_name(name)
    if holds_a_number_of_a_person(name):
        raise BadInput("name: expected a badge name, not a telephone or identity number")
    if openid and settings.openid is None:
        raise BadInput("--openid: no provider is set (openid)")
    password, made = ("", False) if openid else _password(password_file)
    kept = None
    if not openid:
        kept = hashed(password, name=name, length=settings.sign_in.password_length)
    with administered(settings) as register:
        at_ms = now_ms()
        if not register.people.add(name, grant, password=kept, by=LOCAL, now_ms=at_ms):
            raise BadInput(f"{name}: there is somebody of this name")
        _note(register, "add_person", f"{name} {grant.shown}", at_ms)
    if openid:
        typer.echo(f"{name}: signs in at {settings.openid.called}")  # type: ignore[union-attr]
    else:
        _shown(name, password, made=made)


@app.command("password")
def password(context: typer.Context, name: Name, password_file: PasswordFile = None) -> None:
    """Set another password; open sessions end, and the name is not locked any more."""
    settings = settings_of(context)
    with administered(settings) as register:
        _known(register, name)
        typed, made = _password(password_file)
        kept = hashed(typed, name=name, length=settings.sign_in.password_length)
        register.people.set_password(name, kept)
        register.people.end_all_of(name)
        _note(register, "set_password", name, now_ms())
    _shown(name, typed, made=made)


@app.command("disable")
def disable(context: typer.Context, name: Name) -> None:
    """Nobody signs in under the name any more, and its sessions end; what it did stays its."""
    with administered(settings_of(context)) as register:
        _known(register, name)
        at_ms = now_ms()
        register.people.disable(name, at_ms=at_ms)
        _note(register, "disable_person", name, at_ms)
    typer.echo(f"{name}: disabled")


@app.command("enable")
def enable(context: typer.Context, name: Name) -> None:
    """Let somebody who was disabled sign in again."""
    with administered(settings_of(context)) as register:
        _known(register, name)
        register.people.disable(name, at_ms=None)
        _note(register, "enable_person", name, now_ms())
    typer.echo(f"{name}: may sign in")


@app.command("list")
def list_people(context: typer.Context, as_json: JsonOption = False) -> None:
    """Everybody who may or might sign in."""
    register = open_register(settings_of(context).store.register_url)
    try:
        found = register.people.all()
    finally:
        register.close()
    for person in found:
        disabled = person.disabled_ms is not None
        if as_json:
            told = {"name": person.name, "grant": asdict(person.grant), "disabled": disabled}
            told |= {"made_at": rfc3339(person.made_ms), "made_by": person.made_by}
            typer.echo(json.dumps(told, ensure_ascii=False))
            continue
        typer.echo(f"{person.name}  {person.grant.shown}{'  disabled' if disabled else ''}")


def _known(register: Register, name: str) -> Person:
    found = register.people.one(name)
    if found is None:
        raise BadInput(f"{name[:64]}: there is nobody of this name; `coldwitness users list`")
    return found


def _password(file: Path | None) -> tuple[str, bool]:
    """What was typed or stands in the file, else a new one; and whether it is new."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n"), False
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"--password-file {file}: cannot be read: {error}") from error
    if sys.stdin.isatty():
        typed: str = typer.prompt("密码 password", hide_input=True, confirmation_prompt=True)
        return typed, False
    return secrets.token_urlsafe(15), True


def _shown(name: str, password: str, *, made: bool) -> None:
    if made:
        typer.echo(f"password of {name}, shown this once:", err=True)
        typer.echo(password)
    else:
        typer.echo(f"{name}: password set")


def _note(register: Register, action: str, subject: str, at_ms: int) -> None:
    register.audit.note(actor=LOCAL, action=action, subject=subject, now_ms=at_ms)
