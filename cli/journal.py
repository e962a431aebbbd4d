"""`coldwitness journal`: verify, export, stats, seal, expire, legal holds."""

import base64
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from coldwitness.cli.journal_folder import DirectoryOption, directory_of
from coldwitness.cli.journal_holds import app as holds
from coldwitness.cli.journal_keys import app as keys
from coldwitness.cli.journal_prove import prove
from coldwitness.cli.journal_redact import redact_rows
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.cli.store_files import register_file
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.progress import Progress, open_progress, workers_followed
from coldwitness.storage.archive.item_expiry import kept_for_expiry
from coldwitness.storage.decided.kept_heads import heads_kept
from coldwitness.storage.decided.redaction import unlike_orders
from coldwitness.storage.decided.shards import is_shard
from coldwitness.storage.journal import (
    JournalReader,
    KeptElsewhere,
    Problem,
    SegmentReport,
    SignedHead,
    Vouched,
    kept_elsewhere,
    layout,
    load_public_key,
    retention,
    verify_journal,
    vouched_by_others,
)
from coldwitness.storage.journal.role_keys import signer_of_journal
from coldwitness.storage.journal.sealing import seal_finished
from coldwitness.storage.journal.signed_note import note_key
from coldwitness.storage.register import open_register
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.journalled import SqlJournalled
from coldwitness.storage.witness.stamping import stamped_checkpoints
from coldwitness.storage.witness.timestamp import read_authorities

FOUND = 1
NOBODY_VOUCHES = 3
JsonOption = Annotated[bool, typer.Option("--json", help="one JSON line each, for machines")]
app = typer.Typer(
    help="证据日志。The evidence journal: is it whole, what is in it.", no_args_is_help=True
)


@app.command("verify")
def verify(
    context: typer.Context,
    directory: DirectoryOption = None,
    public_key: Annotated[
        Path | None,
        typer.Option("--public-key", help="PEM key kept elsewhere; else the folder's own"),
    ] = None,
    heads: Annotated[
        list[str] | None,
        typer.Option(
            "--heads",
            help="FILE or URL of what somebody else kept: a checkpoint, or NDJSON of signed heads"
            " or of a worker's health messages; may be repeated",
        ),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            "--witness",
            help="key (name+id+base64) of a witness whose signatures have to stand over the heads;"
            " may be repeated",
        ),
    ] = None,
    tsa_ca: Annotated[
        list[Path] | None,
        typer.Option(
            "--tsa-ca",
            help="certificates (PEM) of the authorities whose time stamps of the heads count",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check every row, chain, tree, signature, head and link.

    Exit 0: whole, by a key or heads kept elsewhere or by a witness; 1: something is wrong; 3: whole
    as far as the folder itself tells, but nobody outside vouches for it.
    """
    folder = directory_of(context, directory)
    key_file = public_key if public_key is not None else layout.public_key(folder)
    public = load_public_key(key_file) if public_key or key_file.exists() else None
    if public is None:
        typer.echo(f"no public key at {key_file}: signatures are not checked", err=True)
    kept = sum((_kept(source) for source in heads or ()), KeptElsewhere())
    witnesses = [note_key(vkey) for vkey in witness or ()]
    authorities = [one for path in tsa_ca or () for one in read_authorities(path)]
    stamped, not_stamped = stamped_checkpoints(folder, authorities) if authorities else ([], [])
    kept += KeptElsewhere(stamped=tuple(stamped))
    in_register = _heads_in_register(context, folder)
    reports = verify_journal(folder, public=public, outside=(*kept.heads, *in_register.values()))
    vouched, contradictions = vouched_by_others(
        folder, reports, kept, public=public, witnesses=witnesses
    )
    problems = [problem for report in reports for problem in report.problems]
    contradictions += [Problem("signature", str(folder), None, text) for text in not_stamped]
    contradictions += [
        Problem("removed", str(folder), None, text) for text in unlike_orders(folder, reports)
    ]
    problems += contradictions
    lost = _rows_lost(folder, reports)
    for report in reports:
        line = {
            "worker": report.segment.worker,
            "day": report.segment.day,
            "state": report.segment.state,
            "rows": report.rows,
            "first_row": report.first_row,
            "last_row": report.last_row,
            "merkle_root": report.merkle_root,
            "proved_row": report.proved_row,
            "head": max((head.count() for head in report.heads), default=None),
            "problems": [
                {"kind": p.kind, "file": p.file, "row": p.row, "text": p.text}
                for p in report.problems
            ],
        }
        if as_json:
            typer.echo(json.dumps(line, ensure_ascii=False))
    if as_json and (kept.checkpoints or kept.stamped or witnesses or contradictions):
        typer.echo(json.dumps(_outside_as_json(vouched, contradictions), ensure_ascii=False))
    if not as_json:
        for problem in problems:
            typer.echo(f"{problem.kind}: {problem.text}")
        for text in lost:
            typer.echo(f"truncated: {text}")
        _say_what_is_proved(reports, in_register)
        for one in vouched:
            typer.echo(one.text())
        wrong = len(problems) + len(lost)
        rows = sum(report.rows for report in reports)
        found = f"{wrong} problems" if wrong else "nothing wrong" if rows else "nothing to prove"
        typer.echo(f"{len(reports)} segments, {rows} rows: {found}")
    elif lost:
        typer.echo(json.dumps({"lost": lost}, ensure_ascii=False))
    if problems or lost:
        raise typer.Exit(FOUND)
    if not reports or (public_key is None and not kept.heads and not vouched):
        typer.echo(
            "whole as far as this folder tells; nobody outside vouches for it: give --public-key,"
            " --heads that were kept elsewhere, or --witness",
            err=True,
        )
        raise typer.Exit(NOBODY_VOUCHES)


def _kept(source: str) -> KeptElsewhere:
    if not source.startswith(("http://", "https://")):
        try:
            return kept_elsewhere(Path(source).read_bytes(), where=source)
        except OSError as error:
            raise BadInput(f"--heads {source}: {error.strerror}") from error
    try:
        answer = httpx.get(source, timeout=30.0).raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable(f"--heads {source}: {error}") from error
    return kept_elsewhere(answer.content, where=source)


def _outside_as_json(
    vouched: Sequence[Vouched], contradictions: Sequence[Problem]
) -> dict[str, object]:
    return {
        "vouched": [
            {
                "worker": one.worker,
                "row": one.row,
                "head": one.size,
                "by": one.by,
                "seen": rfc3339(one.seen_s * 1000) if one.seen_s is not None else None,
            }
            for one in vouched
        ],
        "problems": [{"kind": one.kind, "text": one.text} for one in contradictions],
    }


def _rows_lost(folder: Path, reports: Sequence[SegmentReport]) -> list[str]:
    """What the stores took over from rows that the journal does not have any more."""
    ends: dict[str, int] = {}
    for report in reports:
        worker = report.segment.worker
        ends[worker] = max(ends.get(worker, 0), report.last_row)
    lost = []
    for worker in workers_followed(folder):
        with Progress(folder, worker) as progress:
            cursor = progress.cursor()
        end = ends.get(worker, 0)
        if cursor > end:
            lost.append(f"worker {worker}: rows end at {end}, the stores took over up to {cursor}")
    return lost


def _heads_in_register(context: typer.Context, folder: Path) -> Mapping[str, SignedHead]:
    """What the register knows of this journal's heads: a second place, on the same machine, so it
    finds a journal that was put back and vouches for nothing."""
    settings = settings_of(context)
    file = register_file(settings)
    gone = file is not None and not file.exists()
    if gone or folder.resolve() != settings.journal.directory.resolve():
        return {}
    try:
        with closing(Database(settings.store.register_url)) as database:
            return heads_kept(folder, SqlJournalled(database))
    except Unavailable as error:
        typer.echo(f"heads kept in the register are not compared: {error}", err=True)
        return {}


def _say_what_is_proved(
    reports: Sequence[SegmentReport], in_register: Mapping[str, SignedHead]
) -> None:
    last = {report.segment.worker: report for report in reports if report.rows}
    for worker, report in last.items():
        later = report.last_row - report.proved_row
        rest = f"; {later} later rows are not yet proved" if later > 0 else ""
        if worker in in_register:
            head = in_register[worker]
            rest += f"; the register knows of head {head.count()}, row {head.row}"
        typer.echo(f"worker {worker}: proved by signature up to row {report.proved_row}{rest}")


@app.command("stats")
def stats(
    context: typer.Context, directory: DirectoryOption = None, as_json: JsonOption = False
) -> None:
    """Rows, days, sizes."""
    for segment in JournalReader(directory_of(context, directory)).stats():
        rows = segment.last_row - segment.first_row + 1
        last = rfc3339(segment.last_received_ms) if rows else None
        if as_json:
            line: dict[str, Any] = {
                "worker": segment.worker,
                "day": segment.day,
                "state": segment.state,
                "rows": rows,
                "first_row": segment.first_row,
                "last_row": segment.last_row,
                "last_received": last,
                "bytes": segment.bytes,
            }
            typer.echo(json.dumps(line))
        else:
            size_mb = segment.bytes / 1e6
            typer.echo(
                f"{segment.worker}  {segment.day}  {segment.state:7}  {rows:>10} rows"
                f"  {size_mb:9.1f} MB  last {last or '-'}"
            )


@app.command("export")
def export(
    context: typer.Context,
    directory: DirectoryOption = None,
    worker: Annotated[str | None, typer.Option("--worker", help="one worker only")] = None,
    after: Annotated[int, typer.Option("--after", min=0, help="rows after this one")] = 0,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="at most so many")] = None,
) -> None:
    """Print rows as NDJSON: topic, flags, receive time, payload (base64, and as text)."""
    reader = JournalReader(directory_of(context, directory))
    for name in [worker] if worker is not None else reader.workers():
        for row in reader.read(name, after=after, limit=limit):
            sys.stdout.write(json.dumps(row_as_json(row), ensure_ascii=False) + "\n")


@app.command("clocks")
def clocks(
    context: typer.Context,
    off_by_s: Annotated[
        float, typer.Option("--off-by", min=0.0, help="only loggers surely off by more, in s")
    ] = 0.0,
    directory: DirectoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """How far each logger's clock is ahead of ours: from the least that fits to the most."""
    for progress in open_progress(directory_of(context, directory)):
        with progress:
            estimates = sorted(progress.clocks(), key=lambda estimate: estimate.logger)
        for clock in estimates:
            if max(clock.low_ms, -clock.high_ms, 0) < off_by_s * 1000:
                continue
            line = {
                "worker": progress.worker,
                "logger": clock.logger,
                "ahead_s": [clock.low_ms / 1000, clock.high_ms / 1000],
                "messages": clock.messages,
                "updated": rfc3339(clock.updated_ms),
            }
            if as_json:
                typer.echo(json.dumps(line))
            else:
                typer.echo(
                    f"{progress.worker}  {clock.logger:24}  ahead by {clock.low_ms / 1000:.1f} to"
                    f" {clock.high_ms / 1000:.1f} s  ({clock.messages} messages)"
                )


app.add_typer(holds, name="hold")
app.add_typer(keys, name="key")
app.command("prove")(prove)
app.command("redact")(redact_rows)


@app.command("seal")
def seal(context: typer.Context, directory: DirectoryOption = None) -> None:
    """Seal finished days that a stopped worker left open."""
    folder = directory_of(context, directory)
    settings = settings_of(context).journal.model_copy(update={"directory": folder})
    for done in seal_finished(folder, signer_of_journal(settings)):
        typer.echo(f"{done.segment.worker} {done.segment.day}: {done.rows} rows sealed")


@app.command("expire")
def expire(
    context: typer.Context,
    directory: DirectoryOption = None,
    delete: Annotated[bool, typer.Option("--delete", help="really delete; else only list")] = False,
) -> None:
    """Days older than journal.retention_years (never under five) that no hold keeps."""
    folder, now_ms = directory_of(context, directory), int(time.time() * 1000)
    years = settings_of(context).journal.retention_years
    # What was decided (an entry of a register, say) may stand for longer than any message.
    decisions = [worker for worker in layout.workers(folder) if is_shard(worker)]
    kept = _kept_for_expiry(settings_of(context), years=years, now_ms=now_ms)
    old = retention.expired(folder, years=years, now_ms=now_ms, kept_for_good=decisions, kept=kept)
    for expiry in old:
        why = f"kept by hold {', '.join(expiry.held_by)}" if expiry.held_by else "may go"
        typer.echo(f"{expiry.segment.worker} {expiry.segment.day}: {why}")
    if delete:
        gone = retention.delete_expired(
            folder, years=years, now_ms=now_ms, kept_for_good=decisions, kept=kept
        )
        typer.echo(f"{len(gone)} days deleted; their seals stay")


def _kept_for_expiry(settings: Settings, *, years: float, now_ms: int) -> list[retention.Hold]:
    """A hold for each shipment whose drug expired less than a year ago, or has not yet."""
    file = register_file(settings)
    if file is not None and not file.exists():
        typer.echo("no register: which drugs had not long expired is not known", err=True)
        return []
    register = open_register(settings.store.register_url)
    try:
        found = kept_for_expiry(register, years=years, now_ms=now_ms)
    finally:
        register.close()
    return [
        retention.Hold(f"expiry of {shipment}", f"kept until {until}", first, last, now_ms)
        for shipment, (first, last, until) in found.items()
    ]


def row_as_json(row: Any) -> dict[str, Any]:
    """One journal row for people and machines; `text` only where the payload is UTF-8."""
    line: dict[str, Any] = {
        "worker": row.worker,
        "row": row.row,
        "received": rfc3339(row.received_ms),
        "topic": row.topic.encode("utf-8", "replace").decode(),
        "qos": row.qos,
        "retain": row.retain,
        "dup": row.dup,
        "note": row.note,
        "payload_base64": base64.b64encode(row.payload).decode("ascii"),
    }
    if row.removed:
        removal = row.removal
        line["removed_by"] = None if removal is None else list(removal.order)
    try:
        line["text"] = row.payload.decode("utf-8")
    except UnicodeDecodeError:
        line["text"] = None
    return line
