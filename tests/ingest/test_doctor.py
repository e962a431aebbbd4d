"""`coldwitness doctor`: each thing it looks at, wrong, and the mend it names."""

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coldwitness.cli.main import program
from coldwitness.ingest.mqtt.embedded import EmbeddedBroker
from coldwitness.storage.journal import Journal, Message, load_or_create_signer
from tests.ingest.conftest import Mosquitto
from tests.ingest.publishing import reading, topic

Doctor = Callable[[], dict[str, tuple[str, str, str]]]
IN_TEN_YEARS_MS = 2_110_000_000_000


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """Sets one setting; the folders are the test's, and no broker answers."""

    def put(name: str, value: object) -> None:
        monkeypatch.setenv(f"COLDWITNESS_{name}", str(value))

    put("MQTT__PORT", 1)
    put("HTTP__PORT", 0)
    put("JOURNAL__DIRECTORY", tmp_path / "journal")
    put("STORE__EMBEDDED_FILE", tmp_path / "telemetry.sqlite")
    put("STORE__REGISTER_URL", f"sqlite:///{tmp_path}/register.sqlite")
    return put


@pytest.fixture
def doctor() -> Doctor:
    """Runs it: part -> (state, text, mend); what is not well makes it end with 1."""

    def run() -> dict[str, tuple[str, str, str]]:
        result = CliRunner().invoke(program(["doctor", "--json"]), ["doctor", "--json"])
        said = [json.loads(line) for line in result.stdout.splitlines()]
        found = {line["part"]: (line["state"], line["text"], line["mend"]) for line in said}
        failures = [part for part, (state, _, _) in found.items() if state == "failure"]
        assert result.exit_code == (1 if failures else 0)
        assert all(mend for state, _, mend in found.values() if state != "ok")
        return found

    return run


Setting = Callable[[str, object], None]


def test_a_broker_that_is_not_there(setting: Setting, doctor: Doctor) -> None:
    state, text, mend = doctor()["broker"]
    assert (state, "127.0.0.1:1 cannot connect" in text) == ("failure", True)
    assert "mqtt.host and mqtt.port" in mend


def test_stock_limits_that_would_lose_evidence(
    setting: Setting, doctor: Doctor, tmp_path: Path
) -> None:
    with Mosquitto(tmp_path / "stock", "allow_anonymous true") as broker:
        setting("MQTT__PORT", broker.port)
        found = doctor()
    assert found["broker"][0] == found["credentials"][0] == found["topic rights"][0] == "ok"
    state, text, mend = found["broker limits"]
    assert (state, "of 1200 messages" in text, "kept 1000" in text) == ("failure", True, True)
    assert "max_queued_messages 0" in mend


def test_credentials_that_are_refused_and_rights_that_are_missing(
    setting: Setting, doctor: Doctor, guarded: Mosquitto
) -> None:
    setting("MQTT__PORT", guarded.port)
    setting("MQTT__USERNAME", "ql-express")
    setting("MQTT__PASSWORD", "wrong")
    state, text, mend = doctor()["credentials"]
    assert (state, "refuses" in text) == ("failure", True)
    assert "mqtt.password_file" in mend
    setting("MQTT__PASSWORD", "pw")  # a courier's own user may not listen to all
    found = doctor()
    assert found["credentials"][:2] == ("ok", "accepted as ql-express")
    state, text, mend = found["topic rights"]
    assert (state, "none came back" in text) == ("failure", True)
    assert "coldwitness.acl" in mend


def test_a_shared_group_at_a_broker_that_cannot_share(
    setting: Setting, doctor: Doctor, nats: EmbeddedBroker
) -> None:
    setting("MQTT__PORT", nats.port)
    setting("MQTT__SHARED_GROUP", "ingest")
    state, text, mend = doctor()["shared subscription"]
    assert (state, "3.1.1 only" in text) == ("warning", True)
    assert "MQTT 5" in mend


def test_a_journal_folder_that_cannot_be_written(
    setting: Setting, doctor: Doctor, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    setting("JOURNAL__DIRECTORY", tmp_path / "file" / "journal")
    state, text, mend = doctor()["journal"]
    assert (state, str(tmp_path) in text) == ("failure", True)
    assert "journal.directory" in mend


def test_a_journal_disk_without_room(setting: Setting, doctor: Doctor) -> None:
    setting("JOURNAL__MINIMUM_FREE_MB", 1e12)
    state, text, mend = doctor()["journal room"]
    assert (state, "MB free" in text) == ("failure", True)
    assert "a full disk stops acknowledgement" in mend


def test_a_signing_key_that_others_may_read(
    setting: Setting, doctor: Doctor, tmp_path: Path
) -> None:
    key = tmp_path / "journal" / "keys" / "signing.key"
    load_or_create_signer(key)
    key.chmod(0o644)
    state, text, _ = doctor()["journal"]
    assert (state, str(key) in text) == ("failure", True)


def test_files_that_others_may_read(setting: Setting, doctor: Doctor, tmp_path: Path) -> None:
    doctor()  # makes them
    register = tmp_path / "register.sqlite"
    register.chmod(0o644)
    assert doctor()["files"][0] == "ok", "nobody gets past its folder"
    tmp_path.chmod(0o755)
    state, text, mend = doctor()["files"]
    assert (state, str(register) in text, str(register) in mend) == ("warning", True, True)
    register.chmod(0o600)
    assert str(register) not in doctor()["files"][1]


def test_a_clock_that_was_set_back(setting: Setting, doctor: Doctor, tmp_path: Path) -> None:
    signer = load_or_create_signer(tmp_path / "journal" / "keys" / "signing.key")
    with Journal(tmp_path / "journal", worker="w1", signer=signer) as journal:
        journal.append([Message(topic(), reading(1), IN_TEN_YEARS_MS)])
    state, text, mend = doctor()["clock"]
    assert (state, "written until 2036-" in text) == ("failure", True)
    assert "set it right" in mend


def test_stores_that_are_far_behind_the_journal(
    setting: Setting, doctor: Doctor, tmp_path: Path
) -> None:
    signer = load_or_create_signer(tmp_path / "journal" / "keys" / "signing.key")
    with Journal(tmp_path / "journal", worker="w1", signer=signer) as journal:
        journal.append([Message(topic(), b"{}", 1_717_243_200_000)] * 10_001)
    state, text, mend = doctor()["stores' progress"]
    assert (state, text) == ("warning", "worker w1: 10001 rows not in the stores yet")
    assert "coldwitness ingest --worker w1" in mend


def test_fonts_that_are_missing(
    setting: Setting, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pylopdf_fonts_zh_cn", None)
    state, _, mend = doctor()["fonts"]
    assert state == "failure"
    assert "pylopdf-fonts-zh-cn" in mend


def test_stores_that_cannot_be_opened(setting: Setting, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database")
    setting("STORE__EMBEDDED_FILE", tmp_path / "file")
    setting("STORE__REGISTER_URL", f"sqlite:///{tmp_path / 'file'}")
    found = doctor()
    assert found["telemetry store"][0] == found["register"][0] == "failure"
    assert "store.embedded_file" in found["telemetry store"][2]
    assert "store.register_url" in found["register"][2]


def test_a_place_for_backups_is_tried(setting: Setting, doctor: Doctor, tmp_path: Path) -> None:
    assert doctor()["backup"][:2] == ("warning", "store.backup_directory is not set: not tried")
    setting("STORE__BACKUP_DIRECTORY", tmp_path / "away")
    state, text, mend = doctor()["backup"]
    assert (state, "not there" in text, "mount" in mend) == ("failure", True, True)
    (tmp_path / "away").mkdir()
    state, text, _ = doctor()["backup"]
    assert (state, text.endswith("away: a probe was written")) == ("ok", True)
    assert list((tmp_path / "away").iterdir()) == []


def test_an_influxdb_that_does_not_answer(setting: Setting, doctor: Doctor) -> None:
    setting("STORE__TELEMETRY", "influx")
    setting("STORE__INFLUX_URL", "http://127.0.0.1:1")
    state, text, mend = doctor()["telemetry store"]
    assert (state, "127.0.0.1:1" in text) == ("failure", True)
    assert "store.influx_url" in mend


def test_an_http_port_that_is_taken(setting: Setting, doctor: Doctor) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        setting("HTTP__PORT", taken.getsockname()[1])
        state, text, mend = doctor()["HTTP port"]
    assert (state, "in use" in text) == ("warning", True)
    assert "http.port" in mend


def test_looking_makes_nothing(setting: Setting, doctor: Doctor, tmp_path: Path) -> None:
    home = tmp_path / "coldwitness-data"
    setting("JOURNAL__DIRECTORY", home / "journal")
    setting("STORE__EMBEDDED_FILE", home / "telemetry.sqlite")
    setting("STORE__REGISTER_URL", f"sqlite:///{home}/register.sqlite")
    found = doctor()
    assert found["journal"][0] == found["stores"][0] == "ok"
    assert "made at the first start" in found["journal"][1]
    assert list(tmp_path.iterdir()) == []


def test_an_open_broker_is_found_though_our_own_name_is_accepted(
    setting: Setting, doctor: Doctor, mosquitto: Mosquitto
) -> None:
    setting("MQTT__PORT", mosquitto.port)
    setting("MQTT__USERNAME", "coldwitness-ingest")
    setting("MQTT__PASSWORD", "x")
    state, text, mend = doctor()["credentials"]
    assert (state, "lets strangers in" in text) == ("failure", True)
    assert "coldwitness setup broker" in mend
