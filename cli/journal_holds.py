"""`coldwitness journal hold`: days that retention does not delete."""

from typing import Annotated

import typer

from coldwitness.cli.journal_folder import DirectoryOption, directory_of
from coldwitness.storage.journal import retention

app = typer.Typer(help="Legal holds: days that are not deleted.", no_args_is_help=True)


@app.command("place")
def place(
    context: typer.Context,
    hold_id: Annotated[str, typer.Argument(help="a name, such as the case number")],
    reason: Annotated[str, typer.Option("--reason", help="why")],
    first_day: Annotated[str, typer.Option("--from", help="first UTC day, 2026-11-22")],
    last_day: Annotated[str | None, typer.Option("--to", help="last day; else open")] = None,
    directory: DirectoryOption = None,
) -> None:
    """Keep days from deletion."""
    hold = retention.place_hold(
        directory_of(context, directory),
        hold_id=hold_id,
        reason=reason,
        first_day=first_day,
        last_day=last_day,
    )
    typer.echo(f"{hold.id}: {hold.first_day} to {hold.last_day or 'open end'} are kept")


@app.command("list")
def list_holds(context: typer.Context, directory: DirectoryOption = None) -> None:
    """Holds that stand."""
    for hold in retention.holds(directory_of(context, directory)):
        end = hold.last_day or "open end"
        typer.echo(f"{hold.id}  {hold.first_day} to {end}  {hold.reason}")


@app.command("lift")
def lift(
    context: typer.Context,
    hold_id: Annotated[str, typer.Argument()],
    directory: DirectoryOption = None,
) -> None:
    """End a hold."""
    retention.lift_hold(directory_of(context, directory), hold_id)
    typer.echo(f"{hold_id}: lifted")
