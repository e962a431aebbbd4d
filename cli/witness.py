"""`coldwitness witness`: a small process on another office's machine that signs what journals have
signed, as long as it only adds to what they had signed before."""

import base64
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from coldwitness.api.http.server import address_of, listen
from coldwitness.api.witness import witness_app
from coldwitness.cli.logs import log_to_stderr
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.signed_note import COSIGNATURE, NoteKey, note_key, require_name
from coldwitness.storage.journal.signing import load_or_create_signer
from coldwitness.storage.witness.seen import SeenCheckpoints

CONNECTIONS_AT_ONCE = 64


def witness(
    name: Annotated[
        str, typer.Option("--name", help="the witness's name, such as witness.office.example/w1")
    ],
    log: Annotated[
        list[str] | None,
        typer.Option(
            "--log",
            help="key of a journal's worker (name+id+base64, `coldwitness journal key`), or a file"
            " with one a line; may be repeated",
        ),
    ] = None,
    state: Annotated[
        Path, typer.Option("--state", help="folder of the witness's key and memory")
    ] = Path("coldwitness-witness"),
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8080,
    show_key: Annotated[
        bool, typer.Option("--show-key", help="print the witness's own key and end")
    ] = False,
) -> None:
    """Follow journals by their keys: sign each of their checkpoints that adds to the one before.

    It keeps its own key and its own memory, asks nobody anything, and hands out what it last
    signed under /{origin hash}/checkpoint.
    """
    require_name(name)
    state.mkdir(parents=True, exist_ok=True)
    signer = load_or_create_signer(state / "witness.key")
    key = NoteKey.of(name, COSIGNATURE, signer.public)
    typer.echo(key.vkey())
    if show_key:
        return
    logs = [note_key(one) for given in log or () for one in _vkeys(given)]
    if not logs:
        raise BadInput("--log: none given: a witness follows journals whose keys it was told")
    seen = SeenCheckpoints(
        state / "seen.sqlite",
        logs=logs,
        key=key,
        sign=lambda message: base64.b64decode(signer.sign(message)),
    )
    log_to_stderr()
    listener = listen(host, port)
    sys.stdout.flush()
    print(
        f"coldwitness: witness {name} at {address_of(listener)}, following {len(seen.logs)} logs",
        file=sys.stderr,
    )
    config = uvicorn.Config(
        witness_app(seen),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=CONNECTIONS_AT_ONCE,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=65_536,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _vkeys(given: str) -> list[str]:
    if "+" in given and not os.path.exists(given):
        return [given]
    try:
        lines = Path(given).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--log {given}: neither a key nor a file of keys: {error}") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
