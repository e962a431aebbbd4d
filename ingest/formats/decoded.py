"""What every decoder takes and gives: one shape for all wire formats."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

import msgspec

from coldwitness.config.settings import FormatRule
from coldwitness.domain.reading import Event, Reading
from coldwitness.ingest.formats.drug_names import DrugNames


@dataclass(frozen=True)
class Refusal:
    """One thing in a message that was not used.

    reason : short machine word by which refusals are counted (`no_time`, `wrong_type`, …).
    text : one line for people: value, what was expected, place.
    index : position in the message's array; None where the whole message is meant.
    """

    reason: str
    text: str
    index: int | None = None


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """What one message meant. All three may be empty: a message may say nothing to us."""

    readings: tuple[Reading, ...] = ()
    events: tuple[Event, ...] = ()
    refused: tuple[Refusal, ...] = ()


class DecodeContext(msgspec.Struct, frozen=True, gc=False):
    """What is known about a message beside its bytes.

    received_ms : when it reached us, UTC epoch ms; the time of a reading that brings none.
    rule : the settings' rule for this topic; None where no rule is set.
    courier, box : ids from the topic or the rule; what a logger's own entry says wins.
    zone : the zone of times that name none (`--timezone`); None: they are refused.
    sole_namespace : the settings let one application alone speak for this courier, so that names
        that are unique within it tell loggers apart.
    drug_names : which name is the drug's of loggers without a mapping; None: the message alone
        decides.
    """

    topic: str
    received_ms: int
    rule: FormatRule | None = None
    courier: str | None = None
    box: str | None = None
    zone: tzinfo | None = None
    sole_namespace: bool = False
    drug_names: DrugNames | None = None


Decoder = Callable[[bytes, DecodeContext], Decoded]
"""Pure but for its session. Raises BadMessage where nothing of the message can be used."""
