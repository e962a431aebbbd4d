"""`coldwitness check`: validate recorded telemetry offline."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.cli.garbage import collected_seldom
from coldwitness.cli.judge_files import judge_files
from coldwitness.cli.result_text import beside, print_json, print_text
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
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
    rules: Annotated[
        str | None, typer.Option("--rules", help="judge by this rule pack, e.g. who-vaccine")
    ] = None,
    compare_rules: Annotated[
        str | None,
        typer.Option("--compare-rules", help="show this rule pack's result beside the first"),
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
    with collected_seldom():
        judged = judge_files(
            files,
            manifest_paths=manifest or [],
            rulebook=rulebook,
            compare_with=None if compare_rules is None else under_pack(installed, compare_rules),
            storage=storage,
            timezone=timezone,
            reader=reader,
        )
        for warning in judged.warnings:
            print(f"coldwitness: {warning}", file=sys.stderr)
        results = [result for group in judged.groups for result in group.results]
        others = [result for group in judged.compared for result in group.results]
        if as_json:
            print_json(beside(results, others))
        else:
            print_text(beside(results, others), lang=lang)
    verdicts = {result.verdict for result in results}
    worst = next(verdict for verdict in _WORST_FIRST if verdict in verdicts)
    raise typer.Exit(EXIT_OF_VERDICT[worst])
