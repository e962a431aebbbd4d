"""`coldwitness report`: the compliance report of a shipment, from the stores or from files."""

import getpass
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, Annotated

import typer

from coldwitness.api.clues.clue import report_address
from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.issue import issue_of
from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Issue, Origin, Report
from coldwitness.api.reports.made.reviews import review_of
from coldwitness.api.reports.made.twin import json_parts
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.packed.issuing import evidence_package
from coldwitness.api.reports.packed.journal_part import journal_part
from coldwitness.api.reports.packed.record_altered import RecordCheck
from coldwitness.cli.drug_names import drug_names_kept
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.judge_files import as_of_instant_ms, judge_files
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.judging.clock import system_clock
from coldwitness.judging.copies import ArchivedCurves
from coldwitness.judging.evidence import evidence_of
from coldwitness.judging.fleet_limits import RegisterTrips
from coldwitness.judging.rulebook import Rulebook, load_rulebook, under_pack
from coldwitness.judging.run import Judged, judge_shipments, software
from coldwitness.storage.decided import open_decision_log
from coldwitness.storage.decisions import Issued
from coldwitness.storage.journal import (
    JournalReader,
    existing_signer,
    layout,
    load_or_create_signer,
    signer_of,
    signing_key,
)
from coldwitness.storage.journal.durable import placed
from coldwitness.storage.journal.head_log import origin_of
from coldwitness.storage.journal.receipt import row_receipt
from coldwitness.storage.journal.rows import kept_bytes
from coldwitness.storage.journal.signing import Signer
from coldwitness.storage.opening import stores
from coldwitness.storage.register import open_register
from coldwitness.storage.witness.timestamp import ask_for_stamp, read_token

_ENDINGS = (".json", ".html", ".pdf")


def report(
    context: typer.Context,
    shipment: Annotated[
        str | None, typer.Argument(help="shipment id; with --from needed only if there are several")
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", help="FILE.json, .html or .pdf; may be repeated"),
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option("--from", help="recorded telemetry instead of the stores; may be repeated"),
    ] = None,
    manifest: Annotated[
        list[Path] | None, typer.Option("--manifest", help="manifest file, with --from")
    ] = None,
    storage: Annotated[
        str | None, typer.Option("--storage", help="storage class where no manifest gives one")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="zone of times without one, with --from")
    ] = None,
    reader: Annotated[
        str | None, typer.Option("--reader", help="named reader of a logger export, with --from")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="RFC 3339 time, with --from: judge as then; without it all have ended",
        ),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules",
            help="judge by this rule pack; what the pack in force says stands beside it, and "
            "what is on record stays",
        ),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", help="zh or en")] = "zh",
    package: Annotated[
        Path | None,
        typer.Option("--package", help="FILE.zip: report, readings, rules, proofs, signed"),
    ] = None,
    timestamp: Annotated[
        str | None,
        typer.Option(
            "--timestamp",
            help="with --package: URL of a time-stamp authority (RFC 3161), or a file with its "
            "answer over package.sig.json",
        ),
    ] = None,
    number: Annotated[
        str | None, typer.Option("--number", help="the office's number of this report")
    ] = None,
    issued: Annotated[
        str | None, typer.Option("--issued", help="date of issue, as it is to be printed")
    ] = None,
    office: Annotated[
        str | None, typer.Option("--office", help="issuing office; else [report] office")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Ed25519 key to sign with; else the journal's, if there is one"),
    ] = None,
) -> None:
    """Write the compliance report: JSON (complete), HTML page or PDF."""
    output = output or []
    if not output and package is None:
        raise BadInput("report: nothing to write: give -o FILE.json, .html or .pdf, or --package")
    for path in output:
        if path.suffix.lower() not in _ENDINGS:
            raise BadInput(f"-o {path}: expected a file ending in {', '.join(_ENDINGS)}")
    if package is not None and package.suffix.lower() != ".zip":
        raise BadInput(f"--package {package}: expected a file ending in .zip")
    if timestamp is not None and package is None:
        raise BadInput("--timestamp: expected with --package: only a package carries a time stamp")
    if lang not in ("zh", "en"):
        raise BadInput(f"--lang: expected zh or en, got {lang!r}")
    settings = settings_of(context)
    signer = _signer(settings, key, needed=package is not None)
    issue = issue_of(settings, number=number, issued=issued, office=office)
    if as_of is not None and not files:
        raise BadInput("--as-of: expected with --from: what the stores hold is judged as of now")
    if files:
        made = _from_files(
            files,
            as_of_ms=None if as_of is None else as_of_instant_ms(as_of),
            shipment=shipment,
            manifests=manifest or [],
            storage=storage,
            timezone=timezone,
            reader=reader,
            rules=rules,
            settings=settings,
            signer=signer,
            issue=issue,
        )
    elif shipment is None:
        raise BadInput("report: give a shipment id, or files with --from")
    else:
        made = report_from_stores(
            shipment,
            settings=settings,
            storage=storage,
            rules=rules,
            signer=signer,
            issue=issue,
        )
    words: Lang = "en" if lang == "en" else "zh"
    for path in output:
        _write_form(made, path, words)
    if package is not None:
        pack = partial(
            _pack, made, settings, signer, words, from_files=bool(files), timestamp=timestamp
        )
        _write_into(package, pack)


def _pack(
    made: Report,
    settings: Settings,
    signer: Signer | None,
    lang: Lang,
    out: IO[bytes],
    *,
    from_files: bool,
    timestamp: str | None,
) -> None:
    if signer is None:
        raise BadInput("--package: no key to sign with; name one by --key")
    journal = None
    if not from_files:
        with closing(open_register(settings.store.register_url)) as register:
            names = drug_names_kept(register, settings).all()
        journal = journal_part(made, settings.journal.directory, settings.formats, drug_names=names)
    registering = None if journal is None else partial(_written_down, made, settings)
    stamp = None
    if timestamp is not None:
        by_url = timestamp.startswith(("http://", "https://"))
        stamp = (
            partial(ask_for_stamp, timestamp) if by_url else partial(read_token, Path(timestamp))
        )
    evidence_package(
        out,
        made,
        settings=settings,
        journal=journal,
        signer=signer,
        lang=lang,
        stamp=stamp,
        register=registering,
    )


def _written_down(made: Report, settings: Settings, statement_sha256: str) -> tuple[bytes, bytes]:
    """Journal that the package is issued: the receipt of that row, and the row."""
    issued = Issued(
        shipment=made.shipment,
        report_sha256="" if made.seal is None else made.seal.sha256,
        statement_sha256=statement_sha256,
        by=getpass.getuser(),
        at_ms=system_clock(),
    )
    folder = settings.journal.directory
    with (
        closing(open_register(settings.store.register_url)) as register,
        open_decision_log(settings.journal, register) as log,
    ):
        row = log.decide(issued, lambda: log.last_row)
        worker = log.worker
    (proof,) = JournalReader(folder).proofs(worker, [row])
    signer = signer_of(settings.journal, "log")
    issuer = origin_of(layout.worker_folder(folder, worker)) or f"coldwitness/{signer.key_id}"
    receipt = row_receipt(proof, signer, issuer=issuer, time_s=system_clock() // 1000)
    return receipt, kept_bytes(proof.whole)


def _signer(settings: Settings, key: Path | None, *, needed: bool) -> Signer | None:
    """The named key, which must exist, else the journal's; one is made only if it is needed."""
    if key is not None and not key.exists():
        raise BadInput(f"--key {key}: no such file")
    if key is not None:
        return load_or_create_signer(key)
    path = signing_key(settings.journal)
    there = path.exists()
    if not needed:
        return existing_signer(settings.journal, "package")
    signer = signer_of(settings.journal, "package")
    if not there:
        print(f"coldwitness: made a signing key: {path}", file=sys.stderr)
    return signer


def _from_files(
    files: Sequence[Path],
    *,
    as_of_ms: int | None,
    shipment: str | None,
    manifests: Sequence[Path],
    storage: str | None,
    timezone: str | None,
    reader: str | None,
    rules: str | None,
    settings: Settings,
    signer: Signer | None,
    issue: Issue | None,
) -> Report:
    installed = load_rulebook(settings.judging)
    judged = judge_files(
        files,
        manifest_paths=manifests,
        rulebook=installed if rules is None else under_pack(installed, rules),
        compare_with=None if rules is None else installed,
        storage=storage,
        timezone=timezone,
        reader=reader,
        as_of_ms=as_of_ms,
    )
    for warning in judged.warnings:
        print(f"coldwitness: {warning}", file=sys.stderr)
    known = [name for group in judged.groups for name in group.case.tracks.shipments]
    if shipment is None and len(known) > 1:
        raise BadInput(f"report: the files hold {len(known)} shipments, name one: {_few(known)}")
    wanted = known[0] if shipment is None else shipment
    for group in judged.groups:
        if wanted in group.case.tracks.shipments:
            return report_of_judged(
                group,
                wanted,
                origin=Origin(
                    software=software(), readings_from=tuple(path.name for path in files)
                ),
                signer=signer,
                issue=issue,
                in_force=next(
                    (other for other in judged.compared if wanted in other.case.tracks.shipments),
                    None,
                ),
            )
    raise BadInput(f"report: no shipment {wanted!r} in the files; there: {_few(known)}")


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def report_from_stores(
    shipment: str,
    *,
    settings: Settings,
    storage: str | None,
    rules: str | None,
    signer: Signer | None,
    issue: Issue | None,
) -> Report:
    """The report of what the stores hold of a shipment, held against the journal where it is
    signed. Raises BadInput where they know none, or differ from the journal."""
    file = settings.store.embedded_file
    if settings.store.telemetry == "embedded" and not file.exists():
        raise BadInput(f"report: no shipment {shipment!r}: there is no store at {file}")
    rulebook = load_rulebook(settings.judging)
    with stores(settings.store) as (store, register):
        line = register.shipments.row(shipment)
        if line is None:
            raise BadInput(f"report: the stores know no shipment {shipment!r}")
        read = partial(evidence_of, store, register, [shipment], as_of_ms=system_clock())
        if signer is None:
            evidence = read()
        else:
            drug_names_kept(register, settings)
            check = RecordCheck(settings, register, future_tolerance_s=future_tolerance_s(settings))
            evidence = check.unaltered(read, shipment)

        def judged_by(book: Rulebook) -> Judged:
            (judged,) = judge_shipments(
                evidence,
                rulebook=book,
                assumed_storage=storage or settings.judging.default_storage,
                archive=ArchivedCurves(register.copies),
                fleet=RegisterTrips(register.trips),
            )
            return judged

        in_force = judged_by(rulebook)
        public = settings.http.public_url
        return report_of_judged(
            in_force if rules is None else judged_by(under_pack(rulebook, rules)),
            shipment,
            in_force=in_force,
            origin=Origin(
                software=software(),
                readings_from=("store",),
                result_version=line.result_version,
                address=report_address(public.rstrip("/"), shipment) if public else None,
            ),
            review=review_of(
                register.reviews.of(shipment),
                result_version=line.result_version,
                attachments=register.attachments.of(shipment),
            ),
            signer=signer,
            issue=issue,
        )


def _write_form(made: Report, path: Path, lang: Lang) -> None:
    """The form that the file's ending names."""
    ending = path.suffix.lower()
    if ending == ".json":
        _write_into(path, lambda file: file.writelines(json_parts(made)))
    elif ending == ".html":
        write_whole(path, render_html(made, lang=lang).encode("utf-8"))
    else:
        write_whole(path, render_pdf(made, lang=lang))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; raises BadInput where it cannot be written."""
    _write_into(path, lambda file: file.write(data))


def _write_into(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    try:
        with placed(path) as file:
            write(file)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from error
