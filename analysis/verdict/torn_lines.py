"""What lines on papers and custody no longer show where the record is torn or its clock wrong."""

from collections.abc import Mapping

import numpy as np

from coldwitness.analysis.verdict.record_lines import Flags, RecordLine
from coldwitness.analysis.verdict.record_reasons import RecordReason
from coldwitness.config.rules import Question


def unless_torn(lines: Mapping[Question, RecordLine], torn: Flags) -> Mapping[Question, RecordLine]:
    """Neither in range at packing, nor sent live, nor a lid that stayed closed is shown by a record
    that is torn or has a wrong clock, (s,): readings that told otherwise may be gone, or set to
    another time."""
    if not torn.any():
        return lines
    held = {
        "packing_temperature": (RecordReason.PACKED_IN_RANGE, RecordReason.PACKING_UNSURE),
        "live_upload": (RecordReason.SENT_LIVE, RecordReason.UPLOAD_UNSURE),
        "seal": (RecordReason.LID_STAYED_CLOSED, RecordReason.LID_UNSURE),
    }
    return {
        question: line
        if question not in held
        else RecordLine(
            np.where(
                torn & (line.reason == held[question][0]), held[question][1], line.reason
            ).astype(np.int8),
            line.amount,
        )
        for question, line in lines.items()
    }
