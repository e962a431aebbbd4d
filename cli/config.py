"""`coldwitness config`: what is in force, secrets masked, and a file to begin with."""

import json
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.config.settings import EXAMPLE_FILE
from coldwitness.domain.errors import BadInput

app = typer.Typer(help="Settings in force, and a file to begin with.", no_args_is_help=True)


@app.command("show")
def show(context: typer.Context) -> None:
    """Print all settings in force as JSON, secrets masked."""
    typer.echo(json.dumps(settings_of(context).shown(), ensure_ascii=False, indent=2))


@app.command("init")
def init(
    path: Annotated[
        Path | None, typer.Argument(help="the file to write; left out: printed")
    ] = None,
) -> None:
    """Write a commented settings file. One that is there is left as it is."""
    text = EXAMPLE_FILE.read_text(encoding="utf-8")
    if path is None:
        typer.echo(text, nl=False)
        return
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadInput(f"{path}: is there already, and is left as it is") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from error
    typer.echo(f"{path}: written; `coldwitness --config {path} config show` says what is in force")
