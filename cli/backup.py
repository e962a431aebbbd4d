"""`coldwitness backup` and `coldwitness restore`."""

from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.storage.archive.backup import back_up, verify_backup
from coldwitness.storage.archive.backup import restore as put_back
from coldwitness.storage.journal import load_public_key


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="new or empty folder")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="the journal's signing key too")
    ] = False,
) -> None:
    """Copy journal, register, embedded store and the office's forms while everything runs."""
    files = back_up(settings_of(context), folder, with_keys=with_keys)
    typer.echo(f"{len(files)} files in {folder}")


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="folder made by `coldwitness backup`")],
    check: Annotated[
        bool, typer.Option("--check", help="only compare the backup with its list")
    ] = False,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="PEM key kept elsewhere that must have signed it"),
    ] = None,
) -> None:
    """Put a backup into the empty places the settings name."""
    public = load_public_key(public_key) if public_key is not None else None
    if check:
        wrong = verify_backup(folder, public)
        for line in wrong:
            typer.echo(line)
        if wrong:
            raise typer.Exit(1)
        typer.echo(f"{folder}: every file matches")
        return
    left = put_back(settings_of(context), folder, public=public)
    typer.echo(f"restored from {folder}")
    for step in left:
        typer.echo(f"now run: {step}")
