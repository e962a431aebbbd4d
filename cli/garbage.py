"""How often Python looks for garbage while a command makes objects by the thousand."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Within it the collector runs seldom and leaves what there was before alone. Readings,
    manifests and results are objects without cycles: at Python's own pace it walks them again and
    again, which costs a tenth of storing and a fifth of a check of thousands of shipments."""
    pace = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*pace)
        gc.unfreeze()
