"""One id follows a message from the broker to the clue, and everything that runs is named."""

import json
import os
import re
from collections import defaultdict
from pathlib import Path

import httpx

from coldwitness.api.http.operations import MENDS
from coldwitness.cli.doctor_office import LOOKED_AT
from tests.e2e.test_whole_stack import SHIPMENT, begin, manifest, reading, serving, wait
from tests.forked import ran
from tests.ingest.conftest import Mosquitto, free_port, shipped_limits
from tests.ingest.publishing import publish_all

MINUTES = 70
STEPS = ["journalled", "stored", "judged"]


def written(folder: Path, mqtt_port: int, door: int) -> None:
    (folder / "coldwitness.toml").write_text(
        f"""
[mqtt]
port = {mqtt_port}
[http]
port = 0
[metrics]
port = {door}
[log]
messages = true
requests = true
"""
    )


def test_one_id_leads_from_the_broker_to_the_clue_and_all_parts_are_named(tmp_path: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1"}
    door = free_port()
    limits = shipped_limits() + "\nallow_anonymous true"
    with Mosquitto(tmp_path / "mosquitto", limits) as broker:
        written(tmp_path, broker.port, door)
        start = begin()
        with serving(tmp_path, environment) as serve:
            httpx.put(f"{serve.address}/v1/shipments/{SHIPMENT}", json=manifest(start), timeout=20)
            check = f"/v1/shipments/{SHIPMENT}/check"
            wait(lambda: serve.get(check).status_code == 200, lambda: "the manifest is not judged")
            publish_all(broker.port, [reading(minute, start) for minute in range(MINUTES)])
            serve.until_judged(MINUTES)
            wait(lambda: bool(serve.get("/v1/clues").json()["items"]), lambda: "no clue")
            parts = serve.get("/readyz").json()["parts"]
            said = ran(
                ["--config", "coldwitness.toml", "doctor", "--json"],
                cwd=tmp_path,
                env=environment,
            )
            told = httpx.get(f"http://127.0.0.1:{door}/metrics", trust_env=False).text
        (worker,) = set(re.findall(r'journalled_messages_total\{worker="(\w+)"\}', told))
    text = (tmp_path / "serve.log").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    steps: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines:
        if line["logger"] == "coldwitness.messages":
            steps[line["message_id"]].append(line["event"])
            if line["event"] != "journalled":
                assert line["shipment"] == SHIPMENT
    assert sorted(steps) == sorted(f"{worker}/{row}" for row in range(1, MINUTES + 1))
    assert all({*STEPS[:2]} <= set(one) for one in steps.values())
    opened = [line for line in lines if line["event"] == "clue" and line["change"] == "opened"]
    (clue,) = opened
    # The last of its batch is the one that judging names; whoever was faster wrote first.
    assert set(steps[clue["message_id"]]) == set(STEPS)
    assert (clue["shipment"], clue["clue"][:3]) == (SHIPMENT, "CL-")
    assert "temperature" not in text, "nothing of a payload"
    requests = [line for line in lines if line["event"] == "request"]
    assert any(line.get("shipment") == SHIPMENT and line["request_id"] for line in requests)

    own = set(LOOKED_AT) - {"live"}  # on PostgreSQL alone, where several processes answer
    assert set(parts) == own
    assert set(MENDS) == set(LOOKED_AT)
    looked = {json.loads(line)["part"]: json.loads(line) for line in said.stdout.splitlines()}
    assert {LOOKED_AT[part] for part in parts} <= looked.keys()
    assert looked["processes"]["state"] == "ok", looked["processes"]
    assert all(part in looked["processes"]["text"] for part in parts)
