"""The statistics table as a workbook: the table, and on a second sheet what each number counts."""

import io

import xlsxwriter

from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.api.statistics.table import StatisticsTold, filling, header, said

_COLUMNS = (6, 30, 12, 14, 34)


def workbook(told: StatisticsTold, lang: Lang, *, base_url: str) -> bytes:
    """For WPS and Excel. Every number stands as a number; what nobody knows is an empty cell."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        head = book.add_format({"bold": True, "border": 1, "text_wrap": True})
        plain = book.add_format({"border": 1, "text_wrap": True})
        title = book.add_format({"bold": True, "font_size": 16, "align": "center"})
        sheet = book.add_worksheet(said("title", lang))
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 1)
        for column, width in enumerate(_COLUMNS):
            sheet.set_column(column, column, width)
        sheet.merge_range(0, 0, 0, 4, said("title", lang), title)
        sheet.merge_range(1, 0, 1, 4, tell(told.source, lang))
        at = 2
        for word, value in header(told, lang):
            sheet.write_row(at, 0, (word, value))
            at += 1
        titles = ("number", "row", "value", "unit", "filling")
        sheet.write_row(at, 0, [said(one, lang) for one in titles], head)
        for row in told.rows:
            at += 1
            sheet.write_number(at, 0, row.number, plain)
            sheet.write_string(at, 1, tell(row.title, lang), plain)
            if row.value is None:
                sheet.write_blank(at, 2, None, plain)
            else:
                sheet.write_number(at, 2, row.value, plain)
            sheet.write_string(at, 3, tell(row.unit, lang), plain)
            sheet.write_string(at, 4, filling(row, lang), plain)
        sheet.write_string(at + 2, 0, said("signed", lang))
        _items(book, head, told, lang, base_url=base_url)
    return content.getvalue()


def _items(
    book: xlsxwriter.Workbook,
    head: "xlsxwriter.format.Format",
    told: StatisticsTold,
    lang: Lang,
    *,
    base_url: str,
) -> None:
    sheet = book.add_worksheet(said("items", lang)[:31])
    titles = ("number", "row", "item", "name", "on", "amount", "place")
    sheet.write_row(0, 0, [said(one, lang) for one in titles], head)
    sheet.freeze_panes(1, 0)
    at = 0
    for row in told.rows:
        for one in row.items:
            at += 1
            day = "" if one.on is None else str(one.on)
            amount = "" if one.amount is None else one.amount
            cells = (row.number, tell(row.title, lang), one.id, one.name, day, amount)
            sheet.write_row(at, 0, cells)
            sheet.write_url(at, 6, f"{base_url}{one.href}", string=one.href)
    sheet.autofit()
