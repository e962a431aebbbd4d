"""Both views opened together, and closed whatever happens in between."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from coldwitness.config.settings import StoreSettings
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry


@contextmanager
def stores(
    settings: StoreSettings, *, sole_writer: bool = True
) -> Iterator[tuple[WholeStore, SqlRegister]]:
    """Readings and register of these settings. sole_writer : False where other processes may
    write the readings meanwhile. Raises Unavailable or ConfigError naming what does not open."""
    with (
        closing(open_register(settings.register_url)) as register,
        closing(open_telemetry(settings, register.views, sole_writer=sole_writer)) as store,
    ):
        yield store, register
