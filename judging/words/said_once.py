"""Words that many shipments share, said once."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Word = TypeVar("Word")


@dataclass(frozen=True)
class SaidOnce(Generic[Word]):
    """code : of each shipment, which of the distinct words are its."""

    code: Sequence[int]
    words: Sequence[Word]

    @property
    def each(self) -> list[Word]:
        """The words of every shipment."""
        return [self.words[code] for code in self.code]


def said_once(columns: Sequence[Sequence[Hashable]], say: Callable[..., Word]) -> SaidOnce[Word]:
    """What `say` makes of the values of each shipment, which are all that its words depend on;
    columns : one a value, by shipment."""
    each = list(zip(*columns, strict=True))
    place = {values: number for number, values in enumerate(dict.fromkeys(each))}
    return SaidOnce(list(map(place.__getitem__, each)), [say(*values) for values in place])
