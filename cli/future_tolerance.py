"""How far ahead of its receipt a reading may lie, by the rules of today."""

import time

from coldwitness.config.rules import PACKS_DIR, load_packs, pack_for
from coldwitness.config.settings import Settings


def future_tolerance_s(settings: Settings) -> float:
    """How far ahead of its receipt a reading's time may lie, by the rule pack of today."""
    packs = load_packs(settings.judging.packs_directory or PACKS_DIR)
    pack = pack_for(packs, pack_id=settings.judging.rule_pack, epoch_s=time.time())
    return pack.numbers.future_tolerance_s
