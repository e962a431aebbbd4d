"""`coldwitness backup` and `coldwitness restore`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.storage.archive.backup import back_up, verify_backup
from coldwitness.storage.archive.backup import restore as put_back
from coldwitness.storage.journal import load_public_key
from coldwitness.storage.journal.layout import unfinished_mark


def backup(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(help="new or empty folder; else a new one in store.backup_directory"),
    ] = None,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="the journal's signing key too")
    ] = False,
) -> None:
    """Copy journal, register, embedded store and the office's forms while everything runs."""
    settings = settings_of(context)
    folder = folder or _next_folder(settings.store.backup_directory)
    files = back_up(settings, folder, with_keys=with_keys)
    typer.echo(f"{len(files)} files in {folder}")


def _next_folder(directory: Path | None) -> Path:
    """One named by the time; that of a backup which was killed is begun anew. Raises BadInput."""
    if directory is None:
        raise BadInput("backup: give a folder, or set store.backup_directory")
    if not directory.is_dir():
        raise BadInput(f"store.backup_directory {directory}: not there: make it, or mount it")
    begun = (one for one in sorted(directory.iterdir()) if unfinished_mark(one).exists())
    return next(begun, directory / time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime()))


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
