"""What one recorded file holds, and what of it had to be refused."""

from dataclasses import dataclass, field

from coldwitness.domain.reading import Event
from coldwitness.domain.tracks import ReadingTable

MAX_LINES = 1000


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
