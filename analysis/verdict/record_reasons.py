"""What the record may show of papers and custody, and in what state that leaves the question."""

from enum import IntEnum, unique

import numpy as np


class RecordState(IntEnum):
    """What an answer leaves of its question; the pack's line says what the last two mean."""

    NOT_BINDING = 0
    SHOWN = 1
    STATED = 2
    """The manifest alone says so."""
    ABSENT = 3
    SHORTFALL = 4


@unique
class RecordReason(IntEnum):
    """What was seen."""

    EVENTS_IN_ORDER = 1
    IN_TIME = 2
    WITHIN_HOLD_TIME = 3
    BOX_ON_RECORD = 4
    LID_STAYED_CLOSED = 5
    PACKED_IN_RANGE = 6
    SENT_LIVE = 7
    ACCURATE_ENOUGH = 8
    CALIBRATION_VALID = 9
    AGREEMENT_STATED = 10
    CALIBRATION_REGISTERED = 11
    WITHIN_REGISTERED_HOLD_TIME = 12
    BOX_REGISTERED = 13
    EVENTS_SO_FAR = 23
    NOT_YET_DUE = 33
    NOT_BEGUN = 51
    PLANNED_WITHIN_HOLD_TIME = 44
    NO_EVENTS = 20
    EVENTS_MISSING = 21
    EVENTS_OUT_OF_ORDER = 22
    NO_TIME_LIMIT = 30
    LATE = 31
    OVERDUE = 32
    """On its way, and past its time limit."""
    NO_HOLD_TIME = 40
    LONGER_THAN_HOLD_TIME = 41
    PLANNED_BEYOND_HOLD_TIME = 42
    """Not yet there: the plan alone is longer than the hold time."""
    NO_PLANNED_TIME = 43
    CUSTODY_UNKNOWN = 50
    NO_BOX_NAMED = 60
    BOX_NOT_ON_RECORD = 61
    NO_LID_RECORD = 70
    LID_PARTLY_SEEN = 71
    LID_UNSURE = 74
    """Closed, by a record with so much missing, or with such a clock, that it shows nothing."""
    OPENED_ON_THE_WAY = 72
    OPENED_SOMEWHERE = 73
    AGREEMENT_REGISTERED = 14
    OWN_DELIVERY_STATED = 15
    AGREEMENT_STATED_UNAUDITED = 16
    CARRIER_NOT_SAID = 80
    CARRIER_ENTRUSTED = 81
    OWN_DELIVERY = 82
    CARRIER_IS_ANOTHER = 83
    AGREEMENT_LATER = 84
    AGREEMENT_NOT_IN_FORCE = 85
    CARRIER_NOT_AUDITED = 86
    SUB_CARRIER_UNNAMED = 87
    NO_READING_AT_PACKING = 90
    PACKED_OUT_OF_RANGE = 91
    LIMITS_UNKNOWN = 92
    PACKED_PERHAPS_OUT_OF_RANGE = 93
    PACKING_UNSURE = 94
    """In range, by a record with so much missing, or with such a clock, that it shows nothing."""
    RECEIPT_UNKNOWN = 100
    SENT_LATE = 101
    UPLOAD_UNSURE = 102
    """Sent live, by such a record: what lagged may be gone, or the clock was set to hide it."""
    ACCURACY_NOT_STATED = 110
    LESS_ACCURATE = 111
    NO_CALIBRATION_DATE = 120
    CALIBRATION_EXPIRED = 121
    NOT_LISTED = 123
    SOLD_OFFLINE = 124
    DRUGS_NOT_NAMED = 125
    LISTED = 126
    NO_UPKEEP_RECORD = 127


_SHOWN = (
    RecordReason.EVENTS_IN_ORDER,
    RecordReason.IN_TIME,
    RecordReason.LID_STAYED_CLOSED,
    RecordReason.PACKED_IN_RANGE,
    RecordReason.SENT_LIVE,
    RecordReason.CALIBRATION_REGISTERED,
    RecordReason.WITHIN_REGISTERED_HOLD_TIME,
    RecordReason.BOX_REGISTERED,
    RecordReason.AGREEMENT_REGISTERED,
    RecordReason.EVENTS_SO_FAR,
    RecordReason.NOT_YET_DUE,
)
_STATED = (
    RecordReason.WITHIN_HOLD_TIME,
    RecordReason.PLANNED_WITHIN_HOLD_TIME,
    RecordReason.NOT_LISTED,
    RecordReason.BOX_ON_RECORD,
    RecordReason.ACCURATE_ENOUGH,
    RecordReason.CALIBRATION_VALID,
    RecordReason.AGREEMENT_STATED,
    RecordReason.AGREEMENT_STATED_UNAUDITED,
    RecordReason.OWN_DELIVERY_STATED,
)
_SHORTFALL = (
    RecordReason.NO_EVENTS,
    RecordReason.EVENTS_MISSING,
    RecordReason.EVENTS_OUT_OF_ORDER,
    RecordReason.LATE,
    RecordReason.OVERDUE,
    RecordReason.LONGER_THAN_HOLD_TIME,
    RecordReason.NO_BOX_NAMED,
    RecordReason.BOX_NOT_ON_RECORD,
    RecordReason.OPENED_ON_THE_WAY,
    RecordReason.OPENED_SOMEWHERE,
    RecordReason.CARRIER_ENTRUSTED,
    RecordReason.CARRIER_IS_ANOTHER,
    RecordReason.AGREEMENT_LATER,
    RecordReason.AGREEMENT_NOT_IN_FORCE,
    RecordReason.CARRIER_NOT_AUDITED,
    RecordReason.SUB_CARRIER_UNNAMED,
    RecordReason.PACKED_OUT_OF_RANGE,
    RecordReason.SENT_LATE,
    RecordReason.LESS_ACCURATE,
    RecordReason.CALIBRATION_EXPIRED,
    RecordReason.LISTED,
)

STATE_OF_REASON = np.full(max(RecordReason) + 1, RecordState.ABSENT, dtype=np.int8)
STATE_OF_REASON[list(_SHOWN)] = RecordState.SHOWN
STATE_OF_REASON[list(_STATED)] = RecordState.STATED
STATE_OF_REASON[list(_SHORTFALL)] = RecordState.SHORTFALL
STATE_OF_REASON[[RecordReason.OWN_DELIVERY, RecordReason.NOT_BEGUN, RecordReason.SOLD_OFFLINE]] = (
    RecordState.NOT_BINDING
)
"""By reason; what is in none of the lists is absent."""
