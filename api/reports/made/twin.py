"""The JSON twin: the complete report in canonical form, one line, the same bytes every time."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from coldwitness.api.reports.made.model import EARLIER, SCHEMA, Evidenced, Report
from coldwitness.api.reports.made.read_columns import read_columns
from coldwitness.api.reports.made.seal import canonical, canonical_parts
from coldwitness.domain.errors import BadInput


def render_json(report: Report) -> bytes:
    """RFC 8785 bytes of the report and a final newline."""
    return b"".join(json_parts(report))


def json_parts(report: Report) -> Iterator[bytes]:
    """The same piece by piece, for reports that are too long for memory."""
    yield from canonical_parts(report, with_seal=True)
    yield b"\n"


class _Report(Report, frozen=True, kw_only=True):
    readings: msgspec.Raw  # type: ignore[assignment]


class _Evidenced(Evidenced, frozen=True, kw_only=True):
    readings: msgspec.Raw  # type: ignore[assignment]


class _Form(msgspec.Struct, frozen=True):
    schema: str


def read_json(data: bytes | memoryview) -> Report:
    """Inverse of `render_json`; raises BadInput for anything else."""
    try:
        report = Report(**_values(msgspec.json.decode(data, type=_Report)))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not a {SCHEMA}: {error}") from error
    if report.schema != SCHEMA:
        raise BadInput(f"not a {SCHEMA}: {report.schema[:80]!r}")
    return report


def read_earlier(data: bytes | memoryview) -> Evidenced | None:
    """A report of a form made before; None where the data is none such."""
    try:
        if msgspec.json.decode(data, type=_Form).schema not in EARLIER:
            return None
        return Evidenced(**_values(msgspec.json.decode(data, type=_Evidenced)))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _values(read: _Report | _Evidenced) -> dict[str, Any]:
    values = {name: getattr(read, name) for name in read.__struct_fields__}
    return values | {"readings": read_columns(read.readings)}


def earlier_parts(data: bytes | memoryview, *, with_seal: bool) -> Iterator[bytes]:
    """RFC 8785 bytes of a report of any form, piece by piece, as `canonical_parts` of one of ours;
    `data` is JSON. Raises BadInput for what canonical JSON cannot hold."""
    values = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    if not with_seal:
        values.pop("seal", None)
    yield from _object_parts(values, opened={"readings": {"temperature_c": {}}})


_Opened = Mapping[str, "_Opened"]
"""Members that are written member by member, and of them likewise."""


def _object_parts(values: dict[str, msgspec.Raw], *, opened: _Opened) -> Iterator[bytes]:
    lead = b"{"
    for name in sorted(values, key=lambda key: key.encode("utf-16-be", "surrogatepass")):
        yield lead + canonical(name) + b":"
        lead = b","
        if name in opened:
            inner = msgspec.json.decode(values[name], type=dict[str, msgspec.Raw])
            yield from _object_parts(inner, opened=opened[name])
        else:
            yield canonical(msgspec.json.decode(values[name]))
    yield b"}" if values else b"{}"
