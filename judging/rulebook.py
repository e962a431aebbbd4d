"""The dated data a judgement rests on: rule packs, storage classes, box models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from coldwitness.config.rules import RulePack, load_packs, pack_for
from coldwitness.config.settings import JudgingSettings
from coldwitness.config.storage_classes import (
    BoxModel,
    StorageClass,
    load_box_models,
    load_storage_classes,
)
from coldwitness.domain.errors import BadInput


@dataclass(frozen=True)
class Rulebook:
    """All dated data a judgement rests on, loaded once at start."""

    packs: tuple[RulePack, ...]
    pack_id: str
    classes: Mapping[str, StorageClass]
    models: Mapping[str, BoxModel]


def load_rulebook(settings: JudgingSettings) -> Rulebook:
    """Raises ConfigError naming file, key and value."""
    packs = (
        load_packs() if settings.packs_directory is None else load_packs(settings.packs_directory)
    )
    pack_for(packs, pack_id=settings.rule_pack, epoch_s=0.0)
    return Rulebook(
        packs=packs,
        pack_id=settings.rule_pack,
        classes=load_storage_classes(),
        models=load_box_models(),
    )


def under_pack(rulebook: Rulebook, pack_id: str) -> Rulebook:
    """The same rulebook with another pack to judge by. Raises BadInput if there is none such."""
    known = sorted({pack.id for pack in rulebook.packs})
    if pack_id not in known:
        shown = pack_id if len(pack_id) <= 80 else f"{pack_id[:80]}…"
        raise BadInput(f"rules: unknown rule pack {shown!r}; expected one of {', '.join(known)}")
    return replace(rulebook, pack_id=pack_id)
