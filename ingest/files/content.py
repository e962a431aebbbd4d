"""What one recorded file holds, and what of it had to be refused."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading import FILE_PROBES_MAX, PROBES_MAX, Event
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.files.header import is_probe

MAX_LINES = 1000
COLUMNS_MAX = 1000
"""Of a table, read or not."""


@dataclass
class Refusals:
    """Rows that were not used: how many, and the first ones' places and reasons.

    lines : one text for each of the first MAX_LINES refusals; a run of rows refused together
        is one line.
    """

    count: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def first(self) -> str | None:
        return self.lines[0] if self.lines else None

    def add(self, place: str, text: str, *, count: int = 1) -> None:
        self.count += count
        if len(self.lines) < MAX_LINES:
            more = f" (and {count - 1} more)" if count > 1 else ""
            self.lines.append(f"{place}: {text}{more}")

    def merge(self, other: "Refusals") -> None:
        self.count += other.count
        self.lines.extend(other.lines[: MAX_LINES - len(self.lines)])


def require_few_probes(columns: Iterable[str], place: str) -> None:
    """Raise BadInput where more columns are temperatures than a reading may have."""
    probes = sum(map(is_probe, columns))
    if probes > PROBES_MAX:
        raise BadInput(
            f"{place}: expected at most {PROBES_MAX} columns of temperatures, got {probes}"
        )


def require_few_columns(count: int, place: str) -> None:
    """Raise BadInput where a table has more columns than one that a person made."""
    if count > COLUMNS_MAX:
        raise BadInput(f"{place}: expected at most {COLUMNS_MAX:,} columns, got {count:,}")


def require_few_in_file(probes: Collection[str], file: str) -> None:
    """Raise BadInput where a file's readings name more probes than columns can be kept of: a file
    may name others in every line."""
    if len(probes) > FILE_PROBES_MAX:
        raise BadInput(f"{file}: more than {FILE_PROBES_MAX} probes in one file")


@dataclass(frozen=True)
class FileContent:
    """One file as read, before readings find their shipment.

    one_shipment : the file has no place for shipment ids, so it is one shipment: the
        manifest's, or one named by the file.
    """

    table: ReadingTable
    one_shipment: bool
    events: list[Event] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
