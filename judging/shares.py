"""Which shipments this process judges, where several judge on one register: it says every second
that it lives, and has its even part of the shares.

A process that ends gives them back at once. One that is killed is missed when its lease is over,
or by the next look of another one on the same machine; then the others have its shares.
"""

import logging
import threading
from collections.abc import Callable

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.process_names import has_ended, own_name
from coldwitness.storage.share_ports import HeldShares, JudgeShares

log = logging.getLogger(__name__)

KEPT_EVERY_S = 1.0
LEASE_MS = 5_000
"""A process that says nothing for so long judges no more: a stall of the register or of the process
that is shorter moves no shipment."""


class ShareKeeper:
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
        self._shares = shares
        self._lease_ms = lease_ms
        self._ended = ended
        self._held = HeldShares(own_name() if name is None else name, {})
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

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

    def start(self) -> None:
        self._thread = threading.Thread(target=self._keep_for_ever, name="shares", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give all back. Call it when nothing is judged any more."""
        self._stopping.set()
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        self._held = HeldShares(self._held.holder, {})
        try:
            self._shares.give_back(self._held.holder)
        except Unavailable as error:
            log.debug("shares are given back by the end of the lease: %s", error)

    def _keep_for_ever(self) -> None:
        while True:
            try:
                self.look()
            except Unavailable as error:
                log.warning("lease of judging not renewed: %s", error)
            except Exception:  # others would take over from one that judges
                log.exception("a look at shares failed; goes on with the next")
            if self._stopping.wait(KEPT_EVERY_S):
                return
