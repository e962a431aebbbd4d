"""`coldwitness case`: forms of a clue, the package that goes with it, and our templates."""

import getpass
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.api.forms.document import form_docx, template_docx
from coldwitness.api.forms.fields import form_fields
from coldwitness.api.forms.made import made_form
from coldwitness.api.forms.record import SHIPMENTS_MOST, ShipmentRecord, record_of
from coldwitness.api.forms.sheet import form_pdf
from coldwitness.api.forms.transfer import LETTER, TAKEN, handed_of, transfer_package
from coldwitness.api.reports.packed.record_altered import RecordCheck
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.report import report_from_stores, write_whole
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.config.case_forms import NUMBERS, FormInUse, form_in_use
from coldwitness.config.settings import Settings
from coldwitness.domain.clues import Clue
from coldwitness.domain.errors import BadInput
from coldwitness.domain.forms import FormFields
from coldwitness.domain.instants import rfc3339
from coldwitness.judging.clock import system_clock
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.journal import existing_signer
from coldwitness.storage.register import SqlRegister, open_register

app = typer.Typer(
    help="办案文书。Forms of a clue, and the package for another office.", no_args_is_help=True
)


@dataclass(frozen=True)
class _Case:
    """A clue with all that its forms need."""

    clue: Clue
    records: Sequence[ShipmentRecord]
    fields: FormFields
    register: SqlRegister
    now_ms: int


@app.command("forms")
def forms(
    context: typer.Context,
    clue: Annotated[str, typer.Argument(help="id of the clue, CL-…")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for the documents")],
    number: Annotated[
        list[int] | None, typer.Option("--form", help="only this one; may be repeated")
    ] = None,
    typed: Annotated[
        list[str] | None,
        typer.Option("--type", help="NAME=TEXT of a field that is left to type; may be repeated"),
    ] = None,
) -> None:
    """文书。Each form as DOCX and PDF; what is left to type is a blank unless --type says it."""
    settings = settings_of(context)
    said = dict(map(_pair, typed or ()))
    wanted = number or list(NUMBERS)
    used = {one: _used(one, settings) for one in wanted}
    strange = set(said) - {name for one in used.values() for name in one.form.typed}
    if strange:
        raise BadInput(f"--type: none of these forms has a field {min(strange)[:60]!r} to type")
    with _case(clue, settings) as case:
        output.mkdir(parents=True, exist_ok=True)
        for one, its in used.items():
            own = {name: text for name, text in said.items() if name in its.form.typed}
            name = f"{one:02d}-{its.form.title.zh}"
            docx = form_docx(its.form, case.fields, own, template=its.template)
            made = made_form(its.form, case.fields, own, own=its.own_parts)
            write_whole(output / f"{name}.docx", docx)
            write_whole(output / f"{name}.pdf", form_pdf(made, now_ms=case.now_ms))
            titles = its.form.titles().items()
            blank = [title.zh for field, title in titles if field not in own]
            typer.echo(f"{output / name}.docx, .pdf  待填 to type: {'、'.join(blank) or '—'}")


@app.command("package")
def package(
    context: typer.Context,
    clue: Annotated[str, typer.Argument(help="id of the clue, CL-…")],
    output: Annotated[Path, typer.Option("-o", "--output", help="FILE.zip")],
) -> None:
    """案件移送包。Letter, contents, report, readings, manifests, log of verify as one zip."""
    settings = settings_of(context)
    used = {number: _used(number, settings) for number in (LETTER, TAKEN)}
    signer = existing_signer(settings.journal, "package")
    with _case(clue, settings) as case:
        check = RecordCheck(
            settings, case.register, future_tolerance_s=future_tolerance_s(settings)
        )
        body = transfer_package(
            case.clue,
            [
                handed_of(one, settings=settings, signer=signer, journal=check.journal_part)
                for one in case.records
            ],
            case.fields,
            used,
            rulebook=load_rulebook(settings.judging),
            by=getpass.getuser(),
            now_ms=case.now_ms,
            made_at=rfc3339(case.now_ms),
        )
    write_whole(output, body)
    typer.echo(f"{output}  {len(body)} bytes")


@app.command("template")
def template(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="of the form, for example 12")],
    output: Annotated[Path, typer.Option("-o", "--output", help="FILE.docx")],
) -> None:
    """模板。Our template of a form: what an office begins its own with ([forms] directory)."""
    write_whole(output, template_docx(_used(number, settings_of(context)).form))


@contextmanager
def _case(name: str, settings: Settings) -> Iterator[_Case]:
    rulebook, now_ms = load_rulebook(settings.judging), system_clock()
    signer = existing_signer(settings.journal, "package")
    with closing(open_register(settings.store.register_url)) as register:
        entry = register.clues.one(name)
        if entry is None:
            raise BadInput(f"clue {name[:80]}: unknown")
        records = [
            record_of(
                report_from_stores(
                    shipment, settings=settings, storage=None, rules=None, signer=signer, issue=None
                ),
                register,
                rulebook=rulebook,
            )
            for shipment in entry.clue.shipments[:SHIPMENTS_MOST]
        ]
        fields = form_fields(
            entry.clue,
            records,
            office=settings.report.office,
            maker=getpass.getuser(),
            now_ms=now_ms,
            number_pattern=settings.forms.number,
        )
        yield _Case(entry.clue, records, fields, register, now_ms)


def _used(number: int, settings: Settings) -> FormInUse:
    used = form_in_use(number, settings.forms.directory)
    if used is None:
        raise BadInput(f"form {number}: expected one of {', '.join(map(str, NUMBERS))}")
    return used


def _pair(text: str) -> tuple[str, str]:
    name, equals, said = text.partition("=")
    if not equals:
        raise BadInput(f"--type: expected NAME=TEXT, got {text[:80]!r}")
    return name, said
