"""`coldwitness`: all commands, and how their failures reach a user.

A command's module is imported when the command is called, so `--help` loads none of them.
"""

import os
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.garbage import collect_seldom
from coldwitness.cli.terminal import show_and_never_obey
from coldwitness.domain.errors import ColdWitnessError
from coldwitness.domain.shown_address import shown_address

USAGE = 2
INTERRUPTED = 130


@dataclass(frozen=True)
class Entry:
    """Where a command stands, `module:name` of a function or a group, and its line in `--help`."""

    place: str
    help: str


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry("demo:demo", "The main job on this machine alone, with a simulated fleet."),
    "serve": Entry("serve:serve", "Ingest, judging, API and pages on the configured servers."),
    "ingest": Entry("ingest:ingest", "One ingest worker: journalled, acknowledged, stored."),
    "judge": Entry("judge:judge", "One judging process alone: many share all shipments."),
    "check": Entry("check:check", "Judge recorded files offline."),
    "rejudge": Entry("rejudge:rejudge", "What other rules would change in a sealed archive."),
    "report": Entry("report:report", "Write the compliance report: JSON, HTML page or PDF."),
    "verify": Entry("verify:verify", "Does a report or package still match its evidence?"),
    "decode": Entry("decode:decode", "What a logger's message or export means to us."),
    "simulate": Entry("simulate:simulate", "Simulated boxes with known truth, published or filed."),
    "import": Entry("import_export:import_files", "Manifests and recorded telemetry in."),
    "export": Entry("import_export:export", "Evidence out: NDJSON, CSV, Parquet, EPCIS 2.0."),
    "rebuild": Entry("rebuild:rebuild", "Make readings, events and stays anew from the journal."),
    "backup": Entry("backup:backup", "Copy journal, register and store while everything runs."),
    "restore": Entry("backup:restore", "Put a backup into the empty places the settings name."),
    "doctor": Entry("doctor:doctor", "Is everything there that evidence depends on?"),
    "archive": Entry("import_export:archive", "Sealed days as Parquet, kept for years."),
    "journal": Entry("journal:app", "证据日志。The evidence journal: is it whole, what is in it."),
    "witness": Entry("witness:witness", "Sign what journals of others have signed, if it adds up."),
    "deadline": Entry("deadline:deadline", "期限。The last day of a time limit of a clue or case."),
    "case": Entry("case:app", "办案文书。Forms of a clue, and the package for another office."),
    "logistics-request": Entry(
        "logistics:logistics_request", "物流信息调取。What an authority asked for, with a receipt."
    ),
    "office": Entry("office:app", "台账。The office's registers, from its tables."),
    "spot-check": Entry("spot_check:app", "抽查。Samples that anybody can draw again."),
    "audit": Entry("audit:app", "审计记录。Who saw and changed what, held against the journal."),
    "users": Entry("users:app", "人员账号。People who sign in, their roles and divisions."),
    "keys": Entry("keys:app", "接口密钥。API clients, their roles and whose they are."),
    "quarantine": Entry("quarantine:app", "隔离区。What could not be used, and why."),
    "drug-names": Entry("drug_names:app", "药品测点名称。Which name of a logger is its drug's."),
    "setup": Entry("setup_influx:setup", "Make servers ready for ColdWitness."),
    "db": Entry("setup_influx:database", "The register's tables."),
    "config": Entry("config:app", "Settings in force, and a file to begin with."),
}


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"coldwitness {metadata.version('coldwitness')}")
        raise typer.Exit


def _common(
    config: Annotated[
        Path | None,
        typer.Option("--config", help="settings file (TOML); else $COLDWITNESS_CONFIG"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="version")
    ] = False,
) -> None:
    """What stands before the command; commands read it by `settings_of`."""


def program(arguments: Sequence[str]) -> typer.Typer:
    """All commands by name; of their modules only those are loaded that the arguments name."""
    app = typer.Typer(
        name="coldwitness",
        callback=_common,
        help="冷证 ColdWitness：药品配送冷链证据。Cold-chain evidence of drug delivery, judged "
        "requirement by requirement.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, entry in COMMANDS.items():
        module, _, attribute = entry.place.partition(":")
        if name not in arguments:
            app.command(name, short_help=entry.help)(_not_loaded)
            continue
        found = getattr(import_module(f"coldwitness.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, short_help=entry.help)
        else:
            app.command(name, short_help=entry.help)(found)
    return app


def _not_loaded() -> None:
    """Stands in the list for a command that nobody called."""


NOTHING_FOR_OTHERS = 0o077


def _common_first(arguments: Sequence[str]) -> list[str]:
    """`decode --config FILE x` as `--config FILE decode x`: one way of several to write a call."""
    if "--" in arguments:
        return list(arguments)
    for at, argument in enumerate(arguments):
        size = 2 if argument == "--config" else 1 if argument.startswith("--config=") else 0
        if size and at + size <= len(arguments):
            own = list(arguments[at : at + size])
            return [*own, *arguments[:at], *arguments[at + size :]]
    return list(arguments)


def main(arguments: list[str]) -> int:
    """Run one command; one clear line and exit 2 for a user's mistake, never a traceback."""
    try:
        program(arguments)(args=_common_first(arguments), prog_name="coldwitness")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ColdWitnessError as error:
        print(f"coldwitness: {shown_address(str(error))}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing more to say, nothing went wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, sqlite3.Error) as error:
        # A disk that fails or is full, wherever it did: its words, and no traceback.
        print(f"coldwitness: {shown_address(str(error))}", file=sys.stderr)
        return USAGE
    return 0


def keep_to_oneself() -> None:
    """Have what a command writes, evidence and reports alike, be its user's alone."""
    os.umask(os.umask(NOTHING_FOR_OTHERS) | NOTHING_FOR_OTHERS)


def one_thread_for_algebra() -> None:
    """Before numpy is loaded: have its OpenBLAS use one thread, unless the environment says else.

    The matrices of a judgement are small: a second thread waits for the next of them at a whole
    core's cost, and judging took twice the time. What is done at once is done in processes.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def run() -> None:
    """Console entry."""
    collect_seldom()
    keep_to_oneself()
    one_thread_for_algebra()
    show_and_never_obey()
    sys.exit(main(sys.argv[1:]))
