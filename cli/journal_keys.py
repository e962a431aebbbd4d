"""`coldwitness journal key`: the keys that sign, their history, and another one in their place."""

from typing import Annotated

import typer

from coldwitness.cli.journal_folder import DirectoryOption, directory_of
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.journal import layout, load_public_key
from coldwitness.storage.journal.head_log import origin_of
from coldwitness.storage.journal.key_history import ROLES, key_id, newest, read_history
from coldwitness.storage.journal.role_keys import rotate
from coldwitness.storage.journal.signed_note import ED25519, NoteKey

app = typer.Typer(
    help="签名密钥。The keys that sign log, packages and backups.", invoke_without_command=True
)


@app.callback()
def witness_keys(context: typer.Context, directory: DirectoryOption = None) -> None:
    """Without a word behind it: the key of each worker's heads as name+id+base64, for witnesses
    that shall follow them."""
    if context.invoked_subcommand is not None:
        return
    folder = directory_of(context, directory)
    public = load_public_key(layout.public_key(folder))
    for worker in layout.workers(folder):
        origin = origin_of(layout.worker_folder(folder, worker))
        if origin is not None:
            typer.echo(NoteKey.of(origin, ED25519, public).vkey())


@app.command("history")
def history(context: typer.Context, directory: DirectoryOption = None) -> None:
    """Which key signed what since when, and which key vouched for it."""
    folder = directory_of(context, directory)
    stated = read_history(layout.key_history(folder))
    if not stated:
        public = layout.public_key(folder)
        if public.exists():
            typer.echo(f"log      {key_id(load_public_key(public))}  signs all; none followed it")
        return
    for one in stated:
        stands = "in force" if newest(stated, one.role) == one else "was followed"
        by = "itself" if one.signed_by == one.key_id() else one.signed_by
        typer.echo(
            f"{one.role:8} {one.key_id()}  since {rfc3339(one.from_ms)}  vouched for by {by}"
            f"  {stands}"
        )


@app.command("rotate")
def rotate_key(
    context: typer.Context,
    role: Annotated[str, typer.Argument(help=f"which key: {', '.join(ROLES)}")],
    lost: Annotated[
        bool, typer.Option("--lost", help="the one before is gone: the log's key vouches")
    ] = False,
) -> None:
    """Another key from now on. The one before signs for it, so that what it signed still verifies,
    and is overwritten. For the log's key stop every worker and server first; then tell witnesses
    the new key (`journal key`) and give out the new public file."""
    known = [one for one in ROLES if one == role]
    if not known:
        raise BadInput(f"key {role!r}: expected one of {', '.join(ROLES)}")
    before, after = rotate(settings_of(context).journal, known[0], lost=lost)
    typer.echo(f"{role}: {after} from now on, vouched for by {before}")
