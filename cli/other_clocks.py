"""The clocks of the servers that this one works with."""

from collections.abc import Mapping

from coldwitness.config.settings import StoreSettings
from coldwitness.ingest.clock_watch import Asked
from coldwitness.storage.register import SqlRegister


def other_clocks(settings: StoreSettings, register: SqlRegister) -> Mapping[str, Asked]:
    """By the name under which each is told; none of them is a file's."""
    others: dict[str, Asked] = {}
    database = register.database
    if not database.is_sqlite:
        others[f"the register's database {database.shown_url}"] = database.server_time_ms
    if settings.telemetry == "influx":

        def influx_time_ms() -> int | None:
            from coldwitness.storage.telemetry.influx_http import (  # noqa: PLC0415  else unused
                InfluxHttp,
            )

            http = InfluxHttp(settings)
            try:
                return http.server_time_ms()
            finally:
                http.close()

        others["the telemetry store"] = influx_time_ms
    return others
