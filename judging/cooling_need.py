"""Whether a shipment's drugs need cold carried along."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from coldwitness.config.storage_classes import StorageClass
from coldwitness.domain.manifest import Item


def need_cooling(
    named: Sequence[Sequence[Item]], classes: Mapping[str, StorageClass]
) -> NDArray[np.bool_]:
    """(s,) True where any item's class needs cooling, or without a class its own upper limit is
    none that a class without cooling would have; also where nothing is known of the storage."""
    cold_up_to_c = max((one.high_c for one in classes.values() if one.needs_cooling), default=0.0)

    def needs(item: Item) -> bool:
        if item.storage is not None:
            return classes[item.storage].needs_cooling
        high_c = None if item.limits is None else item.limits.high
        return high_c is not None and high_c <= cold_up_to_c

    return np.array([not drugs or any(map(needs, drugs)) for drugs in named], dtype=np.bool_)
