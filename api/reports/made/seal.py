"""What a report's seal covers: the RFC 8785 form of everything in it but the seal itself."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec
import rfc8785

from coldwitness.api.reports.made.columns import Column, canonical_numbers, in_turn
from coldwitness.api.reports.made.evidence import NO_READINGS
from coldwitness.api.reports.made.model import Readings, Report, Seal
from coldwitness.api.reports.made.written import Written
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.signing import ALGORITHM, Signer

_NUMBERS = ("accuracy_m", "lat", "light_lux", "lon")
"""Columns of readings that hold numbers with fractions, beside those of the probes."""


def canonical(values: Any) -> bytes:
    """RFC 8785 bytes; raises BadInput for what JSON cannot hold (NaN, huge integers)."""
    try:
        return rfc8785.dumps(values)
    except rfc8785.CanonicalizationError as error:
        raise BadInput(f"report: not representable as canonical JSON: {error}") from error


def canonical_parts(report: Report, *, with_seal: bool) -> Iterator[bytes]:
    """The report's RFC 8785 bytes piece by piece: columns of readings are most of them, and are
    never whole in memory. `beside` and `issue` stand only where there is such. Raises BadInput as
    `canonical` does."""
    values: dict[str, Any] = msgspec.to_builtins(
        msgspec.structs.replace(report, readings=NO_READINGS)
    )
    for name in ("beside", "issue"):
        if values[name] is None:
            del values[name]
    if not with_seal:
        del values["seal"]
    lead = b"{"
    for name in sorted(values):
        yield lead + canonical(name) + b":"
        if name == "readings":
            yield from _readings_parts(report.readings)
        else:
            yield canonical(values[name])
        lead = b","
    yield b"}"


def _readings_parts(readings: Readings) -> Iterator[bytes]:
    lead = b"{"
    for name in sorted(readings.__struct_fields__):
        yield lead + canonical(name) + b":"
        if name == "loggers":
            yield canonical(readings.loggers)
        elif name == "temperature_c":
            yield from _temperature_parts(readings.temperature_c)
        else:
            yield from _column_parts(getattr(readings, name), of_numbers=name in _NUMBERS)
        lead = b","
    yield b"}"


def _temperature_parts(columns: dict[str, Sequence[float | None]]) -> Iterator[bytes]:
    lead = b"{"
    for name in sorted(columns, key=lambda key: key.encode("utf-16-be", "surrogatepass")):
        yield lead + canonical(name) + b":"
        yield from _column_parts(columns[name], of_numbers=True)
        lead = b","
    yield b"}" if columns else b"{}"


def _column_parts(column: Sequence[object], *, of_numbers: bool) -> Iterator[bytes]:
    yield b"["
    for rows in in_turn(len(column)):
        yield (b"," if rows.start else b"") + _values_text(column, rows, of_numbers=of_numbers)
    yield b"]"


def _values_text(column: Sequence[object], rows: slice, *, of_numbers: bool) -> bytes:
    """The values without brackets. msgspec writes them twenty times faster than rfc8785, and alike
    where they are ours: flags, times, counts, numbers of usual size."""
    part = column[rows]
    ours: Sequence[object] | None = None
    if of_numbers:
        ours = canonical_numbers(cast("Sequence[float | None]", part))
    elif isinstance(column, Column) and column.is_plain(rows):
        ours = part
    if ours is None:
        return canonical(part)[1:-1]
    return msgspec.json.encode(ours)[1:-1]


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sealed(report: Report, signer: Signer | None = None) -> Report:
    """The report with its digests, and signed if there is a signer."""
    data = Written(canonical_parts(report, with_seal=False))
    seal = Seal(
        sha256=data.sha256,
        sm3=data.sm3,
        algorithm=ALGORITHM if signer is not None else None,
        public_key=signer.public.public_bytes_raw().hex() if signer is not None else None,
        signature=signer.sign(data.held()) if signer is not None else None,
        keys=signer.history if signer is not None and signer.history else msgspec.UNSET,
    )
    return msgspec.structs.replace(report, seal=seal)
