"""Whose shipments are judged next: every courier's in turn, so that none waits for a flood."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping


class Turns:
    """Shipments that wait, each once, with the reason of its last touch. Not safe for threads."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._new: dict[str, None] = {}
        self._queues: OrderedDict[str | None, dict[str, None]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._reasons)

    def add(self, shipment: str, reason: str) -> None:
        if shipment not in self._reasons:
            self._new[shipment] = None
        self._reasons[shipment] = reason

    def add_unless_waiting(self, shipment: str, reason: str) -> None:
        if shipment not in self._reasons:
            self.add(shipment, reason)

    @property
    def of_nobody_yet(self) -> tuple[str, ...]:
        """Those of which `belong` has not been told."""
        return tuple(self._new)

    def belong(self, asked: Iterable[str], couriers: Mapping[str, str | None]) -> None:
        """Whose those are of `of_nobody_yet` that were asked for; one that is not named is
        nobody's, and nobody has a turn as well."""
        for shipment in asked:
            if shipment in self._new:
                del self._new[shipment]
                self._queues.setdefault(couriers.get(shipment), {})[shipment] = None

    def take(self, most: int) -> dict[str, str]:
        """So many at most, one of every courier in turn, the longest waiting first; the courier
        after the last one begins the next time."""
        taken: dict[str, str] = {}
        while self._queues and len(taken) < most:
            courier, queue = next(iter(self._queues.items()))
            shipment = next(iter(queue))
            del queue[shipment]
            taken[shipment] = self._reasons.pop(shipment)
            if queue:
                self._queues.move_to_end(courier)
            else:
                del self._queues[courier]
        return taken
