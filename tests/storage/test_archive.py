"""Archive, exports and import: evidence goes out whole and comes back the same."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from coldwitness.cli import main
from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading import Event
from coldwitness.ingest.files import read_files
from coldwitness.judging.archiving import facts_to_archive
from coldwitness.storage.archive.days import (
    prune,
    seal_days,
    sealed_days,
    sha256_of,
    verify_archive,
)
from coldwitness.storage.archive.exports import Wanted, export_lines, export_table
from coldwitness.storage.journal import load_or_create_signer
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry
from tests.storage.readings import FULL, MINUTE, T0, reading, rows

DAY = 86_400_000
START = T0 // DAY * DAY
YEAR = round(365.25 * DAY)


@pytest.fixture
def stores(tmp_path: Path) -> StoreSettings:
    return StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
        archive_directory=tmp_path / "archive",
    )


@pytest.fixture
def store(stores: StoreSettings, register: SqlRegister) -> Iterator[WholeStore]:
    opened = open_telemetry(stores, register.views)
    yield opened
    opened.close()


@pytest.fixture
def register(stores: StoreSettings) -> Iterator[SqlRegister]:
    opened = open_register(stores.register_url)
    yield opened
    opened.close()


def event(name: str, minute: float, shipment: str = "S-7") -> Event:
    return Event(
        event=name, time_ms=T0 + round(minute * MINUTE), shipment=shipment, box="BX-1", note="交接"
    )


def fill(store: WholeStore, register: SqlRegister) -> None:
    undeclared = [reading(minute, shipment=None, drug=minute / 8) for minute in range(20)]
    store.append([FULL, *undeclared], [T0 + 5000] * 21)
    register.custody.add_events([event("packed", 5), event("delivered", 15)], [T0, T0 + 1])


def seal(store: WholeStore, register: SqlRegister, stores: StoreSettings) -> list[str]:
    made = seal_days(
        store,
        register,
        stores.archive_directory,
        before_ms=START + 2 * DAY,
        facts=facts_to_archive(store, register),
    )
    return [f"{day.day} r{day.revision}" for day in made]


def test_a_day_that_is_over_is_sealed_once(
    store: WholeStore, register: SqlRegister, stores: StoreSettings
) -> None:
    fill(store, register)
    early = seal_days(
        store,
        register,
        stores.archive_directory,
        before_ms=START + DAY - 1,
        facts=facts_to_archive(store, register),
    )
    assert early == []
    assert seal(store, register, stores) == ["2026-11-18 r1"]
    assert seal(store, register, stores) == []
    assert verify_archive(stores.archive_directory) == []


def test_late_readings_make_the_next_revision_and_the_old_one_is_kept(
    store: WholeStore, register: SqlRegister, stores: StoreSettings
) -> None:
    fill(store, register)
    seal(store, register, stores)
    store.append([reading(30)], [T0 + DAY])

    assert seal(store, register, stores) == ["2026-11-18 r2"]
    (day,) = sealed_days(stores.archive_directory)
    assert day.files["readings.parquet"][2] == 22
    assert (stores.archive_directory / "superseded" / "2026-11-18.r1" / "seal.json").exists()


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_the_archive_is_read_by_duckdb_and_pandas_sorted_by_shipment_and_time(
    store: WholeStore, register: SqlRegister, stores: StoreSettings
) -> None:
    fill(store, register)
    store.append([reading((DAY - T0 + START) / MINUTE + 3, shipment="S-2")], [T0])
    seal(store, register, stores)

    files = f"{stores.archive_directory}/day=*/readings.parquet"
    frame = duckdb.read_parquet(files, union_by_name=True, hive_partitioning=True).df()

    assert len(frame) == 22
    first_day = frame[frame["day"].astype(str).str.startswith("2026-11-18")]
    named = first_day[first_day["shipment"].notna()]
    assert named["shipment"].tolist() == ["S-7"] * 10 + ["S-9"]
    assert named["declared"].tolist() == [False] * 10 + [True]
    assert named["time"][named["shipment"] == "S-7"].is_monotonic_increasing
    full = first_day[first_day["logger"] == "LG-9"].iloc[0]
    assert (full["drug"], full["drug.2"], full["probe:VOC index"]) == (4.5, 4.625, -0.1)
    assert bool(full["lid_open"]) is True
    assert full["time"].isoformat() == "2026-11-18T11:06:40.123000+00:00"


def test_pandas_reads_a_sealed_day_and_an_export_by_its_own_read_parquet(
    store: WholeStore, register: SqlRegister, stores: StoreSettings, tmp_path: Path
) -> None:
    fill(store, register)
    seal(store, register, stores)
    export_table(store, register, Wanted(), tmp_path / "all.parquet", kind="parquet")

    days = sorted(stores.archive_directory.glob("day=*/readings.parquet"))
    archived = pd.concat(map(pd.read_parquet, days), ignore_index=True)
    exported = pd.read_parquet(tmp_path / "all.parquet")
    assert len(archived) == 21
    pd.testing.assert_frame_equal(archived.drop(columns="day", errors="ignore"), exported)

    mine = pd.read_parquet(days[0], filters=[("shipment", "==", "S-7")])
    assert mine["drug"].tolist() == [minute / 8 for minute in range(5, 15)]
    assert str(mine["time"].dt.tz) == "UTC"
    (full,) = archived[archived["logger"] == "LG-9"].to_dict("records")
    assert (full["drug"], full["drug.2"], full["humidity"]) == (4.5, 4.625, 55.5)
    assert (bool(full["lid_open"]), bool(full["moving"])) == (True, False)
    assert pd.isna(mine["humidity"]).all()
    events = pd.read_parquet(days[0].with_name("events.parquet"))
    assert events["event"].tolist() == ["packed", "delivered"]


def test_a_seal_that_was_written_anew_is_found_by_its_signature(
    store: WholeStore, register: SqlRegister, stores: StoreSettings, tmp_path: Path
) -> None:
    mine, other = (load_or_create_signer(tmp_path / name) for name in ("mine.key", "other.key"))
    fill(store, register)
    folder = stores.archive_directory
    seal_days(
        store,
        register,
        folder,
        before_ms=START + 2 * DAY,
        facts=facts_to_archive(store, register),
        signer=mine,
    )
    assert verify_archive(folder, mine.public) == []
    assert verify_archive(folder) == []
    (wrong,) = verify_archive(folder, other.public)
    assert "signature" in wrong

    path = folder / "day=2026-11-18" / "seal.json"
    said = json.loads(path.read_text())
    readings = path.with_name("readings.parquet")
    readings.write_bytes(readings.read_bytes() + b"x")
    said["files"]["readings.parquet"]["sha256"] = sha256_of(readings)
    said["files"]["readings.parquet"]["bytes"] = readings.stat().st_size
    path.write_text(json.dumps(said))
    assert verify_archive(folder) == []
    assert verify_archive(folder, mine.public) == [
        f"day=2026-11-18/seal.json: its signature is not one of key {mine.key_id} over what it says"
    ]
    del said["signature"]
    path.write_text(json.dumps(said))
    (unsigned,) = verify_archive(folder, mine.public)
    assert "not signed" in unsigned


@pytest.mark.parametrize("damage", ["flip", "cut", "drop", "add", "seal"])
def test_every_change_to_a_sealed_day_is_found(
    store: WholeStore, register: SqlRegister, stores: StoreSettings, damage: str
) -> None:
    fill(store, register)
    seal(store, register, stores)
    path = stores.archive_directory / "day=2026-11-18" / "readings.parquet"
    if damage == "flip":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "drop":
        path.unlink()
    elif damage == "add":
        path.with_name("more.parquet").write_bytes(b"x")
    else:
        path.with_name("seal.json").write_text("{")
    (wrong,) = verify_archive(stores.archive_directory)
    assert "2026-11-18" in wrong


def test_days_are_kept_at_least_five_years_and_longer_under_legal_hold(
    store: WholeStore, register: SqlRegister, stores: StoreSettings
) -> None:
    fill(store, register)
    store.append([reading(2 * DAY / MINUTE, shipment="S-2")], [T0])
    seal_days(
        store,
        register,
        stores.archive_directory,
        before_ms=START + 9 * DAY,
        facts=facts_to_archive(store, register),
    )
    folder = stores.archive_directory
    over = START + DAY + 5 * YEAR

    with pytest.raises(BadInput, match="at least 5 years"):
        prune(folder, years=4.9, now_ms=over, held=[])
    assert prune(folder, years=5, now_ms=over - 1, held=[]) == ([], [])
    assert prune(folder, years=5, now_ms=over, held=["S-7"]) == ([], ["2026-11-18"])
    assert prune(folder, years=5, now_ms=over, held=["S-2"]) == (["2026-11-18"], [])
    assert [day.day for day in sealed_days(folder)] == ["2026-11-20"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_exported_table_is_read_back_the_same(
    store: WholeStore, register: SqlRegister, tmp_path: Path, kind: str
) -> None:
    fill(store, register)
    path = tmp_path / f"out.{kind}"
    assert export_table(store, register, Wanted(("S-7", "S-9")), path, kind=kind) == 11

    again = read_files([path]).table
    found = [{**row, "received_ms": 0} for row in rows(again)]
    asked = store.readings(["S-7", "S-9"], register.custody.stays(["S-7"]))
    expected = [
        {key: value for key, value in row.items() if key != "t:VOC index"} | {"received_ms": 0}
        for row in rows(asked)
    ]
    assert found == expected


def test_exported_lines_are_native_and_read_back_with_their_events(
    store: WholeStore, register: SqlRegister, tmp_path: Path
) -> None:
    fill(store, register)
    path = tmp_path / "out.ndjson"
    path.write_bytes(b"".join(export_lines(store, register, Wanted(("S-7",)), kind="ndjson")))

    recorded = read_files([path])
    assert recorded.refused_count == 0
    assert recorded.events == register.custody.events(["S-7"])["S-7"]
    assert recorded.table.shipments[0] == "S-7"
    assert len(recorded.table) == 10


def test_a_period_is_cut_half_open(store: WholeStore, register: SqlRegister) -> None:
    fill(store, register)
    wanted = Wanted(from_ms=T0 + 3 * MINUTE, to_ms=T0 + 6 * MINUTE)
    lines = [json.loads(line) for line in export_lines(store, register, wanted, kind="ndjson")]
    assert [line["time"][11:19] for line in lines if "logger" in line] == [
        "11:09:40",
        "11:10:40",
        "11:11:40",
    ]
    assert [line["event"] for line in lines if "event" in line] == ["packed"]


def test_epcis_carries_every_reading_as_a_sensor_element(
    store: WholeStore, register: SqlRegister
) -> None:
    fill(store, register)
    text = b"".join(export_lines(store, register, Wanted(("S-7", "S-9")), kind="epcis"))
    document = json.loads(text)

    assert document["type"] == "EPCISDocument"
    assert document["schemaVersion"] == "2.0"
    packed, delivered, first, second = document["epcisBody"]["eventList"]
    assert (packed["bizStep"], delivered["bizStep"]) == ("packing", "accepting")
    assert first["epcList"] == ["urn:coldwitness:shipment:S-7"]
    assert len(first["sensorElementList"]) == 10
    (element,) = second["sensorElementList"]
    assert element["sensorMetadata"]["time"] == "2026-11-18T11:06:40.123Z"
    assert {
        "type": "Temperature",
        "value": 4.5,
        "uom": "CEL",
        "coldwitness:probe": "drug",
    } in element["sensorReport"]


@dataclass
class Done:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def command(
    tmp_path: Path,
    stores: StoreSettings,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Done]:
    """Runs `coldwitness` in this process, with the stores of this test."""
    file = tmp_path / "settings.toml"
    file.write_text(
        f"""
[journal]
directory = "{tmp_path / "journal"}"
[store]
embedded_file = "{stores.embedded_file}"
register_url = "{stores.register_url}"
archive_directory = "{stores.archive_directory}"
"""
    )
    monkeypatch.setenv("COLDWITNESS_CONFIG", str(file))

    def run(*arguments: str) -> Done:
        capfd.readouterr()
        code = main.main(list(arguments))
        sys.stdout.flush()
        said = capfd.readouterr()
        return Done(code, said.out, said.err)

    return run


def test_what_is_imported_is_journalled_judged_and_found_again_by_a_rebuild(
    tmp_path: Path, stores: StoreSettings, command: Callable[..., Done]
) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"id": "S-1", "items": [{"storage": "refrigerated"}]}, indent=2))
    telemetry = tmp_path / "telemetry.csv"
    with telemetry.open("w", newline="") as target:
        table = csv.writer(target)
        table.writerow(["time", "shipment", "box", "logger", "seq", "drug"])
        for minute in range(30):
            time = f"2026-11-18T11:{minute:02d}:00Z"
            table.writerow([time, "S-1", "BX-1", "LG-1", minute, 12.0 if minute > 9 else 5.0])

    done = command("import", str(manifest), str(telemetry))
    assert done.code == 0, done.stderr
    assert "1 manifests, 30 readings, 0 events; 1 shipments judged" in done.stdout

    before = command("export", "--canonical")
    assert len(before.stdout.splitlines()) == 30
    assert "sha256 " in before.stderr
    assert command("rebuild").code == 0
    after = command("export", "--canonical")
    assert after.stdout == before.stdout

    register = open_register(stores.register_url)
    result = register.results.of("S-1")
    assert result is not None
    assert result.verdict == "breach"
    assert len(register.clues.after(0)) == 1
    register.close()


@pytest.mark.parametrize("kind", ["ndjson", "csv", "parquet", "archive"])
def test_what_comes_back_was_received_when_it_was_received_first(
    kind: str, tmp_path: Path, stores: StoreSettings, command: Callable[..., Done]
) -> None:
    register = open_register(stores.register_url)
    store = open_telemetry(stores, register.views)
    sent = [reading(minute, seq=minute) for minute in range(20)]
    received = [one.time_ms + 700 * (1 + n % 3) for n, one in enumerate(sent)]
    store.append(sent, received)
    register.custody.note_seen({"S-1": None})
    path = tmp_path / f"out.{kind}"
    if kind == "archive":
        seal(store, register, stores)
        path = stores.archive_directory / "day=2026-11-18" / "readings.parquet"
    elif kind == "ndjson":
        path.write_bytes(b"".join(export_lines(store, register, Wanted(), kind=kind)))
    else:
        export_table(store, register, Wanted(), path, kind=kind)
    before = rows(store.readings(["S-1"], []))
    store.close()
    register.close()
    stores.embedded_file.unlink()
    Path(stores.register_url.removeprefix("sqlite:///")).unlink()

    for arguments in (["import", str(path)], ["import", str(path)], ["rebuild"]):
        done = command(*arguments)
        assert done.code == 0, done.stderr
        opened = open_register(stores.register_url)
        again = open_telemetry(stores, opened.views)
        assert rows(again.readings(["S-1"], [])) == before
        again.close()
        found = opened.results.of("S-1")
        opened.close()
        assert found is not None
        assert "late_import" not in [one.subtype for one in found.findings]


def test_a_manifest_s_box_assigns_nothing_and_the_import_says_so(
    tmp_path: Path, command: Callable[..., Done]
) -> None:
    manifest, telemetry = tmp_path / "manifest.json", tmp_path / "telemetry.ndjson"
    said = {"id": "S-1", "box": {"id": "BX-1"}, "items": [{"storage": "refrigerated"}]}
    said |= {"dispatched_at": "2026-11-18T11:00:00Z", "delivered_at": "2026-11-18T12:00:00Z"}
    manifest.write_text(json.dumps(said))
    assert "packed event assigns box BX-1" in command("import", str(manifest)).stderr

    packed = {"shipment": "S-1", "event": "packed", "time": "2026-11-18T11:00:00Z", "box": "BX-1"}
    one = {"box": "BX-1", "logger": "LG-1", "temperature": {"drug": 5.0}}
    one |= {"time": "2026-11-18T11:30:00Z"}
    telemetry.write_text("\n".join(map(json.dumps, [packed, one])))
    done = command("import", str(manifest), str(telemetry))
    assert (done.code, done.stderr) == (0, "")


def test_an_import_says_nothing_of_boxes_whose_shipment_readings_name(
    tmp_path: Path, command: Callable[..., Done]
) -> None:
    said = {"box": {"id": "BX-1"}, "items": [{"storage": "refrigerated"}]}
    said |= {"dispatched_at": "2026-11-18T11:00:00Z", "delivered_at": "2026-11-18T12:00:00Z"}
    manifests, telemetry = tmp_path / "manifests.ndjson", tmp_path / "telemetry.ndjson"
    names = ("S-1", "S-2", "S-3")
    manifests.write_text("\n".join(json.dumps({"id": name} | said) for name in names))

    def warned(*shipments: str) -> list[str]:
        one = {"logger": "LG-1", "temperature": {"drug": 5.0}, "time": "2026-11-18T11:30:00Z"}
        telemetry.write_text("\n".join(json.dumps(one | {"shipment": name}) for name in shipments))
        lines = command("import", str(manifests), str(telemetry)).stderr.splitlines()
        return [line.split(":")[1].split()[-1] for line in lines if "assigns box" in line]

    assert warned("S-1") == ["S-2", "S-3"]
    assert warned("S-2") == ["S-3"], "readings of an earlier import count too"


def test_what_tells_no_receipt_was_received_by_the_import(
    tmp_path: Path, stores: StoreSettings, command: Callable[..., Done]
) -> None:
    path = tmp_path / "old.csv"
    lines = [f"2026-01-18T11:{minute:02d}:00Z,S-1,LG-1,5.0,sometime" for minute in range(20)]
    path.write_text("\n".join(["time,shipment,logger,drug,received_at", *lines]))
    assert command("import", str(path)).code == 0

    register = open_register(stores.register_url)
    result = register.results.of("S-1")
    register.close()
    assert result is not None
    assert "late_import" in [one.subtype for one in result.findings]


def test_a_user_s_mistake_is_one_line(tmp_path: Path, command: Callable[..., Done]) -> None:
    for arguments in (
        ["export", "S-none"],
        ["export", "--canonical", "S-1"],
        ["export", "--format", "xlsx"],
        ["export", "--from", "yesterday"],
        ["archive", "hold", "S-none"],
        ["archive", "prune", "--years", "1"],
        ["import", str(tmp_path / "missing.csv")],
    ):
        done = command(*arguments)
        assert done.code == 2, (arguments, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert done.stderr.startswith("coldwitness: ")
