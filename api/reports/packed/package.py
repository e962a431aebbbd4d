"""The evidence package: everything a third party needs to judge again, in one signed zip.

The zip is stored uncompressed with fixed dates, so the same evidence gives the same bytes and
not one bit of it can change unseen.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

import msgspec

from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.columns import Column, canonical_numbers, in_turn
from coldwitness.api.reports.made.model import Evidenced, Readings, Report
from coldwitness.api.reports.made.seal import canonical
from coldwitness.api.reports.made.twin import json_parts
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.made.written import Written, parts_of
from coldwitness.api.reports.packed import standalone_verify
from coldwitness.api.reports.packed.journal_part import JournalPart
from coldwitness.api.reports.packed.statement import (
    ROW,
    STATEMENT,
    Registering,
    statement_files,
)
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
    out: IO[bytes],
    report: Report,
    *,
    rules: Path,
    journal: JournalPart | None,
    signer: Signer,
    lang: Lang,
    stamp: Callable[[bytes], bytes] | None = None,
    issuer: str | None = None,
    register: Registering | None = None,
) -> None:
    """Write the zip of a sealed report to `out`, a file that can be sought in.

    rules : the file of the pack it was judged by. stamp : gives the time-stamp token over the
    bytes it is given, where one is wanted. issuer : the name of the journal, in the package's
    statement; register : writes the statement down in it.
    Raises BadInput where a part cannot be made, what `stamp` and `register` raise, and OSError
    where there is no room for it.
    """
    if report.seal is None:
        raise BadInput("package: the report has no seal")
    try:
        pack = rules.read_bytes()
    except OSError as error:
        raise BadInput(f"{rules}: cannot be read: {error.strerror}") from error
    twin = Written(json_parts(report))
    files = {
        REPORT: twin,
        PDF: Written([render_pdf(report, lang=lang, twin=parts_of(twin.file))]),
        READINGS: Written(readings_parts(report)),
        MANIFEST: Written([canonical(report.manifest), b"\n"]),
        EVENTS: Written(canonical(event) + b"\n" for event in report.events),
        RULES: Written([pack]),
        VERIFIER: Written([Path(standalone_verify.__file__).read_bytes()]),
    }
    if journal is not None:
        files[JOURNAL] = Written([canonical(msgspec.to_builtins(journal)), b"\n"])
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
    head = {CONTENTS: listed, SIGNATURE: signed, **token, **statement}
    zip_into(
        out,
        {
            **{name: [data] for name, data in head.items()},
            **{name: parts_of(one.file) for name, one in files.items()},
        },
    )


def entry_of(name: str, data: Written) -> Entry:
    return Entry(name=name, size=data.size, sha256=data.sha256, sm3=data.sm3)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The one zip of these files in this order."""
    out = io.BytesIO()
    zip_into(out, {name: [data] for name, data in files.items()})
    return out.getvalue()


def zip_into(out: IO[bytes], files: Mapping[str, Iterable[bytes | memoryview]]) -> None:
    """The same, of files in parts; `out` can be sought in."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, parts in files.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            with archive.open(info, "w") as file:
                for part in parts:
                    file.write(part)


def readings_parts(report: Evidenced) -> Iterator[bytes]:
    """The readings as the contract's NDJSON, canonical, some thousand lines at a time:
    `coldwitness check` reads them."""
    probes = sorted(report.readings.temperature_c, key=lambda name: name.encode("utf-16-be"))
    for rows in in_turn(len(report.readings.time)):
        columns = _columns(report.readings, probes, rows)
        yield _alike_lines(report, probes, columns) or b"".join(
            canonical(_line(report.shipment, probes, row)) + b"\n"
            for row in zip(*columns, strict=True)
        )


def _columns(readings: Readings, probes: Sequence[str], rows: slice) -> list[Sequence[object]]:
    """What `_line` takes of each row, in the order in which it writes it."""
    return [
        readings.lid_open[rows],
        readings.light_lux[rows],
        [readings.loggers[one] if one >= 0 else None for one in readings.logger[rows]],
        readings.moving[rows],
        readings.accuracy_m[rows],
        readings.lat[rows],
        readings.lon[rows],
        readings.seq[rows],
        *(readings.temperature_c[name][rows] for name in probes),
        readings.time[rows],
    ]


def _line(shipment: str, probes: Sequence[str], row: Sequence[object]) -> dict[str, object]:
    """One reading, its keys in the order of RFC 8785; what was not said is left out."""
    lid_open, light_lux, logger, moving, accuracy_m, lat, lon, seq, *temperatures, time = row
    position = None
    if lat is not None and lon is not None:
        position = _said(accuracy_m=accuracy_m, lat=lat, lon=lon)
    return _said(
        lid_open=lid_open,
        light_lux=light_lux,
        logger=logger,
        moving=moving,
        position=position,
        seq=seq,
        shipment=shipment,
        temperature=_said(**dict(zip(probes, temperatures, strict=True))),
        time=time,
    )


def _said(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _alike_lines(
    report: Evidenced, probes: Sequence[str], columns: Sequence[Sequence[object]]
) -> bytes | None:
    """The lines of rows that all say the same things, ten times faster than one by one: what
    differs between them is put into the text of one. None where they do not, where a number is so
    large or small that encoders differ, and for a report that was read: anything may stand in it.
    """
    told = [sum(value is not None for value in column) for column in columns]
    if not isinstance(report.readings.time, Column) or set(told) - {0, len(columns[0])}:
        return None
    row = [msgspec.Raw(b"%b") if count else None for count in told]
    pattern = msgspec.json.encode(_line(report.shipment, probes, row)) + b"\n"
    texts = [_texts(column) for column, count in zip(columns, told, strict=True) if count]
    names = (report.shipment, *report.readings.loggers, *probes)
    plain = all(msgspec.json.encode(name) == canonical(name) for name in names)
    if not plain or None in texts or pattern.count(b"%") != len(texts):
        return None
    return b"".join(pattern % each for each in zip(*filter(None, texts), strict=True))


def _texts(column: Sequence[object]) -> list[bytes] | None:
    """The JSON of each value; None where numbers among them are unusual."""
    if isinstance(column[0], float):
        numbers = canonical_numbers(cast("Sequence[float | None]", column))
        return None if numbers is None else msgspec.json.encode(numbers)[1:-1].split(b",")
    if isinstance(column[0], str):
        known = {value: msgspec.json.encode(value) for value in set(column)}
        return [known[value] for value in column]
    return msgspec.json.encode(column)[1:-1].split(b",")
