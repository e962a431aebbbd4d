"""`coldwitness decode`: what a logger's raw message or export means to us."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.ingest.decoded_file import decode_bytes, decode_file
from coldwitness.ingest.formats.written import event_object, reading_object


def decode(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(help="a raw message (bytes, hex or base64) or an export; - for stdin"),
    ],
    topic: Annotated[
        str | None, typer.Option("--topic", help="MQTT topic the message came on")
    ] = None,
    format_name: Annotated[
        str | None,
        typer.Option("--format", help="wire format or file reader; else by topic and look"),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="zone of times without one, e.g. Asia/Shanghai"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="TITLE=NAME of a column, e.g. 时间=time; may be repeated"),
    ] = None,
) -> None:
    """Print the readings as NDJSON; refusals go to stderr: exit 0, or 1 if any."""
    rules = settings_of(context).formats
    if file == "-":
        meaning = decode_bytes(
            sys.stdin.buffer.read(),
            topic=topic,
            format_name=format_name,
            rules=rules,
            timezone=timezone,
            columns=column or (),
        )
    else:
        meaning = decode_file(
            Path(file),
            topic=topic,
            format_name=format_name,
            rules=rules,
            timezone=timezone,
            columns=column or (),
        )
    encode = msgspec.json.encode
    objects = [reading_object(reading) for reading in meaning.readings]
    objects += [event_object(event) for event in meaning.events]
    sys.stdout.write("".join(f"{encode(said).decode()}\n" for said in objects))
    sys.stdout.flush()
    for note in dict.fromkeys(meaning.notes):
        print(f"note: {note}", file=sys.stderr)
    for refusal in meaning.refused:
        print(f"refused: {refusal}", file=sys.stderr)
    raise typer.Exit(1 if meaning.refused else 0)
