"""Which measurements are ours: their names carry our mark, and nothing is dropped before it was
looked at whose it is.

A database may hold others' points, also under a name that we once used, in this retention policy
or another. 1.x drops a measurement from all policies of a database at once, and so does 2.x from
the bucket that its database means by default, whichever bucket was asked about.
"""

import re

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.channels import SENSED
from coldwitness.domain.errors import Unavailable
from coldwitness.storage.telemetry.influx_http import InfluxHttp, Refused
from coldwitness.storage.telemetry.influx_lines import probe_of

FIRST = "coldwitness_reading"
OLD_NAME = "reading"
"""What the first measurement was called before names carried our mark; later ones `reading2`, …"""
_OURS = frozenset({"received_ms", "seq", "shipment", "courier"})
"""Fields that every point of ours has."""
_OURS_TOO = _OURS | {"time_source", *(channel.name for channel in SENSED)}
_TAGS = frozenset({"box", "logger", "variant"})
_ALL_TIMES = {"start": "1677-09-22T00:00:00Z", "stop": "2262-04-11T00:00:00Z"}


def fields_of(http: InfluxHttp, measurement: str) -> frozenset[str]:
    """Field keys of a measurement; none where it holds no point. Raises Unavailable."""
    return frozenset(
        str(row[series["columns"].index("fieldKey")])
        for series in http.ask(f'SHOW FIELD KEYS FROM "{measurement}"')
        for row in series.get("values", [])
    )


def is_ours(http: InfluxHttp, measurement: str) -> bool:
    """True if its points have the fields of ours. Raises Unavailable."""
    return fields_of(http, measurement) >= _OURS


def is_only_ours(http: InfluxHttp, measurement: str) -> bool:
    """True if none of its points has a field or tag that ours never have. Raises Unavailable."""
    fields = fields_of(http, measurement)
    tags = {
        str(row[series["columns"].index("tagKey")])
        for series in http.ask(f'SHOW TAG KEYS FROM "{measurement}"')
        for row in series.get("values", [])
    }
    further = {name for name in fields - _OURS_TOO if probe_of(name) is None}
    return fields >= _OURS and not further and tags <= _TAGS


def is_foreign(http: InfluxHttp, measurement: str) -> bool:
    """True if it holds points and they are none of ours. Raises Unavailable."""
    fields = fields_of(http, measurement)
    return bool(fields) and not fields >= _OURS


def free_name(http: InfluxHttp, after: str) -> str:
    """A name of our mark that no measurement of the database has, numbered after `after`."""
    taken = {
        str(row[0]) for series in http.ask("SHOW MEASUREMENTS") for row in series.get("values", [])
    }
    found = re.fullmatch(rf"{FIRST}(\d*)", after)
    number = int(found[1] or 1) + 1 if found is not None else 1
    while (name := FIRST if number == 1 else f"{FIRST}{number}") in taken:
        number += 1
    return name


def drop_ours(http: InfluxHttp, settings: StoreSettings, measurement: str) -> str:
    """Drop a measurement of ours from the bucket of these settings and from nowhere else.

    Returns "" where it is gone, else one line that says why it was left. A failure here harms
    nothing: the measurement is read no more.
    """
    try:
        if not fields_of(http, measurement):
            return ""
        if not is_only_ours(http, measurement):
            return f"measurement {measurement}: left, its points are not only ours"
        major = http.version().partition(".")[0]
        if major == "3":
            http.drop_table(measurement)
        elif major == "2":
            http.request(
                "POST",
                "/api/v2/delete",
                body={**_ALL_TIMES, "predicate": f'_measurement="{measurement}"'},
                query={"org": settings.influx_org, "bucket": settings.influx_bucket},
            )
        else:
            return _drop_1(http, settings, measurement)
    except Refused as error:
        return "" if error.status == 404 else f"measurement {measurement}: left: {error}"
    except Unavailable as error:
        return f"measurement {measurement}: left: {error}"
    return ""


def _drop_1(http: InfluxHttp, settings: StoreSettings, measurement: str) -> str:
    database, _, policy = settings.influx_bucket.partition("/")
    others = _policies_with(http, database, policy, measurement)
    if others:
        return (
            f"measurement {measurement}: left, retention policy {', '.join(others)} of the same"
            " database has one of that name, and InfluxDB 1.x drops both at once"
        )
    try:
        http.command(f'DROP MEASUREMENT "{measurement}"')
    except Refused as error:
        if error.status not in (401, 403):
            raise
        # To drop takes an administrator, to delete its points only the right to write.
        http.command(f'DELETE FROM "{measurement}"')  # noqa: S608
    return ""


def _policies_with(http: InfluxHttp, database: str, policy: str, measurement: str) -> list[str]:
    """Other retention policies of the database that hold points of that name."""
    policies = [
        (str(row[series["columns"].index("name")]), bool(row[series["columns"].index("default")]))
        for series in http.ask(f'SHOW RETENTION POLICIES ON "{database}"')
        for row in series.get("values", [])
    ]
    mine = policy or next((name for name, default in policies if default), "autogen")
    return [
        name
        for name, _ in policies
        if name != mine and http.ask(f'SELECT * FROM "{name}"."{measurement}" LIMIT 1')  # noqa: S608
    ]
