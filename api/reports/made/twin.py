"""The JSON twin: the complete report in canonical form, one line, the same bytes every time."""

import msgspec

from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.seal import canonical, plain
from coldwitness.domain.errors import BadInput


def render_json(report: Report) -> bytes:
    """RFC 8785 bytes of the report and a final newline."""
    return canonical(plain(report)) + b"\n"


def read_json(data: bytes) -> Report:
    """Inverse of `render_json`; raises BadInput for anything else."""
    try:
        return msgspec.json.decode(data, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"not a coldwitness.report/1: {error}") from error
