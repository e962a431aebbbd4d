"""docs/connecting-loggers.md: its settings, manifest and events bring a reading to its shipment."""

import json
import re
from pathlib import Path

from coldwitness.config.settings import load_settings
from tests.api.test_devices import hear
from tests.api.world import running_world

TEXT = (Path(__file__).parents[2] / "docs" / "connecting-loggers.md").read_text(encoding="utf-8")
UPLINK = (
    b'{"end_device_ids":{"device_id":"lht65n-0042"},"uplink_message":{"f_port":2,'
    b'"frm_payload":"y/YLDQN2AQHCf/8=","received_at":"2026-11-21T03:04:05.787Z"}}'
)


def block(name: str) -> str:
    (found,) = re.findall(rf"```\w+ {name}\n(.*?)```", TEXT, re.S)
    return str(found)


def test_settings_manifest_and_events_of_the_page_give_the_shipment_its_reading(
    tmp_path: Path,
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(block("settings") + f'\n[journal]\ndirectory = "{tmp_path}/journal"\n')
    manifest = json.loads(block("manifest"))
    name = manifest["id"]
    (events_topic,) = re.findall(r"the custody events, on `([^`]+)`", TEXT)
    uplink = ("v3/app/devices/lht65n-0042/up", UPLINK)
    with running_world(tmp_path, settings=load_settings(file)) as world:
        kept = world.client.put(f"/v1/shipments/{name}", json=manifest)
        assert kept.status_code == 201
        assert kept.json()["warnings"] == []
        hear(world, uplink, received_ms=1_795_230_250_000)
        assert world.get("/v1/devices").json()["items"][0]["shipment"] is None
        hear(world, (events_topic, block("events").encode()), received_ms=1_795_240_000_000)
        (reading,) = world.get(f"/v1/shipments/{name}/readings").json()["items"]
        assert reading["temperature"] == {"ambient": 28.29, "drug": 4.5}
        assert world.get("/v1/devices").json()["items"][0]["shipment"] == name
        body = world.get("/openapi.json").json()["paths"]["/v1/shipments/{shipment}"]["put"]
        content = body["requestBody"]["content"]["application/json"]
        assert content["schema"]["required"] == ["id", "items"]
        assert content["example"]["items"]
        named = content["example"]["id"]
        assert world.client.put(f"/v1/shipments/{named}", json=content["example"]).is_success
