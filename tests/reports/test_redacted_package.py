"""What no reading needs is not handed out, and what an order removed is told; proofs hold."""

import base64
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import scitt_cose

from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.packed import package as package_module
from coldwitness.api.reports.packed import standalone_verify, verification
from coldwitness.api.reports.packed.package import HEAD, zipped
from coldwitness.cli.deep import stored_otherwise
from coldwitness.cli.main import main
from coldwitness.config.settings import Settings, StoreSettings
from coldwitness.storage.journal import JournalReader, existing_signer
from coldwitness.storage.journal.layout import public_key
from coldwitness.storage.journal.rows import parse_row, row_bytes
from coldwitness.storage.opening import stores
from tests.reports.packages import files_of, relisted
from tests.storage.evidence import digest, journal, message, messages, settings_of, store_all
from tests.storage.readings import MINUTE, T0

SHIPMENT = "S-1"
PERSON = {"name": "Wang Xiaoming", "phone": "13812345678"}
Run = Callable[..., int]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three journeys; one reading brings a receiver along, and events note who handed over."""
    store = StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
    )
    made = settings_of(tmp_path, store)
    at = T0 + 51 * MINUTE + 7000
    said = {
        "shipment": SHIPMENT,
        "logger": "LG-2",
        "time": at,
        "temperature": {"drug": 4.4},
        "receiver": PERSON,
    }
    journal(made, [*messages(), message([said], what="readings", received_ms=T0 + 140 * MINUTE)])
    with stores(store) as (telemetry, register):
        store_all(made, telemetry, register)
    return made


@pytest.fixture
def run(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    config = tmp_path / "coldwitness.toml"
    config.write_text(
        f'[journal]\ndirectory = "{settings.journal.directory}"\n'
        f'[store]\nembedded_file = "{settings.store.embedded_file}"\n'
        f'register_url = "{settings.store.register_url}"\n'
    )
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main(["--config", str(config), *arguments])


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is not the point here: a report's pages are drawn once and found again."""
    pages: dict[bytes, bytes] = {}

    def drawn(report: Report, *, lang: Lang, twin: Iterable[bytes] = ()) -> bytes:
        key = lang.encode() + render_json(report)
        if key not in pages:
            pages[key] = render_pdf(report, lang=lang, twin=twin)
        return pages[key]

    for place in (package_module, verification):
        monkeypatch.setattr(place, "render_pdf", drawn)


def packed(run: Run, name: str) -> bytes:
    assert run("report", SHIPMENT, "--storage", "refrigerated", "--package", name) == 0
    return Path(name).read_bytes()


def rows_in(package: bytes) -> list[bytes]:
    part = json.loads(files_of(package)["journal.json"])
    return [base64.b64decode(row["entry"]) for row in part["rows"]]


def codes_alone(package: bytes, settings: Settings) -> set[str]:
    """Of the one-file verifier."""
    key = standalone_verify.read_key(public_key(settings.journal.directory))
    found: list[tuple[str, str]] = []
    standalone_verify.check_package(package, [key], found)
    return {code for code, _ in found}


def test_values_that_no_reading_needs_are_not_in_a_package_and_it_holds(
    settings: Settings, run: Run
) -> None:
    package = packed(run, "x.zip")
    rows = rows_in(package)
    assert any(b"receiver" in row for row in rows), "the row is there, and says that it has one"
    for word in (b"Wang", b"138", "交接".encode()):
        assert not any(word in row for row in rows)
    assert run("verify", "x.zip", "--key", str(public_key(settings.journal.directory))) == 0
    assert codes_alone(package, settings) == set()


def test_a_message_is_removed_by_order_and_everything_else_still_holds(
    settings: Settings, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, key = settings.journal.directory, str(public_key(settings.journal.directory))
    reader = JournalReader(folder)
    found = {
        word: next(row for row in reader.read("w1") if word in row.payload)
        for word in (b"Wang", b"delivered")
    }
    order = ["--reason", "消费者要求删除", "--ordered-by", "淄博市监 2026-12"]
    numbers = [str(row.row) for row in found.values()]
    assert run("journal", "redact", "w1", *numbers, *order) == 0
    assert run("journal", "redact", "w1", numbers[0], *order) == 0, "it is gone already"
    files = [path for path in settings.journal.directory.rglob("*") if path.is_file()]
    assert not any(b"Wang" in path.read_bytes() for path in files)
    capsys.readouterr()
    assert run("journal", "export", "--worker", "w1") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    gone = [line["row"] for line in lines if line.get("removed_by", [""])[0] == "api"]
    assert gone == sorted(map(int, numbers))
    assert run("journal", "verify", "--public-key", key) == 0
    assert stored_otherwise(settings)[1] == []

    package = packed(run, "y.zip")
    capsys.readouterr()
    assert run("verify", "y.zip", "--key", key) == 0
    assert "淄博市监 2026-12" in capsys.readouterr().out
    assert codes_alone(package, settings) == set()

    def without_orders(part: Any) -> None:
        part["rows"] = [
            row for row in part["rows"] if b"redaction" not in base64.b64decode(row["entry"])
        ]

    files_in = files_of(package)
    part = json.loads(files_in["journal.json"])
    without_orders(part)
    forged = standalone_verify.canonical(part) + b"\n"
    signer = existing_signer(settings.journal, "package")
    again = relisted({**files_in, "journal.json": forged}, signer=signer)
    assert "removed_without_order" in codes_alone(again, settings)
    Path("z.zip").write_bytes(again)
    capsys.readouterr()
    assert run("verify", "z.zip", "--key", key, "--json") == 1
    assert "removed_without_order" in capsys.readouterr().out

    with stores(settings.store) as (store, register):
        before = digest(store, register)
    assert run("rebuild") == 0
    with stores(settings.store) as (store, register):
        assert digest(store, register) == before, "what was read before stays"


def test_a_package_is_a_signed_statement_with_a_receipt_that_others_read(
    settings: Settings, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    package = packed(run, "x.zip")
    files = files_of(package)
    keys = settings.journal.directory / "keys"
    statement = files["package.cose"]
    said = scitt_cose.parse_signed_statement(
        statement, public_key_pem=(keys / "package.pub").read_bytes()
    )
    assert said["signature_verified"] is True
    assert said["subject"] == f"shipment {SHIPMENT}"
    assert said["payload"] == files["package.json"]
    (receipt,) = scitt_cose.extract_receipts(statement)
    row = parse_row(files["package.row"])
    log = (keys / "signing.pub").read_bytes()
    found = scitt_cose.verify_receipt(
        receipt, leaf_entry_hex=row_bytes(row).hex(), log_public_key_pem=log
    )
    assert found.ok, found.errors
    assert json.loads(row.payload)["decided"] == "issued"

    other = files_of(packed(run, "y.zip"))
    assert other["package.cose"] != statement, "each issue has a row of its own"
    for name in ("package.cose", "package.row"):
        forged = zipped({**files, name: other[name]})
        Path("z.zip").write_bytes(forged)
        capsys.readouterr()
        assert run("verify", "z.zip", "--key", str(keys / "signing.pub"), "--json") == 1
        assert "statement_invalid" in capsys.readouterr().out
    without = {name: data for name, data in files.items() if name not in HEAD[2:]}
    Path("z.zip").write_bytes(zipped(without))
    assert run("verify", "z.zip", "--key", str(keys / "signing.pub")) == 0
    assert codes_alone(package, settings) == codes_alone(zipped(without), settings) == set()


def test_a_package_of_before_a_rotation_verifies_by_the_key_of_today(
    settings: Settings, run: Run, tmp_path: Path
) -> None:
    package = packed(run, "x.zip")
    for role in ("package", "log"):
        assert run("journal", "key", "rotate", role) == 0
    packed(run, "y.zip")
    keys = settings.journal.directory / "keys"
    new, history = str(keys / "signing.pub"), keys / "history.ndjson"
    assert run("verify", "y.zip", "--key", new) == 0
    assert run("verify", "x.zip", "--key", new) == 1
    assert run("verify", "x.zip", "--key", new, "--key-history", str(history)) == 0
    assert run("verify", "x.zip") == 0, "our own keys, of then and now"
    today = standalone_verify.read_key(keys / "signing.pub")
    stated = [json.loads(line) for line in history.read_bytes().splitlines()]
    found: list[tuple[str, str]] = []
    standalone_verify.check_package(package, standalone_verify.vouched_keys([today], stated), found)
    assert found == []


def test_a_message_that_is_gone_without_an_order_is_a_problem(
    settings: Settings, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    order = ["--reason", "x", "--ordered-by", "y"]
    assert run("journal", "redact", "w1", "7", *order) == 0
    for path in settings.journal.directory.glob("segments/api/*"):
        path.unlink()
    capsys.readouterr()
    assert run("journal", "verify") == 1
    assert "no order says so" in capsys.readouterr().out


def test_what_is_kept_in_a_messages_place_is_what_the_order_says_or_nothing_is_signed(
    settings: Settings, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list beside the day is signed by nobody: whoever has the files could write a cooler
    reading into it, and into the store."""
    folder = settings.journal.directory
    hot = next(row for row in JournalReader(folder).read("w1") if b"Wang" in row.payload)
    order = ["--reason", "x", "--ordered-by", "y"]
    assert run("journal", "redact", "w1", str(hot.row), *order) == 0
    assert run("report", SHIPMENT, "--storage", "refrigerated", "-o", "x.json") == 0
    (beside,) = folder.glob("segments/w1/*.removed")
    said = beside.read_bytes()
    beside.write_bytes(said.replace(b'"drug":4.4', b'"drug":3.4'))
    capsys.readouterr()
    assert run("report", SHIPMENT, "--storage", "refrigerated", "-o", "y.json") == 2
    assert "record_altered" in capsys.readouterr().err
    assert run("journal", "verify") == 1
    assert "is not what api row" in capsys.readouterr().out
    beside.unlink()
    assert run("report", SHIPMENT, "--storage", "refrigerated", "-o", "y.json") == 2
