"""What processes that judge tell processes that answer: the news of the live stream, and what is on
the road now. Nothing of it is evidence; it is told anew by judging again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol


class LiveLine(NamedTuple):
    """One event of the live stream. number : rises with each, in the order in which readers see
    them. body : its JSON."""

    number: int
    name: str
    body: bytes


class LiveNews(Protocol):
    def tell(self, events: Sequence[tuple[str, bytes]]) -> None:
        """Name and body of each, in their order. Older ones are dropped in time."""

    def after(self, number: int, *, limit: int) -> list[LiveLine]:
        """Those behind a number, the oldest first."""

    def last(self) -> int:
        """The newest number; 0 where there is none."""


class RoadLine(NamedTuple):
    """A shipment under way. heard_ms : when something new was last heard of it [UTC epoch ms].
    to_limit_s : until its drug reaches a limit, None where none is near. newest : its newest
    reading as JSON."""

    heard_ms: int
    to_limit_s: float | None
    newest: bytes


class Road(Protocol):
    def keep(self, lines: Mapping[str, RoadLine], *, left: Iterable[str]) -> None:
        """These are under way, and those that `left` are not any more."""

    def of(self, shipments: Collection[str]) -> dict[str, RoadLine]: ...

    def pressing(
        self, *, silent_before_ms: int, to_limit_most_s: float, beside: Collection[str]
    ) -> dict[str, RoadLine]:
        """Those of which nothing was heard since, or whose drug is as near to a limit; and those of
        `beside`."""
