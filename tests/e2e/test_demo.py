"""The main job as a newcomer runs it: one command, real broker, real programs."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.demo_process import (
    COLDWITNESS,
    DemoProcess,
    children_of,
    running_demo,
    still_living,
)


def _once(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COLDWITNESS, "demo", "--once", *arguments],
        capture_output=True,
        text=True,
        timeout=110,
        start_new_session=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )


@pytest.fixture(scope="module")
def delivered() -> dict[str, list[dict[str, Any]]]:
    """Story -> lines of `demo --once --json`."""
    # Which curve is the copy is told by times of receipt: 45 minutes must stay more than a moment.
    run = _once("--json", "--seconds", "10", "--port", "0", "--mqtt-port", "0")
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    stories: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        stories.setdefault(line["story"], []).append(line)
    return stories


def _kinds(line: dict[str, Any]) -> set[str]:
    return {finding.partition("/")[0] for finding in line["findings"]}


def test_at_least_24_boxes_tell_at_least_8_stories(
    delivered: dict[str, list[dict[str, Any]]],
) -> None:
    assert sum(len(lines) for lines in delivered.values()) >= 24
    assert len(delivered) >= 8


def test_clean_stories_are_not_accused(delivered: dict[str, list[dict[str, Any]]]) -> None:
    for story in ("clean", "clean_with_meal", "traffic_jam", "allowed_transfer", "door_wait"):
        for line in delivered[story]:
            assert line["verdict"] in ("asserted", "compliant"), line


def test_a_copied_curve_falls_on_the_copy_and_its_source_keeps_its_verdict(
    delivered: dict[str, list[dict[str, Any]]],
) -> None:
    [copy] = delivered["copied_curve"]
    before = f"{int(copy['shipment'][-4:]) - 1:04d}"
    [source] = [line for line in delivered["clean_long"] if line["shipment"].endswith(before)]
    for line, verdict in ((copy, "suspected"), (source, "asserted")):
        assert line["findings"] == ["data_integrity/copied"]
        assert line["verdict"] == verdict, line


def test_a_clean_delivery_of_a_registered_box_reads_as_one_even_with_a_late_backlog(
    delivered: dict[str, list[dict[str, Any]]],
) -> None:
    for story in ("clean", "late_backlog"):
        assert {line["verdict"] for line in delivered[story]} == {"compliant"}
    assert [line["verdict"] for line in delivered["unnamed_shipment"]] == ["asserted"]


@pytest.mark.parametrize(
    ("story", "verdicts", "kind"),
    [
        ("warm_break", {"breach"}, "cold_chain_break"),
        ("freezing", {"breach"}, "cold_chain_break"),
        ("depot_storage", {"breach", "suspected"}, "temporary_storage"),
        ("missing_separator", {"breach", "suspected"}, "missing_isolation"),
        ("hot_meal", {"breach", "suspected"}, "missing_isolation"),
        ("logger_silent", {"insufficient_evidence"}, "evidence_gap"),
    ],
)
def test_each_story_gets_the_verdict_that_its_truth_deserves(
    delivered: dict[str, list[dict[str, Any]]], story: str, verdicts: set[str], kind: str
) -> None:
    for line in delivered[story]:
        assert line["verdict"] in verdicts, line
        assert kind in _kinds(line), line


def test_once_leaves_no_process_and_prints_a_table(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
            process = subprocess.Popen(
                [
                    *(COLDWITNESS, "demo", "--once", "--seconds", "4", "--roles"),
                    *("--port", str(busy), "--mqtt-port", "0"),
                ],
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={**os.environ, "NO_COLOR": "1"},
            )
        started: set[int] = set()
        end = time.monotonic() + 110
        while process.poll() is None and time.monotonic() < end:
            started |= set(children_of(process.pid))
            time.sleep(0.05)
    stdout, stderr = (tmp_path / "out").read_text(), (tmp_path / "err").read_text()
    assert len(started) >= 2, "broker and receiver run as children"
    assert still_living(list(started)) == []
    assert process.returncode == 0, stderr
    assert "疑似违反（待核查）" in stdout
    assert f"{busy}" in stderr
    assert "Traceback" not in stderr
    assert "No sign-in" in stderr
    seen = {
        role: [int(count) if count != "—" else None for count in counts]
        for role, counts in _roles_in(stderr).items()
    }
    everything, division = seen["admin "], seen["inspector 370306"]
    assert all(everything[:3])
    assert 0 < (division[0] or 0) < (everything[0] or 0)
    assert seen["courier ql-express"][2] is None, "clues are for offices"


def _roles_in(printed: str) -> dict[str, list[str]]:
    """Role and whose -> shipments, findings, clues as each role sees them."""
    rows = (line.strip("│ ").split("│") for line in printed.splitlines() if line.startswith("│"))
    cells = ([cell.strip() for cell in row] for row in rows if len(row) == 10)
    return {f"{role} {whose}": counts[:3] for _, role, whose, *counts in cells if role}


def test_a_running_demo_takes_a_foreign_client_hands_on_clues_and_ends_with_ctrl_c(
    tmp_path: Path,
) -> None:
    with running_demo(tmp_path, "--seconds", "10") as demo:
        assert _stored_judged_and_shown_within_2_seconds(demo)["verdict"] == "breach"
        demo.wait_for(r"cold_chain_break", within_s=60)  # printed by the receiver
        clues = httpx.get(f"http://127.0.0.1:{demo.http_port}/v1/clues").json()
        assert clues["items"]
        children = demo.children()
        assert len(children) >= 2, "broker and receiver run as children"
        code = demo.interrupt()
        assert code in (0, 130)
        assert still_living(children) == []
        assert "Traceback" not in demo.said


def _stored_judged_and_shown_within_2_seconds(demo: DemoProcess) -> dict[str, Any]:
    """The result of a shipment that another program publishes one reading of."""
    publisher = shutil.which("mosquitto_pub")
    if publisher is None:
        pytest.fail("mosquitto_pub is missing: apt-get install mosquitto-clients")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    reading = {
        "shipment": "FOREIGN-1",
        "logger": "LG-X1",
        "seq": 1,
        "time": now,
        "temperature": {"drug": 12.5},
    }
    subprocess.run(
        [
            *(publisher, "-V", "mqttv311", "-h", "127.0.0.1", "-p", str(demo.mqtt_port)),
            *("-q", "1", "-t", "coldchain/v1/test-courier/BX-9/readings"),
            *("-m", json.dumps(reading)),
        ],
        check=True,
        timeout=20,
    )
    published = time.monotonic()
    url = f"http://127.0.0.1:{demo.http_port}/v1/shipments/FOREIGN-1/check"
    answer = httpx.get(url)
    while answer.status_code == 404 and time.monotonic() - published < 2.0:
        time.sleep(0.05)
        answer = httpx.get(url)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    assert result["metrics"]["readings"] == 1
    assert result["metrics"]["max_c"] == 12.5
    return result
