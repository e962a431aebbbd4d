"""How much likelier a shipment is drawn where a spot check goes by weight."""

from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.domain.spot_checks import Reason

WEIGHTS_FILE = Path(__file__).parent / "spot_checks.toml"
_Points = Annotated[int, Meta(ge=0, le=1000)]


class SpotCheckWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points that add up; docs of its keys stand in the file."""

    base: Annotated[int, Meta(ge=1, le=1000)]
    clue: _Points
    clues_most: _Points
    reasons: dict[Reason, _Points]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    weights: SpotCheckWeights


@cache
def load_spot_check_weights(path: Path = WEIGHTS_FILE) -> SpotCheckWeights:
    """Raises ConfigError naming file, key and value."""
    return checked(toml_file(path), _File, where=path.name).weights
