"""By what results are made: this program, its settings that decide, and the rule packs' texts."""

from hashlib import sha256

import msgspec

from coldwitness.config.rules import PACKS_DIR
from coldwitness.config.settings import Settings
from coldwitness.judging.run import software
from coldwitness.storage.decided import DecisionLog
from coldwitness.storage.decisions import InForce, RulesInForce
from coldwitness.storage.ports import Register

_DECIDING = ("formats", "judging", "report")
_KEY = "in_force"
"""Small fact of the register: the digest of what was journalled last."""


def in_force(settings: Settings, *, now_ms: int) -> InForce:
    """Sections of the settings that change what a message means or a result says; none of them
    holds a secret."""
    shown = settings.model_dump(mode="json")
    folder = settings.judging.packs_directory or PACKS_DIR
    packs = [(path.name, path.read_bytes()) for path in sorted(folder.glob("*.toml"))]
    return InForce(
        software=software(),
        settings={
            **{section: shown[section] for section in _DECIDING},
            "max_payload_bytes": settings.mqtt.max_payload_bytes,
        },
        rules=tuple(
            RulesInForce(name, sha256(text).hexdigest(), text.decode("utf-8"))
            for name, text in packs
        ),
        at_ms=now_ms,
    )


def journal_in_force(
    log: DecisionLog, register: Register, settings: Settings, *, now_ms: int
) -> bool:
    """Journal what is in force where it is not what was journalled last; returns whether it was."""
    standing = in_force(settings, now_ms=now_ms)
    digest = digest_of(standing)
    if register.journalled.said(_KEY) == digest:
        return False
    log.decide(standing, lambda: register.journalled.say(_KEY, digest))
    return True


def digest_of(standing: InForce) -> str:
    """Equal for what is the same, whenever it was journalled."""
    whole = msgspec.structs.replace(standing, at_ms=0)
    return sha256(msgspec.json.encode(whole, order="sorted")).hexdigest()
