"""`coldwitness config show`: what is in force, secrets masked."""

import json

import typer


def register(app: typer.Typer) -> None:
    commands = typer.Typer(help="Settings in force.", no_args_is_help=True)
    app.add_typer(commands, name="config")

    @commands.command("show")
    def show() -> None:
        """Print all settings in force as JSON, secrets masked."""
        from coldwitness.config.settings import load_settings

        typer.echo(json.dumps(load_settings().shown(), ensure_ascii=False, indent=2))
