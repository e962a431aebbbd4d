"""Which journal a command is about: the folder that is given, else the settings'."""

from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput

DirectoryOption = Annotated[
    Path | None, typer.Option("--directory", help="journal folder; else journal.directory")
]


def directory_of(context: typer.Context, given: Path | None) -> Path:
    """Raises BadInput where there is no such folder."""
    directory = given if given is not None else settings_of(context).journal.directory
    if not directory.is_dir():
        raise BadInput(f"journal {directory}: no such folder")
    return directory
