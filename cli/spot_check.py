"""`coldwitness spot-check`: a sample that anybody can draw again, and what was seen of it."""

import getpass
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import msgspec
import typer

from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.spot_checks import (
    Answer,
    Checklist,
    Looked,
    Method,
    Outcome,
    Question,
)
from coldwitness.judging.sampling.estimates import size_for
from coldwitness.judging.sampling.frames import Frame, frame_bytes, frame_of
from coldwitness.judging.sampling.shipment_frame import shipment_frame
from coldwitness.judging.sampling.spot_check import (
    SpotCheck,
    differences,
    drawn_anew,
    estimate_of,
    looked_at,
    read_spot_check,
)
from coldwitness.judging.sampling.tickets import sha256_hex
from coldwitness.storage.register import open_register

app = typer.Typer(
    help="抽查。Samples that anybody can draw again, with what was seen of them.",
    no_args_is_help=True,
)
METHODS: dict[str, Method] = {
    "simple": "simple",
    "stratified": "stratified",
    "weighted": "weighted",
}
QUESTIONS: dict[str, Question] = {name: name for name in get_args(Question)}
ANSWERS: dict[str, Answer] = {name: name for name in get_args(Answer)}
OUTCOMES: dict[str, Outcome] = {
    "found": "found",
    "nothing-found": "nothing_found",
    "dropped": "dropped",
}
_Value = TypeVar("_Value")


@app.command("draw")
def draw(
    context: typer.Context,
    seed: Annotated[
        str, typer.Option(help="a text that holds a value neither office nor firm can choose")
    ],
    frame: Annotated[
        Path | None, typer.Option(help="CSV or NDJSON with id, optionally stratum and weight")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="shipments under way from this day on (Beijing)")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="up to this day, included")] = None,
    division: Annotated[
        str | None, typer.Option(help="of this division and those below it")
    ] = None,
    size: Annotated[int | None, typer.Option(help="how many are drawn")] = None,
    prevalence: Annotated[
        float | None, typer.Option(help="in place of --size: the share that shall not be missed")
    ] = None,
    confidence: Annotated[float, typer.Option(help="with --prevalence: how surely")] = 0.95,
    method: Annotated[str, typer.Option(help="simple, stratified or weighted")] = "simple",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="keep it as a file, beside earlier draws")
    ] = None,
    frame_output: Annotated[
        Path | None, typer.Option("--frame-out", help="with --from: where the frame is kept")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="why it is drawn again")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """抽取。Draw a sample; the same frame, seed and method draw the same on any machine."""
    how = _one_of(METHODS, method, "method")
    found = _frame(context, frame, since, until, division, frame_output)
    if (size is None) == (prevalence is None) or size == 0:
        raise BadInput("size: expected --size, or --prevalence in its place")
    count = len(found.units)
    wanted = size or size_for(count, prevalence=prevalence or 0, confidence=confidence)
    before = _read(output) if output is not None and output.exists() else None
    check = drawn_anew(
        before,
        found,
        seed=seed,
        size=wanted,
        method=how,
        at=_now(),
        reason=reason,
    )
    if output is not None:
        _keep(output, check)
    if as_json:
        typer.echo(msgspec.json.encode(check.draw).decode())
        return
    typer.echo(f"抽样框 {count} 项  frame of {count}, SHA-256 {found.sha256}")
    typer.echo(f"种子 seed {seed!r}, SHA-256 {check.seed_sha256}  方法 method {how}")
    for one in check.draw.drawn:
        typer.echo(f"{one.order:4}  {one.id}  {one.inclusion_probability:.6f}  {one.ticket[:12]}…")


@app.command("commit")
def commit(
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """承诺。Make the office's part of a seed: publish its SHA-256 before the draw, the part itself
    with the draw."""
    part = secrets.token_hex(16)
    digest = sha256_hex(part)
    if as_json:
        typer.echo(msgspec.json.encode({"office_part": part, "sha256": digest}).decode())
        return
    typer.echo(f"机关部分（抽取前保密）office's part, kept until the draw: {part}")
    typer.echo(f"先行公布 publish now: SHA-256 {digest}")


@app.command("record")
def record(
    file: Annotated[Path, typer.Argument(help="what `draw -o` wrote")],
    name: Annotated[str, typer.Argument(metavar="ID", help="one that was drawn")],
    outcome: Annotated[str, typer.Argument(help="found, nothing-found or dropped")],
    note: Annotated[str, typer.Option(help="what was seen; why it was dropped")] = "",
    by: Annotated[str | None, typer.Option(help="who looked; else who runs this")] = None,
    seen: Annotated[
        list[str] | None,
        typer.Option(
            "--seen",
            help="QUESTION=yes|no|not_seen of what telemetry cannot see: agreement, training, seal,"
            " box_label, packing_photo; may be repeated",
        ),
    ] = None,
) -> None:
    """记录。Keep what was seen of one that was drawn; what was kept before stays."""
    looked = Looked(
        id=name,
        outcome=_one_of(OUTCOMES, outcome, "outcome"),
        at=_now(),
        by=by or getpass.getuser(),
        note=note,
        checklist=_checklist(seen or ()),
    )
    check = looked_at(_read(file), looked)
    _keep(file, check)
    left = len(check.draw.drawn) - len(check.outcomes())
    typer.echo(f"已记录，尚余 {left} 项  recorded; {left} left")


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="what `draw -o` wrote")],
    frame: Annotated[Path, typer.Option(help="the frame it was drawn from")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """核验。Draw again and compare; say what the sample tells of all. Exit 1 where it differs."""
    check, found = _read(file), _read_frame(frame)
    wrong = differences(check, found)
    told = None if wrong else estimate_of(check, found)
    if as_json:
        answer = {
            "same": not wrong,
            "differences": wrong,
            "draws": len(check.draws),
            "dropped": sum(one.outcome == "dropped" for one in check.outcomes().values()),
            "estimate": told,
        }
        typer.echo(msgspec.json.encode(answer).decode())
        sys.exit(1 if wrong else 0)
    for line in wrong:
        typer.echo(f"不符 differs: {line}")
    if not wrong:
        typer.echo("抽取可复现  frame, seed and method draw this sample again")
    if len(check.draws) > 1:
        reasons = "；".join(made.reason or "" for made in check.draws[1:])
        typer.echo(f"共抽取 {len(check.draws)} 次：{reasons}  drawn {len(check.draws)} times")
    if told is not None:
        typer.echo(
            f"发现 {told.found}/{told.looked_at}，推断全部 {told.share:.1%}"
            f"（{told.low:.1%}–{told.high:.1%}，把握度不低于 {1 - told.risk:.0%}）"
            f"  found in {told.found} of {told.looked_at}; of all {told.share:.1%},"
            f" {told.low:.1%} to {told.high:.1%} with at least {1 - told.risk:.0%} confidence"
        )
    sys.exit(1 if wrong else 0)


def _frame(
    context: typer.Context,
    frame: Path | None,
    since: str | None,
    until: str | None,
    division: str | None,
    frame_output: Path | None,
) -> Frame:
    if (frame is None) == (since is None or until is None):
        raise BadInput("frame: expected --frame, or --from and --to in its place")
    if frame is not None:
        return _read_frame(frame)
    settings = settings_of(context)
    first, last = _day(since or "", "--from"), _day(until or "", "--to")
    with closing(open_register(settings.store.register_url)) as register:
        units = shipment_frame(register, first=first, last=last, division=division)
    raw = frame_bytes(units)
    if frame_output is not None:
        frame_output.write_bytes(raw)
    return frame_of(raw, what="shipments of that period")


def _checklist(seen: Sequence[str]) -> Checklist:
    told = {}
    for text in seen:
        question, _, answer = text.partition("=")
        told[_one_of(QUESTIONS, question, "--seen")] = _one_of(ANSWERS, answer, "--seen")
    return told


def _read_frame(path: Path) -> Frame:
    return frame_of(_bytes(path), what=path.name)


def _read(path: Path) -> SpotCheck:
    return read_spot_check(_bytes(path), what=path.name)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def _keep(path: Path, check: SpotCheck) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(check), indent=1) + b"\n")


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{name}: expected a day such as 2026-02-10, got {text!r}") from error


def _one_of(values: dict[str, _Value], text: str, name: str) -> _Value:
    if text not in values:
        raise BadInput(f"{name} {text[:80]!r}: expected one of {', '.join(values)}")
    return values[text]


def _now() -> str:
    return rfc3339(time.time_ns() // 1_000_000)
