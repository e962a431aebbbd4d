"""`coldwitness check`: validate recorded telemetry offline."""

import contextlib
import io
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.judge_files import as_of_instant_ms, gather_files, judge_gathered
from coldwitness.cli.result_text import beside, json_lines, print_json, print_text
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.result import CheckResult
from coldwitness.judging.in_parts import processes_for, told_in_parts
from coldwitness.judging.rulebook import load_rulebook, under_pack

EXIT_OF_VERDICT = {
    "breach": 1,
    "suspected": 1,
    "insufficient_evidence": 3,
    "asserted": 4,
    "compliant": 0,
}
_WORST_FIRST = tuple(EXIT_OF_VERDICT)


def check(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help="NDJSON, CSV, Parquet (.gz too) or logger exports")
    ],
    manifest: Annotated[
        list[Path] | None, typer.Option("--manifest", help="manifest file, may be repeated")
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option("--storage", help="storage class of shipments without a manifest"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="NDJSON, a line a shipment")] = False,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", help="zone of times without one, e.g. Asia/Shanghai"),
    ] = None,
    reader: Annotated[
        str | None, typer.Option("--reader", help="named reader of a logger export")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="TITLE=NAME of a column, e.g. 时间=time; may be repeated"),
    ] = None,
    rules: Annotated[
        str | None, typer.Option("--rules", help="judge by this rule pack, e.g. who-vaccine")
    ] = None,
    compare_rules: Annotated[
        str | None,
        typer.Option("--compare-rules", help="show this rule pack's result beside the first"),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="RFC 3339 time: judge as then; without it all have ended"),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "zh",
) -> None:
    """Judge files: exit 0 compliant, 1 breach or suspected, 3 insufficient, 2 unusable.

    With --compare-rules the exit code is that of the first pack's results.
    """
    if lang not in ("zh", "en"):
        raise BadInput(f"--lang: expected zh or en, got {lang!r}")
    installed = load_rulebook(settings_of(context).judging)
    rulebook = installed if rules is None else under_pack(installed, rules)
    gathered = gather_files(
        files,
        manifest_paths=manifest or [],
        rulebook=rulebook,
        storage=storage,
        timezone=timezone,
        reader=reader,
        columns=column or (),
        as_of_ms=None if as_of is None else as_of_instant_ms(as_of),
    )
    for warning in gathered.warnings:
        print(f"coldwitness: {warning}", file=sys.stderr)
    alone = compare_rules is not None or gathered.lacks_limits(rulebook)
    processes = 1 if alone else processes_for(len(gathered.evidence.shipments))
    if processes > 1:
        sys.stdout.flush()
        told = told_in_parts(
            gathered.evidence,
            rulebook=rulebook,
            assumed_storage=storage,
            tell=partial(_told, as_json=as_json, lang=lang),
            processes=processes,
        )
        verdicts: set[str] = set()
        for verdict, text in told:
            verdicts.add(verdict)
            sys.stdout.buffer.write(text)
    else:
        judged = judge_gathered(
            gathered,
            rulebook=rulebook,
            compare_with=None if compare_rules is None else under_pack(installed, compare_rules),
            storage=storage,
        )
        results = [result for group in judged.groups for result in group.results]
        others = [result for group in judged.compared for result in group.results]
        shown = beside(results, others)
        print_json(shown) if as_json else print_text(shown, lang=lang)
        verdicts = {result.verdict for result in results}
    worst = next(verdict for verdict in _WORST_FIRST if verdict in verdicts)
    raise typer.Exit(EXIT_OF_VERDICT[worst])


def _told(result: CheckResult, *, as_json: bool, lang: str) -> bytes:
    """The printed text of a result, made in the process that judged it."""
    if as_json:
        return json_lines([result])
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        print_text([result], lang=lang)
    return text.getvalue().encode(sys.stdout.encoding or "utf-8")
