"""The bytes of a row that says what was decided: JSON under a topic that no publisher can use."""

import msgspec

from coldwitness.domain.errors import BadInput
from coldwitness.storage.decisions import Decision
from coldwitness.storage.journal import Message, Row

TOPIC_PREFIX = "$journal/decided/"
"""Such rows carry the flag of notes too: only this program can set it."""

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Decision)


def message_of(decision: Decision, *, received_ms: int) -> Message:
    """The message that is journalled of a decision."""
    tag = str(decision.__struct_config__.tag)
    return Message(f"{TOPIC_PREFIX}{tag}", _ENCODER.encode(decision), received_ms, qos=0)


def decision_of(row: Row) -> Decision | None:
    """What a row decided, None for every other row. Raises BadInput for a row that this version
    cannot read: passing it over would change what rests on it."""
    if not row.note or not row.topic.startswith(TOPIC_PREFIX):
        return None
    try:
        decision: Decision = _DECODER.decode(row.payload)
    except msgspec.MsgspecError as error:
        raise BadInput(f"journal: {row.worker} row {row.row}: {row.topic}: {error}") from error
    return decision
