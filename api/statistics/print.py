"""The statistics table as a PDF of one sheet, to be signed."""

from datetime import datetime, time
from importlib import resources

import msgspec

from coldwitness.api.reports.drawn.glyphs import with_codes
from coldwitness.api.reports.drawn.pdf import typeset
from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.api.statistics.table import StatisticsTold, figure, filling, header, said
from coldwitness.domain.instants import CHINA

_COLUMNS = ("number", "row", "value", "unit", "filling")


def print_of(told: StatisticsTold, lang: Lang) -> bytes:
    """PDF/A-3; the same table gives the same bytes."""
    table = {
        "zh": lang == "zh",
        "title": said("title", lang),
        "source": tell(told.source, lang),
        "header": [[word, with_codes(value)] for word, value in header(told, lang)],
        "columns": [said(one, lang) for one in _COLUMNS],
        "rows": [
            [
                str(row.number),
                tell(row.title, lang),
                figure(row.value),
                tell(row.unit, lang),
                filling(row, lang),
            ]
            for row in told.rows
        ],
        "note": said("note", lang),
        "signed": said("signed", lang),
    }
    sheet = resources.files("coldwitness.api.statistics").joinpath("table.typ").read_bytes()
    day = datetime.combine(told.filled_on, time(), tzinfo=CHINA)
    inputs = {"table": msgspec.json.encode(table).decode()}
    return typeset(sheet, inputs, as_of_s=int(day.timestamp()), what="statistics")
