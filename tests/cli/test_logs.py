"""What stands in a line of the log, and what never does."""

import json
import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.cli.logs import log_to_stderr
from coldwitness.config.settings import LogSettings, Settings
from coldwitness.domain.log_ids import REQUEST, follow, followed
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message, Signer
from tests.api.world import WARM, running_world
from tests.ingest.conftest import MemoryCustody, MemoryStore
from tests.ingest.publishing import reading, topic

log = logging.getLogger("coldwitness.test")
EVERYTHING = LogSettings(messages=True, requests=True)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_has_the_ids_and_nothing_else_that_was_handed_along(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr()
    log.warning("refused", extra={"shipment": "ZB-1", "device": "LG-1", "payload": b"secret"})
    (line,) = lines(capsys)
    assert line.pop("timestamp")
    assert line == {
        "event": "refused",
        "level": "warning",
        "logger": "coldwitness.test",
        "shipment": "ZB-1",
        "device": "LG-1",
    }


def test_a_line_of_a_request_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    token = REQUEST.set("case-7")
    log.warning("slow")
    REQUEST.reset(token)
    log.warning("slow")
    first, second = lines(capsys)
    assert first["request_id"] == "case-7"
    assert "request_id" not in second


def test_text_is_one_line_whatever_a_name_holds(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings(form="text"))
    log.warning("refused", extra={"device": "LG\n2026 error all is lost\u202e"})
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning coldwitness.test refused device=LG[U+000A]2026" in line
    assert "\u202e" not in line


def test_text_has_the_traceback_below(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings(form="text"))
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("failed")
    first, *others = capsys.readouterr().err.splitlines()
    assert first.endswith("error coldwitness.test failed")
    assert others[-1] == "ValueError: odd"


def test_steps_and_requests_are_told_where_they_are_asked_for_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr()
    assert not followed()
    follow("stored", "w1/1")
    log_to_stderr(EVERYTHING)
    assert followed()
    follow("stored", "w1/2", device="LG-1", shipment=None)
    (line,) = lines(capsys)
    assert (line["event"], line["message_id"], line["device"]) == ("stored", "w1/2", "LG-1")
    assert "shipment" not in line


def test_the_level_is_that_of_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(LogSettings(level="error"))
    log.warning("not told")
    log.error("told")
    assert [line["event"] for line in lines(capsys)] == ["told"]


def test_a_request_is_told_by_route_and_ids_without_its_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_world(tmp_path) as world:
        world.send("ZB-1", WARM)
        log_to_stderr(EVERYTHING)
        world.get("/v1/shipments/ZB-1/check?lang=zh", headers={"X-Request-ID": "case-8"})
    (line,) = [one for one in lines(capsys) if one["event"] == "request"]
    assert line["request_id"] == "case-8"
    assert line["route"] == "/v1/shipments/{shipment}/check"
    assert (line["method"], line["status"], line["shipment"]) == ("GET", "200", "ZB-1")
    assert "lang" not in json.dumps(line)


def test_storing_tells_each_message_with_its_device_and_shipment_or_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payloads = [reading(1), b'{"secret": 1}', reading(2, shipment=None)]
    with Journal(tmp_path, worker="w1", signer=Signer(Ed25519PrivateKey.generate())) as journal:
        journal.append([Message(topic(), payload, 1_717_243_200_000) for payload in payloads])
    told: dict[str, str | None] = {}
    with Progress(tmp_path, "w1") as progress:
        follower = JournalFollower(
            JournalReader(tmp_path),
            progress,
            Routes(Settings().formats),
            store=MemoryStore(),
            custody=MemoryCustody(),
            future_tolerance_s=1e9,
            on_touched=told.update,
        )
        log_to_stderr(EVERYTHING)
        assert follower.step() == 3
    said = {str(line["message_id"]): line for line in lines(capsys)}
    assert list(said) == ["w1/1", "w1/3", "w1/2"]
    assert (said["w1/1"]["event"], said["w1/1"]["shipment"]) == ("stored", "ZB-1")
    assert said["w1/1"]["device"] == said["w1/3"]["device"]
    assert (said["w1/2"]["event"], bool(said["w1/2"]["reason"])) == ("refused", True)
    assert "secret" not in json.dumps(list(said.values()))
    assert told == {"ZB-1": "w1/1"}
