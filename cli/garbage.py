"""How often Python looks for garbage while a command loads its modules and makes objects by the
thousand."""

import gc


def collect_seldom() -> None:
    """From now on the collector runs seldom. Modules, readings, manifests and results are objects
    without cycles: at Python's own pace it walks them again and again, which costs a third of
    loading `serve`, a tenth of storing and a fifth of a check of thousands of shipments."""
    gc.set_threshold(100_000, 50, 50)
