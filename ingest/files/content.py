"""What one recorded file holds, and what of it had to be refused."""

from dataclasses import dataclass, field

from domain.reading import Event
from domain.tracks import ReadingTable


@dataclass
class Refusals:
    """Rows that were not used: how many, and the first one's place and reason."""

    count: int = 0
    first: str | None = None

    def add(self, place: str, text: str, *, count: int = 1) -> None:
        self.count += count
        if self.first is None:
            self.first = f"{place}: {text}"

    def merge(self, other: "Refusals") -> None:
        self.count += other.count
        if self.first is None:
            self.first = other.first


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
