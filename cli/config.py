"""`coldwitness config show`: what is in force, secrets masked."""

import json

import typer

from coldwitness.cli.settings_in_force import settings_of

app = typer.Typer(help="Settings in force.", no_args_is_help=True)


@app.command("show")
def show(context: typer.Context) -> None:
    """Print all settings in force as JSON, secrets masked."""
    typer.echo(json.dumps(settings_of(context).shown(), ensure_ascii=False, indent=2))
