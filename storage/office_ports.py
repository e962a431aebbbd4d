"""What the office's registers and the photographs and papers of shipments are asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from coldwitness.domain.office import RegisterEntry

_Entry = TypeVar("_Entry", bound=RegisterEntry)

AttachmentKind = Literal["packing_photo", "certificate", "statement", "other"]


@dataclass(frozen=True)
class EntryVersion:
    """One version of an entry of the office's registers: who put it when, UTC epoch ms."""

    version: int
    at_ms: int
    by: str
    entry: RegisterEntry


@dataclass(frozen=True)
class Attachment:
    """A file put to a shipment; its digest names it. Never judged by itself."""

    shipment: str
    sha256: str
    kind: AttachmentKind
    name: str | None
    media_type: str
    at_ms: int
    by: str


class Office(Protocol):
    """The office's own registers: the newest version of an entry counts, all are kept."""

    def put(self, name: str, entry: RegisterEntry, *, by: str, now_ms: int) -> EntryVersion:
        """Keep an entry as a new version; the same as the last one again changes nothing."""

    def put_all(
        self, entries: Sequence[tuple[str, RegisterEntry]], *, by: str, now_ms: int
    ) -> None:
        """The same of a whole table: different entries of one register."""

    def history(self, kind: type[_Entry], name: str) -> list[EntryVersion]:
        """All versions of an entry, oldest first."""

    def newest(self, kind: type[_Entry], names: Iterable[str]) -> dict[str, _Entry]:
        """The entries of these names, of those that are registered."""

    def listed(
        self, kind: type[_Entry], *, after: str | None = None, limit: int | None = None
    ) -> dict[str, _Entry]:
        """Entries by name, after a name."""

    def counts(self) -> dict[str, int]:
        """How many entries each register has, of those that have any."""

    def entered_by(self, name: str) -> frozenset[tuple[str, str]]:
        """Register and name of the entries whose newest version somebody put."""

    def affected(self, entries: Iterable[tuple[str, RegisterEntry]]) -> list[str]:
        """Shipments that entries of these names may bear on: their newest manifest speaks of one,
        or they lay in the box."""


class Attachments(Protocol):
    def add(
        self,
        shipment: str,
        body: bytes,
        *,
        kind: AttachmentKind,
        name: str | None,
        media_type: str,
        by: str,
        now_ms: int,
    ) -> tuple[Attachment, bool]:
        """Keep a file by its digest, and whether it is new; the same bytes again are the first."""

    def of(self, shipment: str) -> list[Attachment]:
        """Oldest first."""

    def body(self, shipment: str, sha256: str) -> tuple[Attachment, bytes] | None:
        """One of a shipment's, with its bytes."""
