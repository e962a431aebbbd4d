"""`coldwitness setup influx` and `coldwitness db`: databases made ready."""

import os
from pathlib import Path
from typing import Annotated

import typer
from alembic.util import CommandError

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.cli.setup_broker import set_up_broker
from coldwitness.domain.errors import BadInput
from coldwitness.storage.register import migrate
from coldwitness.storage.register.database import Database
from coldwitness.storage.telemetry.influx_setup import set_up_influx

setup = typer.Typer(help="Make servers ready for ColdWitness.", no_args_is_help=True)
setup.command("broker")(set_up_broker)
database = typer.Typer(help="The register's tables.", no_args_is_help=True)


@setup.command("influx")
def setup_influx(
    context: typer.Context,
    username: Annotated[
        str, typer.Option("--username", help="first user of a new InfluxDB 2")
    ] = "coldwitness",
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            help="write a new token here if it is not there yet; else store.influx_token_file",
        ),
    ] = None,
) -> None:
    """Create what is missing in InfluxDB: organisation, bucket, token, retention mapping."""
    settings = settings_of(context).store
    target = token_file or settings.influx_token_file
    if settings.influx_token_file is not None and not settings.influx_token_file.exists():
        settings = settings.model_copy(update={"influx_token_file": None})
    done = set_up_influx(
        settings, username=username, wants_token=target is not None and not target.exists()
    )
    for step in done.steps:
        typer.echo(step)
    if done.password is not None:
        typer.echo(f"password of {username}, shown this once: {done.password}")
    if done.token is None:
        return
    if target is None:
        typer.echo(f"token, shown this once; keep it in a file: {done.token}")
        return
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(done.token + "\n")
    typer.echo(f"token: written to {target}")


@database.command("upgrade")
def db_upgrade(context: typer.Context) -> None:
    """Bring the register's tables to this program's revision."""
    database = _database(context)
    try:
        migrate.upgrade(database)
        typer.echo(f"register {database.shown_url}: at revision {migrate.revision_of(database)}")
    finally:
        database.close()


@database.command("downgrade")
def db_downgrade(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help="such as 0001; base: no tables")],
) -> None:
    """Take the register's tables back to an earlier revision."""
    database = _database(context)
    try:
        migrate.downgrade(database, to=revision)
        shown = migrate.revision_of(database) or "none"
        typer.echo(f"register {database.shown_url}: at revision {shown}")
    except CommandError as error:
        raise BadInput(f"revision {revision!r}: {error}") from error
    finally:
        database.close()


@database.command("revision")
def db_revision(context: typer.Context) -> None:
    """Say at which revision the register is, and which one this program needs."""
    database = _database(context)
    try:
        typer.echo(
            f"register {database.shown_url}: at revision"
            f" {migrate.revision_of(database) or 'none'}, needed {migrate.newest_revision()}"
        )
    finally:
        database.close()


def _database(context: typer.Context) -> Database:
    return Database(settings_of(context).store.register_url)
