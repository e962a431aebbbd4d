"""What dashboards, alerts and the operator's page name is what the program exposes: all of it."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from coldwitness.cli.ingest import metrics_of
from coldwitness.cli.metrics_door import metrics_door
from coldwitness.config.settings import JournalSettings, MetricsSettings, MqttSettings, Settings
from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.acknowledging import ReceiveCounts
from coldwitness.ingest.metrics import (
    COURIERS_MOST,
    OTHER_COURIERS,
    JournalMetrics,
    ReceivingMetrics,
)
from coldwitness.ingest.progress import Progress, Quarantined
from coldwitness.ingest.sides import ReceivingSide
from tests.api.world import T0, WARM, World, manifest, running_world
from tests.ingest.conftest import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
NAME = re.compile(r"coldwitness_[a-z_]+")
PARTS_OF_ONE = re.compile(r"_(bucket|sum|count)$")
MATCHER = re.compile(r"(coldwitness_[a-z_]+)\{([^}]*)\}")
ONE_MATCH = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|without) \(([^)]*)\)")


@cache
def documented() -> Mapping[str, tuple[frozenset[str], str]]:
    """Each metric of the page: its labels, and its whole row."""
    found = {}
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `coldwitness_"):
            labels = re.sub(r"\([^)]*\)", "", cells[1])
            found[cells[0].strip("`")] = (frozenset(re.findall(r"`(\w+)`", labels)), line)
    return found


def exposed(text: str) -> dict[str, frozenset[str]]:
    """Names as the page gives them, with the labels that their samples carry."""
    found: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(text):
        if family.name.endswith("_created"):
            continue  # when a counter began: the client's own
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels}
        found[name] = frozenset(labels - {"le"})
    return {name: labels for name, labels in found.items() if name.startswith("coldwitness_")}


def fetched(registry: CollectorRegistry) -> str:
    """What Prometheus gets at the door of a process."""
    with metrics_door(MetricsSettings(port=0), registry) as port:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text


def settings_of(folder: Path) -> Settings:
    return Settings(
        mqtt=MqttSettings(port=free_port()), journal=JournalSettings(directory=folder / "journal")
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of which everything that carries a label has happened once."""
    folder = tmp_path_factory.mktemp("served")
    settings = settings_of(folder)
    with Progress(settings.journal.directory, "w1") as progress:
        refusal = Quarantined(1, -1, "no_time", "", "t", T0, "ql-express", "LG-1")
        progress.advance(1, refused=[refusal])
    with running_world(folder, settings=settings) as world:
        world.client.put("/v1/shipments/ZB-SECRET", json=manifest("ZB-SECRET"))
        world.send("ZB-SECRET", WARM)
        world.get("/v1/shipments/ZB-SECRET/report.json")
        world.services.metrics.deliveries.labels(result="accepted").inc()
        world.services.metrics.alarm_messages.labels(result="accepted").inc()
        yield world


@pytest.fixture(scope="module")
def told(served: World, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, frozenset[str]]:
    """All that `serve` and `ingest` expose; the one over its API, the other at its door."""
    settings = settings_of(tmp_path_factory.mktemp("ingest"))
    receiving = ReceivingSide(settings)
    try:
        text = served.get("/metrics").text, fetched(metrics_of(receiving, settings))
    finally:
        receiving.journal.close()
    serve, ingest = exposed(text[0]), exposed(text[1])
    assert {"coldwitness_received_messages_total"} <= ingest.keys() - serve.keys()
    nothing: frozenset[str] = frozenset()
    names = serve.keys() | ingest.keys()
    return {name: serve.get(name, nothing) | ingest.get(name, nothing) for name in names}


def expressions() -> Iterator[tuple[str, str]]:
    """Every PromQL expression that is shipped, with where it stands."""
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", []):
                if "expr" in target:
                    yield f"{path.name}: {panel['title']}", target["expr"]
    for rule in alerts():
        yield rule["alert"], rule["expr"]


def alerts() -> list[dict[str, str]]:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
    return [rule for group in rules["groups"] for rule in group["rules"]]


def test_everything_that_is_exposed_is_on_the_page_with_its_labels(
    told: Mapping[str, frozenset[str]],
) -> None:
    page = {name: labels for name, (labels, _) in documented().items()}
    assert told == page


def test_every_name_label_and_value_that_is_asked_for_is_there() -> None:
    asked: set[str] = set()
    for place, expression in expressions():
        named = [PARTS_OF_ONE.sub("", name) for name in NAME.findall(expression)]
        assert set(named) <= documented().keys(), place
        asked.update(named)
        labels = frozenset().union(*(documented()[name][0] for name in named))
        for group in GROUPED.findall(expression):
            assert set(group.replace(" ", "").split(",")) <= labels | {"le", "instance"}, place
        for name, matchers in MATCHER.findall(expression):
            own, row = documented()[PARTS_OF_ONE.sub("", name)]
            for label, how, value in ONE_MATCH.findall(matchers):
                assert label in own, place
                assert how in ("=~", "!~") or f"`{value}`" in row, f"{place}: {label}={value}"
    assert documented().keys() <= asked, "each metric is on a dashboard or in an alert"


def test_a_name_that_is_not_exposed_would_be_seen() -> None:
    assert "coldwitness_nothing" not in documented()
    assert PARTS_OF_ONE.sub("", "coldwitness_report_seconds_bucket") in documented()


def test_every_alert_is_on_the_page_with_what_to_do() -> None:
    page = re.findall(r"^\| `(ColdWitness\w+)` \| \S", PAGE, re.MULTILINE)
    assert page == [rule["alert"] for rule in alerts()]
    for rule in alerts():
        assert rule["annotations"]["summary"]  # type: ignore[index]
        assert rule["labels"]["severity"] in ("page", "warn", "info")  # type: ignore[index]


def test_no_shipment_or_logger_is_told(served: World) -> None:
    text = served.get("/metrics").text
    assert 'coldwitness_report_seconds_count{form="json"} 1.0' in text
    assert "ZB-SECRET" not in text


def test_an_unknown_method_is_no_label_of_its_own(served: World) -> None:
    served.client.request("PROPFIND", "/v1/shipments")
    text = served.get("/metrics").text
    assert 'method="other"' in text
    assert "PROPFIND" not in text


def test_couriers_beyond_the_bound_are_one_label(tmp_path: Path) -> None:
    with Progress(tmp_path, "w1") as progress:
        progress.advance(
            9,
            refused=[
                Quarantined(row, -1, "no_time", "", "t", T0, f"c{row % (COURIERS_MOST + 5)}", "L")
                for row in range(2 * COURIERS_MOST + 5)
            ],
        )
    (refused,) = [m for m in JournalMetrics(tmp_path).collect() if "refused" in m.name]
    by_courier = {one.labels["courier"]: one.value for one in refused.samples}
    assert len(by_courier) == COURIERS_MOST + 1
    assert sum(by_courier.values()) == 2 * COURIERS_MOST + 5
    assert by_courier[OTHER_COURIERS] == 5


def test_a_door_that_is_taken_is_a_mistake_of_the_settings() -> None:
    with metrics_door(MetricsSettings(port=0), CollectorRegistry()) as port:
        taken = MetricsSettings(port=port)
        with (
            pytest.raises(ConfigError, match=f"metrics: 127.0.0.1:{port}"),
            metrics_door(taken, CollectorRegistry()),
        ):
            pass


def test_without_a_port_there_is_no_door() -> None:
    with metrics_door(MetricsSettings(), CollectorRegistry()) as port:
        assert port is None


def test_what_workers_say_themselves_is_no_traffic() -> None:
    """Their health alone, at night, would look like messages that are not journalled."""
    counts = ReceiveCounts(received=10, own=7, journalled=3)
    told = {
        sample.name: sample.value
        for family in ReceivingMetrics("w1", counts).collect()
        for sample in family.samples
    }
    assert told["coldwitness_received_messages_total"] == 3
    assert told["coldwitness_journalled_messages_total"] == 3
