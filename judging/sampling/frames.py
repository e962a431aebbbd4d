"""The frame of a spot check: everything that may be drawn, frozen as the bytes of a file."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from coldwitness.domain.errors import BadInput

FRAME_MOST = 1_000_000
ID_MOST = 200


@dataclass(frozen=True)
class Unit:
    """One that may be drawn. weight : how likely, in proportion; exact."""

    id: str
    stratum: str = ""
    weight: Fraction = Fraction(1)


@dataclass(frozen=True)
class Frame:
    """sha256 : of the file's bytes."""

    units: tuple[Unit, ...]
    sha256: str


def frame_of(raw: bytes, *, what: str) -> Frame:
    """A frame from CSV with a header, or NDJSON: `id`, optionally `stratum` and `weight`.

    Raises BadInput naming line and key: an id twice, a weight that is none, nothing at all.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{what}: not UTF-8: {error}") from error
    rows = _objects(text, what) if text.lstrip().startswith("{") else _lines(text, what)
    units: dict[str, Unit] = {}
    for number, row in rows:
        unit = _unit(row, where=f"{what}: line {number}")
        if unit.id in units:
            raise BadInput(f"{what}: line {number}: id {unit.id!r} stands twice")
        units[unit.id] = unit
        if len(units) > FRAME_MOST:
            raise BadInput(f"{what}: expected at most {FRAME_MOST} ids")
    if not units:
        raise BadInput(f"{what}: expected at least one id")
    return Frame(tuple(units.values()), hashlib.sha256(raw).hexdigest())


def frame_bytes(units: tuple[Unit, ...]) -> bytes:
    """A frame as a file: CSV in the order of ids."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "stratum", "weight"])
    for unit in sorted(units, key=lambda one: one.id):
        writer.writerow([unit.id, unit.stratum, str(unit.weight)])
    return out.getvalue().encode()


def _lines(text: str, what: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    reader = csv.DictReader(io.StringIO(text))
    if "id" not in (reader.fieldnames or ()):
        raise BadInput(f"{what}: expected a header with id, optionally stratum and weight")
    for row in reader:
        yield reader.line_num, row


def _objects(text: str, what: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            # A weight keeps its digits: a float would be another number.
            row = json.loads(line, parse_float=Fraction)
        except ValueError as error:
            raise BadInput(f"{what}: line {number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BadInput(f"{what}: line {number}: expected an object")
        yield number, row


def _unit(row: Mapping[str, object], *, where: str) -> Unit:
    name = row.get("id")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= ID_MOST:
        raise BadInput(f"{where}: id: expected a text of 1 to {ID_MOST} signs")
    stratum, weight = row.get("stratum"), row.get("weight")
    if weight in (None, ""):
        return Unit(name.strip(), _text(stratum))
    try:
        exact = Fraction(weight if isinstance(weight, int | Fraction) else str(weight))
    except (ValueError, ZeroDivisionError) as error:
        raise BadInput(f"{where}: weight: expected a number, got {weight!r}") from error
    if not 0 < exact <= 10**9:
        raise BadInput(f"{where}: weight: expected more than 0 and at most 10^9")
    return Unit(name.strip(), _text(stratum), exact)


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
