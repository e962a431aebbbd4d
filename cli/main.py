"""`coldwitness`: all commands, and how their failures reach a user.

Command modules import what is heavy inside their functions, so that `--help` stays quick.
"""

import os
import sys
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.domain.errors import ColdWitnessError

COMMAND_MODULES = (
    "demo",
    "serve",
    "ingest",
    "check",
    "report",
    "verify",
    "decode",
    "simulate",
    "import_export",
    "rebuild",
    "backup",
    "journal",
    "quarantine",
    "setup_influx",
    "doctor",
    "config",
)

USAGE = 2
INTERRUPTED = 130

app = typer.Typer(
    name="coldwitness",
    help="冷证 ColdWitness：药品配送冷链证据。Cold-chain evidence of drug delivery, judged "
    "requirement by requirement.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"coldwitness {metadata.version('coldwitness')}")
        raise typer.Exit


@app.callback()
def _common(
    config: Annotated[
        Path | None,
        typer.Option("--config", help="settings file (TOML); else $COLDWITNESS_CONFIG"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="version")
    ] = False,
) -> None:
    if config is not None:
        from coldwitness.config.settings import CONFIG_VARIABLE

        os.environ[CONFIG_VARIABLE] = str(config)


for _name in COMMAND_MODULES:
    import_module(f"coldwitness.cli.{_name}").register(app)


def main(arguments: list[str]) -> int:
    """Run one command; one clear line and exit 2 for a user's mistake, never a traceback."""
    try:
        app(args=arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ColdWitnessError as error:
        print(f"coldwitness: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing more to say, nothing went wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def run() -> None:
    """Console entry."""
    sys.exit(main(sys.argv[1:]))
