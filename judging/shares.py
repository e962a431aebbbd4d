"""Which shipments this process judges, where several judge on one register: it says every second
that it lives, and has its even part of the shares.

A process that ends gives them back at once. One that is killed is missed when its lease is over,
or by the next look of another one on the same machine; then the others have its shares.
"""

import logging
from collections.abc import Callable

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.looks import Looks
from coldwitness.storage.process_names import has_ended, own_name
from coldwitness.storage.share_ports import HeldShares, JudgeShares

log = logging.getLogger(__name__)

KEPT_EVERY_S = 1.0
LEASE_MS = 5_000
"""A process that says nothing for so long judges no more: a stall of the register or of the process
that is shorter moves no shipment."""


class ShareKeeper(Looks):
    """Keeps this process's lease from `start` to `stop`.

    name : the process's. ended : whether the process of another name is known to have ended.
    """

    def __init__(
        self,
        shares: JudgeShares,
        *,
        name: str | None = None,
        lease_ms: int = LEASE_MS,
        ended: Callable[[str], bool] = has_ended,
    ) -> None:
        super().__init__(
            name="shares", every_s=KEPT_EVERY_S, away="lease of judging not renewed", at_once=True
        )
        self._shares = shares
        self._lease_ms = lease_ms
        self._ended = ended
        self._held = HeldShares(own_name() if name is None else name, {})

    @property
    def held(self) -> HeldShares:
        """As of the last look. Somebody may have taken some since: a write of what was judged by it
        is refused then."""
        return self._held

    def look(self) -> None:
        """Say that we live, take and give back. Raises Unavailable; what was held is then held as
        far as nobody takes it."""
        before = self._held
        self._held = self._shares.keep(before.holder, lease_ms=self._lease_ms, ended=self._ended)
        if self._held.turns.keys() != before.turns.keys():
            log.info("judges %d shares of all shipments", len(self._held.turns))

    def stop(self) -> None:
        """Give all back. Call it when nothing is judged any more."""
        was_kept = self.alive
        super().stop()
        if not was_kept:
            return
        self._held = HeldShares(self._held.holder, {})
        try:
            self._shares.give_back(self._held.holder)
        except Unavailable as error:
            log.debug("shares are given back by the end of the lease: %s", error)
