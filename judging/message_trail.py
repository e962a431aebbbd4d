"""Where a message leads: the ids of messages of which judging was told, from the touch of a
shipment to the line of the log that says what became of it."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from coldwitness.domain.log_ids import follow, followed
from coldwitness.domain.result import CheckResult
from coldwitness.storage.clue_ports import ClueEntry

log = logging.getLogger(__name__)


class MessageTrail:
    """Of each shipment that waits the newest message that concerned it. Not safe for threads."""

    def __init__(self) -> None:
        self._newest: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        """The shipments."""
        return iter(self._newest)

    def heard(self, touched: Iterable[str]) -> None:
        """Shipments that were touched; a mapping says by which message (None: by none)."""
        if isinstance(touched, Mapping):
            self._newest |= {name: one for name, one in touched.items() if one is not None}

    def of(self, shipments: Sequence[str]) -> dict[str, str]:
        """As it is before their evidence is read: that holds these messages."""
        return {name: self._newest[name] for name in shipments if name in self._newest}

    def keep(self, shipments: Iterable[str]) -> None:
        """Forget all others: another process judges them."""
        self._newest = self.of([*shipments])

    def judged(self, read: Mapping[str, str]) -> None:
        """With the evidence of these; what came later still waits."""
        for name, message in read.items():
            if self._newest.get(name) == message:
                del self._newest[name]


def tell(
    results: Sequence[CheckResult], entries: Sequence[ClueEntry], messages: Mapping[str, str]
) -> None:
    """Say in the log what was judged, where each step is asked for, and every change of a clue,
    with the message that led to it. messages : by shipment; none where time or a person did."""
    if followed():
        for result in results:
            message = messages.get(result.shipment)
            if message is not None:
                follow("judged", message, shipment=result.shipment, verdict=result.verdict)
    for entry in entries:
        clue, change = entry.clue, entry.change.kind
        ids = {"clue": clue.id, "shipment": clue.shipment, "change": change}
        message = messages.get(clue.shipment or "")
        log.info("clue", extra=ids if message is None else {**ids, "message_id": message})
