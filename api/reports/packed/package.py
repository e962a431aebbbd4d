"""The evidence package: everything a third party needs to judge again, in one signed zip.

The zip is stored uncompressed with fixed dates, so the same evidence gives the same bytes and
not one bit of it can change unseen.
"""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.model import Evidenced, Report
from coldwitness.api.reports.made.seal import canonical, sha256_hex
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.packed import standalone_verify
from coldwitness.api.reports.packed.journal_part import JournalPart
from coldwitness.api.reports.packed.statement import (
    ROW,
    STATEMENT,
    Registering,
    statement_files,
)
from coldwitness.domain.digests import sm3
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.signing import ALGORITHM, Signer

SCHEMA = "coldwitness.package/1"
CONTENTS = "package.json"
SIGNATURE = "package.sig.json"
STAMP = "package.tsr"
"""Answer of a time-stamp authority (RFC 3161) over the bytes of SIGNATURE; may be absent."""
HEAD = (CONTENTS, SIGNATURE, STAMP, STATEMENT, ROW)
"""What vouches for the list and therefore is not in it."""
REPORT = "report.json"
PDF = "report.pdf"
READINGS = "readings.ndjson"
MANIFEST = "manifest.json"
EVENTS = "events.ndjson"
RULES = "rules.toml"
JOURNAL = "journal.json"
VERIFIER = "verify.py"
_DATE = (1980, 1, 1, 0, 0, 0)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    size: int
    sha256: str
    sm3: str


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What package.json lists; `journal` says so where there are no rows of a journal."""

    schema: str
    shipment: str
    report_sha256: str
    journal: str
    files: tuple[Entry, ...]


class PackageSignature(msgspec.Struct, frozen=True, kw_only=True):
    """Over the bytes of package.json."""

    algorithm: str
    public_key: str
    signature: str


def make_package(
    report: Report,
    *,
    rules: Path,
    journal: JournalPart | None,
    signer: Signer,
    lang: Lang,
    stamp: Callable[[bytes], bytes] | None = None,
    issuer: str | None = None,
    register: Registering | None = None,
) -> bytes:
    """The zip of a sealed report. `rules` : the file of the pack it was judged by; `stamp` :
    gives the time-stamp token over the bytes it is given, where one is wanted. `issuer` : the name
    of the journal, in the package's statement; `register` : writes the statement down in it.

    Raises BadInput where a part cannot be made, and what `stamp` and `register` raise.
    """
    if report.seal is None:
        raise BadInput("package: the report has no seal")
    try:
        pack = rules.read_bytes()
    except OSError as error:
        raise BadInput(f"{rules}: cannot be read: {error.strerror}") from error
    files = {
        REPORT: render_json(report),
        PDF: render_pdf(report, lang=lang),
        READINGS: readings_lines(report),
        MANIFEST: canonical(report.manifest) + b"\n",
        EVENTS: b"".join(canonical(event) + b"\n" for event in report.events),
        RULES: pack,
        VERIFIER: Path(standalone_verify.__file__).read_bytes(),
    }
    if journal is not None:
        files[JOURNAL] = canonical(msgspec.to_builtins(journal)) + b"\n"
    contents = Contents(
        schema=SCHEMA,
        shipment=report.shipment,
        report_sha256=report.seal.sha256,
        journal="rows with proofs" if journal is not None else "none: made from files",
        files=tuple(entry_of(name, data) for name, data in files.items()),
    )
    listed = canonical(msgspec.to_builtins(contents)) + b"\n"
    signature = PackageSignature(
        algorithm=ALGORITHM,
        public_key=signer.public.public_bytes_raw().hex(),
        signature=signer.sign(listed),
    )
    signed = canonical(msgspec.to_builtins(signature)) + b"\n"
    token = {} if stamp is None else {STAMP: stamp(signed)}
    statement = statement_files(
        listed,
        signer,
        issuer=issuer or f"coldwitness/{signer.key_id}",
        shipment=report.shipment,
        register=register,
    )
    return zipped({CONTENTS: listed, SIGNATURE: signed, **token, **statement, **files})


def entry_of(name: str, data: bytes) -> Entry:
    return Entry(name=name, size=len(data), sha256=sha256_hex(data), sm3=sm3(data))


def zipped(files: dict[str, bytes]) -> bytes:
    """The one zip of these files in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def readings_lines(report: Evidenced) -> bytes:
    """The readings as the contract's NDJSON, canonical: `coldwitness check` reads them."""
    readings = report.readings
    lines = []
    for i, time in enumerate(readings.time):
        position = None
        if readings.lat[i] is not None and readings.lon[i] is not None:
            position = {
                "lat": readings.lat[i],
                "lon": readings.lon[i],
                "accuracy_m": readings.accuracy_m[i],
            }
        logger = readings.logger[i]
        whole = {
            "shipment": report.shipment,
            "logger": readings.loggers[logger] if logger >= 0 else None,
            "seq": readings.seq[i],
            "time": time,
            "temperature": {
                name: column[i]
                for name, column in readings.temperature_c.items()
                if column[i] is not None
            },
            "position": position
            and {key: value for key, value in position.items() if value is not None},
            "lid_open": readings.lid_open[i],
            "moving": readings.moving[i],
            "light_lux": readings.light_lux[i],
        }
        lines.append(
            canonical({key: value for key, value in whole.items() if value is not None}) + b"\n"
        )
    return b"".join(lines)
