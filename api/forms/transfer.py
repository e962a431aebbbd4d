"""案件移送包: what goes with a clue to another office, a zip that opens anywhere offline."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import msgspec
from msgspec import Struct

from coldwitness.api.forms.document import form_docx
from coldwitness.api.forms.fields import said
from coldwitness.api.forms.made import ListTable, MadeForm, Paragraph, made_form, mark_of
from coldwitness.api.forms.record import ShipmentRecord
from coldwitness.api.forms.sheet import form_pdf
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.seal import sha256_hex
from coldwitness.api.reports.packed.issuing import evidence_package
from coldwitness.api.reports.packed.journal_part import JournalPart
from coldwitness.api.reports.packed.package import PDF, zipped
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.api.reports.packed.verified_words import verified_lines
from coldwitness.config.case_forms import FormInUse
from coldwitness.config.settings import Settings
from coldwitness.domain.clues import Clue
from coldwitness.domain.digests import sm3
from coldwitness.domain.forms import FormFields
from coldwitness.judging.rulebook import Rulebook
from coldwitness.storage.journal.signing import Signer

LETTER, TAKEN = 4, 12
CONTENTS = "contents.json"
FIRST = "index.html"


class ContentsLine(Struct, frozen=True, kw_only=True):
    name: str
    size: int
    sha256: str
    sm3: str


class TransferContents(Struct, frozen=True, kw_only=True):
    """What contents.json lists; itself, the page and the two drawings of the list are not in it."""

    schema: str
    clue: str
    version: int
    made_at: str
    by: str
    files: tuple[ContentsLine, ...]


@dataclass(frozen=True)
class Handed:
    """One shipment of the clue. package : its evidence package, None where there is no key to sign
    with. vouched : whether this machine's own key signed it."""

    record: ShipmentRecord
    package: bytes | None
    vouched: bool


def handed_of(
    record: ShipmentRecord,
    *,
    settings: Settings,
    signer: Signer | None,
    journal: Callable[[Report], JournalPart | None],
) -> Handed:
    """signer : this machine's own. journal : gives the rows behind a report."""
    if signer is None:
        return Handed(record, None, vouched=False)
    package = io.BytesIO()
    evidence_package(
        package,
        record.report,
        settings=settings,
        journal=journal(record.report),
        signer=signer,
        lang="zh",
    )
    return Handed(record, package.getvalue(), vouched=True)


def transfer_package(
    clue: Clue,
    handed: Sequence[Handed],
    fields: FormFields,
    forms: Mapping[int, FormInUse],
    *,
    rulebook: Rulebook,
    by: str,
    now_ms: int,
    made_at: str,
) -> bytes:
    """The zip. forms : the letter (4) and the record of taking the data (12), as in use."""
    files: dict[str, bytes] = {}
    for place, number in enumerate((LETTER, TAKEN), start=1):
        files |= _form(place, forms[number], fields, now_ms=now_ms)
    files["clue.json"] = msgspec.json.format(msgspec.json.encode(clue), indent=1) + b"\n"
    for one in handed:
        report = one.record.report
        at = report.shipment
        files[f"{at}/report.pdf"] = _drawn(one)
        files |= {f"{at}/{name}": body for name, body in one.record.files.items()}
        if one.package is not None:
            files[f"{at}/evidence.zip"] = one.package
            found = verify_any(one.package, rulebook=rulebook)
            lines = verified_lines("evidence.zip", found, vouched=one.vouched, lang="zh")
            files[f"{at}/verify.log"] = ("\n".join(lines) + "\n").encode()
    contents = TransferContents(
        schema="coldwitness.transfer/1",
        clue=clue.id,
        version=clue.version,
        made_at=made_at,
        by=by,
        files=tuple(
            ContentsLine(name=name, size=len(body), sha256=sha256_hex(body), sm3=sm3(body))
            for name, body in files.items()
        ),
    )
    table = _contents(contents, fields)
    title = said("contents")
    return zipped(
        {
            FIRST: _page(title, fields, contents),
            f"00-{title}.pdf": form_pdf(table, now_ms=now_ms),
            CONTENTS: msgspec.json.format(msgspec.json.encode(contents), indent=1) + b"\n",
            **files,
        }
    )


def _form(place: int, used: FormInUse, fields: FormFields, *, now_ms: int) -> dict[str, bytes]:
    name = f"{place:02d}-{used.form.title.zh}"
    made = made_form(used.form, fields, {}, own=used.own_parts)
    return {
        f"{name}.docx": form_docx(used.form, fields, {}, template=used.template),
        f"{name}.pdf": form_pdf(made, now_ms=now_ms),
    }


def _drawn(one: Handed) -> bytes:
    """The report's pages: those of the package, which has them drawn already."""
    if one.package is None:
        return render_pdf(one.record.report, lang="zh")
    with zipfile.ZipFile(io.BytesIO(one.package)) as package:
        return package.read(PDF)


def _contents(contents: TransferContents, fields: FormFields) -> MadeForm:
    titles = ("contents_number", "contents_file", "contents_size")
    return MadeForm(
        title=said("contents"),
        mark=mark_of(own=False),
        foot=f"{fields.clue} · {fields.now} · {fields.software}",
        parts=(
            Paragraph(f"{fields.matter}（{fields.clue}）　{fields.suspects}", "left"),
            ListTable(
                (*map(said, titles), "SHA-256", "SM3"),
                (1, 4, 2, 6, 6),
                tuple(
                    (str(n), one.name, str(one.size), one.sha256, one.sm3)
                    for n, one in enumerate(contents.files, start=1)
                ),
            ),
        ),
    )


def _page(title: str, fields: FormFields, contents: TransferContents) -> bytes:
    """A page of links within the zip; nothing comes from elsewhere."""
    lines = "\n".join(
        f'<li><a href="{escape(one.name)}">{escape(one.name)}</a>'
        f"<br><small>SHA-256 {one.sha256}<br>SM3 {one.sm3}</small></li>"
        for one in contents.files
    )
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        f"<title>{escape(title)} {escape(fields.clue)}</title>"
        "<style>body{font:16px/1.6 sans-serif;max-width:52em;margin:2em auto;padding:0 1em}"
        "small{color:#5a6875;word-break:break-all}</style>"
        f"<h1>{escape(title)}</h1><p>{escape(fields.matter)} {escape(fields.clue)}<br>"
        f"{escape(fields.suspects)}<br>{escape(said('clue_only'))}</p><ol>{lines}</ol></html>\n"
    ).encode()
