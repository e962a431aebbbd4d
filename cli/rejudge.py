"""`coldwitness rejudge`: a sealed archive judged again, as a table of what changes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from coldwitness.cli.changes_table import cells, changes_tables
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.judging.archived import rejudged
from coldwitness.judging.in_parts import cores
from coldwitness.judging.rejudging import OneProcess, Spread, Summary, counted
from coldwitness.judging.rulebook import load_rulebook, under_pack
from coldwitness.storage.archive.read_back import PART_SHIPMENTS, archived_parts


def rejudge(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(help="folder of sealed days (`archive seal`)")],
    rules: Annotated[str, typer.Option("--rules", help="rule pack to judge by, e.g. gsp-annex6")],
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", help="Dask scheduler, e.g. tcp://10.0.0.5:8786"),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, help="on this machine; else one a core; 1: this one"),
    ] = None,
    part: Annotated[
        int,
        typer.Option(min=1, help="shipments judged at a time by a process: its memory"),
    ] = PART_SHIPMENTS,
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", help="table: .parquet, .csv or .xlsx; may be repeated"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="summary as JSON")] = False,
) -> None:
    """重新研判。Judge every ended shipment of an archive by a rule pack and tell what differs from
    the recorded results: verdict, requirement lines, kinds of finding. It records nothing."""
    if scheduler is not None and processes is not None:
        raise BadInput("--processes: the cluster at --scheduler has its own")
    settings = settings_of(context)
    rulebook = under_pack(load_rulebook(settings.judging), rules)
    work = partial(rejudged, rulebook=rulebook, assumed_storage=settings.judging.default_storage)
    parts = archived_parts(archive, shipments=part)
    summary = Summary()
    with changes_tables(output or ()) as tables, _spread(scheduler, processes or cores()) as spread:
        told = counted(spread.each(work, parts), summary)
        for done, changes in enumerate(told, start=1):
            for table in tables:
                table.add([cells(one) for one in changes])
            _tell_progress(done, len(parts), summary)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(_as_json(summary))) + b"\n")
    else:
        _print(summary, rules)


@contextmanager
def _spread(scheduler: str | None, processes: int) -> Iterator[Spread]:
    if scheduler is None and processes == 1:
        yield OneProcess()
        return
    try:
        from coldwitness.judging.on_dask import (  # noqa: PLC0415  an extra, and slow to load
            dask_workers,
        )
    except ImportError as error:
        raise BadInput(
            "rejudge on several processes: Dask is not installed;"
            " expected coldwitness[scale], or --processes 1"
        ) from error
    with dask_workers(scheduler=scheduler, processes=processes) as workers:
        yield workers


def _tell_progress(done: int, of: int, summary: Summary) -> None:
    """On a terminal one line that is written again; else every tenth part of the way."""
    line = f"{done} of {of} parts, {summary.shipments} shipments, {summary.changed} changed"
    if sys.stderr.isatty():
        print(f"\r{line}", end="\n" if done == of else "", file=sys.stderr, flush=True)
    elif done * 10 // of > (done - 1) * 10 // of:
        print(line, file=sys.stderr, flush=True)


def _as_json(summary: Summary) -> dict[str, object]:
    return {
        "shipments": summary.shipments,
        "readings": summary.readings,
        "changed": summary.changed,
        "not_ended": summary.not_ended,
        "unrecorded": summary.unrecorded,
        "changes": [
            {"matter": matter, "name": name, "recorded": was, "now": now, "shipments": count}
            for (matter, name, was, now), count in _ordered(summary)
        ],
        "couriers": {name or "": count for name, count in summary.couriers.most_common()},
        "divisions": {name or "": count for name, count in summary.divisions.most_common()},
    }


def _ordered(summary: Summary) -> list[tuple[tuple[str, str, str, str], int]]:
    """Verdicts, lines, kinds of finding; then by name and words."""
    matters = ("verdict", "line", "finding")
    return sorted(summary.lines.items(), key=lambda one: (matters.index(one[0][0]), *one[0][1:]))


def _print(summary: Summary, rules: str) -> None:
    typer.echo(
        f"重新研判 {summary.shipments} 票（{summary.readings} 条读数），规则 {rules}："
        f"{summary.changed} 票有变化  "
        f"{summary.shipments} shipments judged again by {rules}, {summary.changed} changed"
    )
    left = (
        (summary.not_ended, "票记录时尚未结束，未比较  had not ended when recorded: left out"),
        (summary.unrecorded, "票无既有结果，未比较  had no recorded result: left out"),
    )
    for count, said in left:
        if count:
            typer.echo(f"{count} {said}")
    for (matter, name, was, now), count in _ordered(summary):
        typer.echo(f"  {_MATTERS[matter]} {name}: {was} → {now}  {count}".replace("  :", ":"))
    for title, counts in (
        ("配送企业 courier", summary.couriers),
        ("区划 division", summary.divisions),
    ):
        for whose, count in counts.most_common():
            typer.echo(f"  {title} {whose or '—'}: 结论变化 verdicts changed {count}")


_MATTERS = {"verdict": "结论 verdict", "line": "条款 line", "finding": "发现 finding"}
