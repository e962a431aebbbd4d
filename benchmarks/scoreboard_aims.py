"""The last section of the scoreboard: every aim beside what was reached.

The text is `scoreboard_aims.md`; what stands there in braces is put in from the run: `accused`,
`acquitted`, `insufficient`, `suspected`, `breach` and `noticed` over the classes named behind a
colon, `false` and `cover` of a zone, `wrong` and `false_clean` over all.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.scoreboard_score import ClassScore, Detection

TEXT = Path(__file__).with_name("scoreboard_aims.md")
_NOT_RUN = "not run"


def aims(scores: Sequence[ClassScore], found: Sequence[Detection]) -> str:
    """The section of one run."""

    def filled(match: re.Match[str]) -> str:
        measure, names = match["measure"], (match["names"] or "").split()
        if measure in ("false", "cover"):
            return _of_zone(next(d for d in found if d.zone == names[0]), measure)
        return _of_classes(scores, measure, names)

    return re.sub(r"\{(?P<measure>\w+)(?:: (?P<names>[^}]*))?\}", filled, TEXT.read_text("utf-8"))


def _of_zone(zone: Detection, measure: str) -> str:
    if measure == "false":
        return f"{zone.as_judged[1]} of {zone.isolated}"
    shares = [f"{held / of:.2f}" if of else _NOT_RUN for held, of in zone.covers]
    return " / ".join(shares)


def _of_classes(scores: Sequence[ClassScore], measure: str, names: Sequence[str]) -> str:
    if measure == "wrong":
        asked = [s for s in scores if s.kind in ("violation", "evidence")]
    elif measure == "false_clean":
        asked = [s for s in scores if s.kind == "clean"]
    else:
        asked = [s for s in scores if s.name in names]
    if not asked:
        return _NOT_RUN
    hits = sum(_hits(score, measure) for score in asked)
    of = sum(s.of if measure == "noticed" else s.shipments for s in asked)
    return f"{hits} of {of}"


def _hits(score: ClassScore, measure: str) -> int:
    match measure:
        case "wrong" | "acquitted":
            return len(score.wrong_compliant)
        case "accused" | "false_clean":
            return len(score.accused)
        case "noticed":
            return score.found
        case "insufficient":
            return score.verdicts["insufficient_evidence"]
        case _:
            return score.verdicts[measure]
