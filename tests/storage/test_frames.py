"""Data frames hold what the stores hold, with missing values missing."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.reading import Event
from coldwitness.frames import Frames, frame
from coldwitness.judging.archiving import facts_to_archive
from coldwitness.storage.archive.days import seal_days
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry import open_telemetry
from tests.storage.readings import FULL, MINUTE, T0, reading
from tests.storage.results import at, finding, record, result


@pytest.fixture
def stores(tmp_path: Path) -> StoreSettings:
    settings = StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
    )
    register = open_register(settings.register_url)
    store = open_telemetry(settings, register.views)
    sent = [FULL, *(reading(minute, shipment=None, drug=minute) for minute in (9, 3, 6))]
    store.append(sent, [T0] * len(sent))
    packed = Event(event="packed", time_ms=T0 + 4 * MINUTE, shipment="S-7", box="BX-1")
    register.custody.add_events([packed], [T0])
    register.custody.note_seen({"S-9": "ql"})
    late = finding("F-2", start=30, end=40)
    record(register, result(late, finding("F-1"), shipment="S-7"))
    store.close()
    register.close()
    return settings


def test_a_shipment_s_readings_stand_by_time_with_a_column_a_probe(stores: StoreSettings) -> None:
    made = frame("S-7", stores)

    assert made["drug"].tolist() == [6.0, 9.0]
    assert isinstance(made.index, pd.DatetimeIndex)
    assert made.index[0] == pd.Timestamp(T0 + 6 * MINUTE, unit="ms", tz="UTC")
    assert made["seq"].isna().all()
    assert made["lid_open"].isna().all()
    assert made["humidity_pct"].isna().all()


def test_everything_a_logger_sent_is_in_its_row(stores: StoreSettings) -> None:
    (row,) = frame("S-9", stores).to_dict("records")
    assert (row["drug"], row["drug.2"], row["VOC index"]) == (4.5, 4.625, -0.1)
    assert (row["logger"], row["box"], row["seq"]) == ("LG-9", "BX-9", 77)
    assert (bool(row["lid_open"]), bool(row["moving"])) == (True, False)


def test_findings_and_episodes_are_rows_with_their_measures(stores: StoreSettings) -> None:
    register = open_register(stores.register_url)
    store = open_telemetry(stores, register.views)
    made = Frames(store, register)
    episodes = made.episodes("S-7")
    assert episodes["id"].tolist() == ["F-1", "F-2"]
    assert episodes["limit_c"].tolist() == [8.0, 8.0]
    assert episodes["start"][1] == pd.Timestamp(at(30))
    assert made.findings()["shipment"].tolist() == ["S-7", "S-7"]
    assert made.findings("S-none").empty
    store.close()
    register.close()


def test_a_shipment_never_heard_of_is_a_clear_mistake(stores: StoreSettings) -> None:
    with pytest.raises(BadInput, match="S-none"):
        frame("S-none", stores)


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_the_examples_of_the_page_run_as_they_stand(
    stores: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = "ZB-20261121-0001", "ZB-20261121-0002"
    start = (instant_ms("2026-11-21T08:00:00Z") - T0) / MINUTE
    sent = [
        reading(start + minute, drug=drug, shipment=shipment, logger=f"LG-{shipment}")
        for shipment in (first, second)
        for minute, drug in enumerate([7.0, 9.0, 9.5, 7.5])
    ]
    register = open_register(stores.register_url)
    store = open_telemetry(stores, register.views)
    store.append(sent, [T0] * len(sent))
    register.custody.note_seen({first: None, second: None})
    broken = result(
        finding("F-9", start=start, end=start + 3, duration_s=90.0),
        shipment=first,
        verdict="breach",
    )
    record(register, broken)
    seal_days(
        store,
        register,
        tmp_path / "archive",
        before_ms=T0 + 9 * 86_400_000,
        facts=facts_to_archive(store, register),
    )
    store.close()
    register.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLDWITNESS_STORE__EMBEDDED_FILE", str(stores.embedded_file))
    monkeypatch.setenv("COLDWITNESS_STORE__REGISTER_URL", stores.register_url)

    page = Path(__file__).parents[2] / "docs" / "pandas.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 3
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "docs/pandas.md", "exec"), names)  # noqa: S102 (our own page)

    assert names["journey"]["drug"].tolist() == [7.0, 9.0, 9.5, 7.5]
    assert names["episodes"]["id"].tolist() == ["F-9"]
    assert names["judged"][first] == 90.0
    assert names["naive"][first] == 120.0
    assert len(names["day"]) == 4
    assert (names["frame"]["drug"] > 8).all()
