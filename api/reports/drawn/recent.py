"""What the page of a shipment draws, kept for the moment in which its curve is asked for too.

The page and its script's question for the curve come within a second and rest on one judging run.
The evidence is read at each of them; only while it is the same is the run not made again.
"""

import threading
from dataclasses import dataclass

from coldwitness.api.reports.drawn.view import Drawable
from coldwitness.api.reports.made.model import Report
from coldwitness.judging.evidence import Evidence

_KEPT_MS = 5_000
"""By how much the hour by which a shipment on its way was judged may lag behind."""
_KEPT_READINGS = 100_000
"""Of all that is kept; their columns take some 20 MB. A longer record is judged each time."""


@dataclass(frozen=True)
class Drawing:
    """The report without its digests, and the readings that are drawn of it."""

    report: Report
    readings: Drawable


class RecentDrawings:
    """The last few drawings, each with the evidence that it was made of. Safe among threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], tuple[Evidence, Drawing]] = {}
        self._changing = threading.Lock()

    def of(self, evidence: Evidence) -> Drawing | None:
        """What was drawn of this evidence a moment ago; None where anything was said since."""
        with self._changing:
            self._forget_old(evidence)
            made_of, drawing = self._kept.get(evidence.shipments, (None, None))
        if made_of is None or not evidence.is_that_of(made_of):
            return None
        return drawing

    def keep(self, evidence: Evidence, drawing: Drawing) -> None:
        """Keep it in place of what was drawn of these shipments before; the oldest make room."""
        with self._changing:
            self._kept.pop(evidence.shipments, None)
            self._kept[evidence.shipments] = (evidence, drawing)
            while self._readings() > _KEPT_READINGS:
                del self._kept[next(iter(self._kept))]

    def __len__(self) -> int:
        return len(self._kept)

    def _readings(self) -> int:
        return sum(len(evidence.readings) + 100 for evidence, _ in self._kept.values())

    def _forget_old(self, now: Evidence) -> None:
        for shipments, (evidence, _) in list(self._kept.items()):
            if not 0 <= (now.as_of_ms or 0) - (evidence.as_of_ms or 0) <= _KEPT_MS:
                del self._kept[shipments]
