"""The JSON twin: the complete report in canonical form, one line, the same bytes every time."""

from collections.abc import Iterator
from typing import Any

import msgspec

from coldwitness.api.reports.made.model import EARLIER, SCHEMA, Evidenced, Report
from coldwitness.api.reports.made.seal import canonical_parts
from coldwitness.domain.errors import BadInput


def render_json(report: Report) -> bytes:
    """RFC 8785 bytes of the report and a final newline."""
    return b"".join(json_parts(report))


def json_parts(report: Report) -> Iterator[bytes]:
    """The same piece by piece, for reports that are too long for memory."""
    yield from canonical_parts(report, with_seal=True)
    yield b"\n"


def read_json(data: bytes) -> Report:
    """Inverse of `render_json`; raises BadInput for anything else."""
    try:
        report = msgspec.json.decode(data, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not a {SCHEMA}: {error}") from error
    if report.schema != SCHEMA:
        raise BadInput(f"not a {SCHEMA}: {report.schema[:80]!r}")
    return report


def read_earlier(data: bytes) -> tuple[Evidenced, dict[str, Any]] | None:
    """A report of a form made before, and all its values; None where the data is none such."""
    try:
        report = msgspec.json.decode(data, type=Evidenced)
        values: dict[str, Any] = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return (report, values) if report.schema in EARLIER else None
