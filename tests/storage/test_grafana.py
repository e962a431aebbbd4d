"""The shipped dashboards ask for what ColdWitness writes, and InfluxDB understands them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coldwitness.config.settings import StoreSettings
from coldwitness.storage.opening import stores
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_lines import lines
from tests.storage.readings import FULL, T0, reading

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))


def targets(dashboard: Path) -> Iterator[dict[str, Any]]:
    board = json.loads(dashboard.read_text(encoding="utf-8"))
    for panel in board["panels"]:
        yield from panel.get("targets", [])
    for variable in board["templating"]["list"]:
        yield {"query": variable["query"], "datasource": variable["datasource"]}


def test_two_dashboards_and_their_data_sources_are_provisioned() -> None:
    assert [path.stem for path in DASHBOARDS] == ["fleet", "operations"]
    provisioned = (GRAFANA / "provisioning" / "datasources" / "coldwitness.yml").read_text()
    uids = set(re.findall(r"uid: (\S+)", provisioned))
    used = {target["datasource"]["uid"] for path in DASHBOARDS for target in targets(path)}
    assert used == uids


def test_every_field_and_tag_asked_for_is_one_that_is_written() -> None:
    every = FULL.temperature_c | {"coolant": 1.0, "ambient": 1.0}
    whole = reading(0, temperature_c=every, lid_open=True, humidity_pct=50.0, battery_v=3.0)
    point = lines([whole], [T0], [1], measurement="reading").decode()
    written = set(re.findall(r"[ ,]([a-z_.0-9]+)=", point))
    for path in DASHBOARDS:
        for target in targets(path):
            asked = set(re.findall(r'"([a-z_.]+)"', target.get("query", ""))) - {"n"}
            assert asked <= written, path.name


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_influxdb_answers_every_query(path: Path, influx_settings: StoreSettings) -> None:
    with stores(influx_settings) as (store, _):
        store.append([reading(0), reading(0, drug=9.0), reading(1)], [T0] * 3)
    http = InfluxHttp(influx_settings)
    for target in targets(path):
        if "query" not in target:
            continue
        period = f"time >= {T0 - 1}ms AND time < {T0 + 600_000}ms"
        query = target["query"].replace("$timeFilter", period)
        for name, value in (("$__interval", "1m"), ("$box", "BX-1"), ("$logger", ".*")):
            query = query.replace(name, value)
        series = http.ask(query)
        if '"drug_c"' in query or "TAG VALUES" in query or "variant" in query:
            assert series, query
    http.close()
