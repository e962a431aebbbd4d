"""Tables of an office (CSV, XLSX) as entries of one of its registers.

A column is a field by its name (`qualification.hold_h`) or by its title in `config/words/
registers.toml`; another is said and left out. The first column named `id`, or 编号 (of companies
the credit code), is the entry. Rows of one entry give the lines of its lists, one each: a device's
certificates, a company's measures. Fields without a column stay as they are registered.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from itertools import dropwhile
from pathlib import Path

import msgspec

from coldwitness.config.labels import labels
from coldwitness.domain.errors import BadInput
from coldwitness.domain.office import RegisterEntry
from coldwitness.domain.text import Text
from coldwitness.ingest.files.spreadsheets import is_spreadsheet
from coldwitness.ingest.files.workbook import opened_workbook
from coldwitness.ingest.text_encoding import text_encoding

ROWS_MAX = 100_000
_START_BYTES = 1 << 16
_PLAIN = 1e6
"""Numbers below are shown by six digits."""
_BETWEEN = re.compile(r"[;；、,，\n]+")
_ID = "id"
_WORDS = {"roles", "key_supervision", "measures.kind", "cooling", "partition", "storage"}
_WORDS_OF = {("sites", "role")}
"""Fields whose cells are words of the register, in the reader's language or as they are."""


Body = dict[str, object]
"""An entry's JSON."""


@dataclass
class TableEntry:
    """What the rows of one entry say, by the names of its fields. row : number of the first of
    them, the titles' being 1. texts : plain fields. words : lists of words. parts : fields of a
    field. lines : lists of lines."""

    name: str
    row: int
    texts: dict[str, str] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    lines: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def over(self, registered: RegisterEntry | None) -> Body:
        """The entry's body: what the table says over what is registered."""
        before: Body = {} if registered is None else msgspec.to_builtins(registered)
        inner: Body = {}
        for key, part in self.parts.items():
            known = before.get(key)
            inner[key] = {**known, **part} if isinstance(known, dict) else part
        return {**before, **self.texts, **self.words, **inner, **self.lines}


@dataclass(frozen=True)
class OfficeTable:
    """entries : in the order in which the table names them. ignored : titles that are no field."""

    entries: tuple[TableEntry, ...]
    ignored: tuple[str, ...]


def read_office_table(
    path: Path, kind: type[RegisterEntry], *, called: str | None = None
) -> OfficeTable:
    """called : what the file is called in messages, else its path. Raises BadInput for a file that
    is no table, or names no entry."""
    called = called or str(path)
    rows = _rows(path, called)
    titles = next(rows, [])
    paths = [_path_of(title, kind) for title in titles]
    ignored = tuple(
        title for title, path_ in zip(titles, paths, strict=True) if title and path_ is None
    )
    if _ID not in paths:
        raise BadInput(
            f"{called}: no column names the entry: expected id, 编号 or 统一社会信用代码, "
            f"found {', '.join(title for title in titles if title)[:200]}"
        )
    entries: dict[str, TableEntry] = {}
    for number, cells in enumerate(rows, start=2):
        if not any(cells):
            continue
        given = {path_: cell for path_, cell in zip(paths, cells, strict=False) if path_ and cell}
        name = given.pop(_ID, "")
        if not name:
            raise BadInput(f"{called}, row {number}: the entry has no name")
        entry = entries.setdefault(name, TableEntry(name, number))
        _add(entry, given, kind)
    if not entries:
        raise BadInput(f"{called}: names no entry")
    return OfficeTable(tuple(entries.values()), ignored)


def _add(entry: TableEntry, given: Mapping[str, str], kind: type[RegisterEntry]) -> None:
    """One row: texts, lists of words, a line of each list that it speaks of."""
    lines: dict[str, dict[str, str]] = {}
    for path, cell in given.items():
        outer, _, inner = path.partition(".")
        form = _forms(kind)[path]
        worded = _is_worded(kind, path)
        if form == "words":
            several = [one.strip() for one in _BETWEEN.split(cell) if one.strip()]
            told = [_word(one) if worded else one for one in several]
            entry.words[outer] = list(dict.fromkeys([*entry.words.get(outer, ()), *told]))
            continue
        said = _word(cell) if worded else cell.strip()
        if not inner:
            entry.texts[outer] = said
        elif form == "line":
            lines.setdefault(outer, {})[inner] = said
        else:
            entry.parts.setdefault(outer, {})[inner] = said
    for outer, line in lines.items():
        known = entry.lines.setdefault(outer, [])
        if line not in known:
            known.append(line)


def titles_of(kind: type[RegisterEntry]) -> Mapping[str, Text]:
    """The title of each column that a table of this register may have, the entry's own name first;
    a field without one has its own name."""
    columns = labels("registers")["columns"]
    own = "uscc" if kind.register == "companies" else _ID
    return {
        _ID: columns[own],
        **{path: columns.get(path, Text(path, path)) for path in _forms(kind)},
    }


def said_in_tables(entry: RegisterEntry) -> Mapping[str, Sequence[Text]]:
    """What an entry says, by column, a line of a list each; without columns that say nothing."""
    words = labels("registers")["values"]
    body: Body = msgspec.to_builtins(entry)
    found: dict[str, list[Text]] = {}
    for path in _forms(type(entry)):
        outer, _, inner = path.partition(".")
        value = body[outer]
        held = value if isinstance(value, list | tuple) else [] if value is None else [value]
        values = [one.get(inner) if isinstance(one, dict) else one for one in held]
        if any(one is not None for one in values):
            worded = _is_worded(type(entry), path)
            found[path] = [_as_told(one, words if worded else {}) for one in values]
    return found


def _as_told(value: object, words: Mapping[str, Text]) -> Text:
    if isinstance(value, float):
        value = f"{value:g}" if abs(value) < _PLAIN else f"{value:.2f}"
    text = "—" if value is None else str(value)
    return words.get(text, Text(text, text))


def _is_worded(kind: type[RegisterEntry], path: str) -> bool:
    return path in _WORDS or (kind.register, path) in _WORDS_OF


def typed(body: Body, kind: type[RegisterEntry]) -> Body:
    """The body with numbers and days in place of a table's texts; what cannot be one stays a text,
    and is refused where the entry is checked."""
    try:
        entry = msgspec.convert(body, kind, strict=False)
    except msgspec.ValidationError:
        return body
    made: Body = msgspec.to_builtins(entry)
    return made


@cache
def _forms(kind: type[RegisterEntry]) -> Mapping[str, str]:
    """Every field that a column may give -> `text`, `words` (a list of them), `line` (of one line
    of a list), by its path."""
    forms: dict[str, str] = {}
    for name, type_ in _fields(kind):
        if isinstance(type_, msgspec.inspect.VarTupleType):
            if isinstance(type_.item_type, msgspec.inspect.StructType):
                forms |= {f"{name}.{one.name}": "line" for one in type_.item_type.fields}
            else:
                forms[name] = "words"
        elif isinstance(type_, msgspec.inspect.StructType):
            forms |= {f"{name}.{one.name}": "text" for one in type_.fields}
        else:
            forms[name] = "text"
    return forms


def _fields(kind: type[RegisterEntry]) -> Iterator[tuple[str, msgspec.inspect.Type]]:
    told = msgspec.inspect.type_info(kind)
    for one in told.fields if isinstance(told, msgspec.inspect.StructType) else ():
        type_ = one.type
        if isinstance(type_, msgspec.inspect.UnionType):
            type_ = next(
                inner for inner in type_.types if not isinstance(inner, msgspec.inspect.NoneType)
            )
        yield one.name, type_


def _path_of(title: str, kind: type[RegisterEntry]) -> str | None:
    """The field that a title means; None for none of this register."""
    folded = " ".join(title.split()).casefold()
    if folded == _ID or (kind.register == "companies" and folded == "uscc"):
        return _ID
    for path, text in labels("registers")["columns"].items():
        if folded in (path, text.zh.casefold(), text.en.casefold()):
            if path == _ID or (kind.register == "companies" and path == "uscc"):
                return _ID
            if path in _forms(kind):
                return path
    return folded if folded in _forms(kind) else None


@cache
def _words() -> Mapping[str, str]:
    """What a cell may say -> the register's word."""
    return {
        said.casefold(): word
        for word, text in labels("registers")["values"].items()
        for said in (text.zh, text.en)
    }


def _word(cell: str) -> str:
    return _words().get(cell.strip().casefold(), cell.strip())


def _rows(path: Path, called: str) -> Iterator[list[str]]:
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except OSError as error:
        raise BadInput(f"{called}: {error.strerror}") from error
    if is_spreadsheet(start, path.suffixes):
        yield from _sheet_rows(path, called)
        return
    encoding = text_encoding(start)
    try:
        text = path.read_text(encoding=encoding)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{called}: cannot be read as a table: {error}") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, cells in enumerate(rows):
            _require_few(number, called)
            yield [cell.strip() for cell in cells]
    except csv.Error as error:
        raise BadInput(f"{called}, line {rows.line_num}: {error}") from error


def _require_few(number: int, called: str) -> None:
    """number : of a row, the titles' being 0."""
    if number > ROWS_MAX:
        raise BadInput(f"{called}: more than {ROWS_MAX:,} rows")


def _sheet_rows(path: Path, called: str) -> Iterator[list[str]]:
    """Of the first sheet."""
    with opened_workbook(path, called=called, most_rows=ROWS_MAX + 2) as workbook:
        for _, rows in workbook.sheets():
            written = dropwhile(lambda cells: not any(map(_text, cells)), rows)
            for number, cells in enumerate(written):
                _require_few(number, called)
                yield [_text(cell) for cell in cells]
            return


def _text(cell: object) -> str:
    """A whole number without its .0, a day without its midnight."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return str(cell.date())
    if isinstance(cell, date):
        return str(cell)
    return str(cell).strip()
