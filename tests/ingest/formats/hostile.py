"""Hostile payloads for every decoder: real messages cut, flipped, repeated and spliced."""

import random
from collections.abc import Iterator

from coldwitness.ingest.formats.teltonika_codec8 import crc16_ibm

SEEDS: dict[str, list[tuple[str, bytes]]] = {
    "native": [
        (
            "coldchain/v1/c/b/readings",
            b'[{"logger":"L","seq":1,"time":"2026-11-21T03:04:05Z","temperature":{"drug":4.5,'
            b'"drug.2":5},"position":{"lat":36.8,"lon":118.3,"datum":"BD09"},"lid_open":true},'
            b'{"event":"packed","shipment":"Z","time":1795230245123,"note":"n"}]',
        )
    ],
    "tts_v3": [
        (
            "v3/a/devices/b/up",
            b'{"end_device_ids":{"device_id":"a","dev_eui":"A8"},"uplink_message":{"f_port":2,'
            b'"frm_payload":"y8YIAPIBf/9//w==","version_ids":{"brand_id":"dragino","model_id":'
            b'"lht65n"},"received_at":"2026-11-21T03:04:05.787654321Z"}}',
        ),
        (
            "v3/a/devices/b/up",
            b'{"end_device_ids":{"device_id":"a"},"uplink_message":{"f_port":85,"frm_payload":'
            b'"IM6XYQZgLAAX","version_ids":{"brand_id":"milesight","model_id":"em300-th"},'
            b'"decoded_payload":{"t":{"u":[1,2,{"temp":4}]}}}}',
        ),
        (
            "v3/a/devices/b/up",
            # Two records of an LHT65N's memory, the second without its mark.
            b'{"end_device_ids":{"device_id":"a"},"uplink_message":{"f_port":2,"frm_payload":'
            b'"f/8ImAFGQWAGX5fL9gsNA3YBCt1//w==","version_ids":{"brand_id":"dragino","model_id":'
            b'"lht65n"},"settings":{"time":"2026-11-21T03:04:05Z"}}}',
        ),
        (
            "v3/a/devices/b/up",
            b'{"end_device_ids":{"device_id":"a"},"uplink_message":{"decoded_payload":{"history":['
            b'{"timestamp":1795230245,"temperature":"4.5"},{"temperature":4}],"Systimestamp":'
            b'1795230245,"temp_f":40.1,"temperature":{"value":4.5,"unit":"F"}}}}',
        ),
    ],
    "chirpstack_v4": [
        (
            "application/1/device/2/event/up",
            b'{"time":"2022-07-18T09:34:15.775023242+00:00","deviceInfo":{"devEui":"0102",'
            b'"deviceProfileName":"elsys ers","tags":{"model":"elt"}},"fPort":5,"data":'
            b'"AQDiAikEACcFBgYDCAcNYg=="}',
        )
    ],
    "sparkplug_b": [
        (
            "spBv1.0/G/NBIRTH/E",
            bytes.fromhex(
                "08a0e2f5a8a02b12120a05626453657118a0e2f5a8a02b2008580012210a0f426f782f54656d7065"
                "7261747572651007"
                "18a0e2f5a8a02b2009650000a8401800"
            ),
        ),
        (
            "spBv1.0/G/NDATA/E",
            bytes.fromhex("08eaf2f5a8a02b121210071888eaf5a8a02b20092801650000d0401801"),
        ),
    ],
    "ruuvi_gateway": [
        (
            "ruuvi/g/t",
            b'{"gw_mac":"C8","ts":"1653668027","data":"0201061BFF99040515AE4C6DC6D7000CFFF803F4AD'
            b'B6AD697FF41F0C28CBD6","coords":"1.5,2"}',
        ),
        ("ruuvi/g/t", bytes.fromhex("06170C5668C79E007000C90501D9FFCD004C884F")),
        ("ruuvi/g/t", bytes.fromhex("C512FC5394C37CAC364200CDCBB8334C884F")),
        (
            "ruuvi/g",
            b'{"data":{"gw_mac":"C8","timestamp":"1653633988","tags":{"C6:A5:B9:E0:AD:06":{"rssi"'
            b':-71,"timestamp":"1653633987","data":"0201061BFF99040513C85714C7CC00240008041CAB76F'
            b'41C3CC6A5B9E0AD06"},"C6:A5:B9:E0:AD:07":{"data":"0201"}}}}',
        ),
    ],
    "senml": [
        (
            "senml/a",
            b'[{"bn":"urn:dev:ow:10e2:","bt":1320067464.0,"bu":"%RH","v":20},{"u":"Cel","t":60,'
            b'"v":4.5},{"n":"ice","u":"K","v":270,"bv":1,"vb":true}]',
        ),
        ("senml/a", bytes.fromhex("82a3216561626364653a220a2363436565a30063742d31010002f94480")),
        ("senml/a", bytes.fromhex("81a300" + "6364696d" + "01" + "6343656c" + "02" + "c482201837")),
    ],
    "influx_line": [
        (
            "telegraf/a",
            b'm\\ x,logger=L\\,1,probe=drug temperature=4.5,h=5i,s="a b",b=true 1795230245123\n'
            b"m,logger=L drug=4,ambient=30\n",
        )
    ],
    "tasmota": [
        (
            "tele/a/SENSOR",
            b'{"Time":"2026-11-21T11:04:05","DS18B20-1":{"Id":"0","Temperature":4.6},"AM2301":'
            b'{"Temperature":24.9,"Humidity":51.3},"TempUnit":"F"}',
        )
    ],
    "shelly": [
        (
            "s/events/rpc",
            b'{"src":"s-1","method":"NotifyFullStatus","params":{"ts":1795230245.12,"temperature:0"'
            b':{"tC":4.6},"humidity:0":{"rh":61},"devicepower:0":{"battery":{"V":5}}}}',
        ),
        (
            "s/events/rpc",
            b'{"src":"s","method":"NotifyEvent","params":{"ts":1795230246,"events":[{"component":'
            b'"script:1","event":"shelly-blu","data":{"BTHome_version":2,"temperature":[4.5,20],'
            b'"humidity":56,"address":"e8:e0:7e:d0:f9:89"},"ts":1795230245.5},{"data":7}]}}',
        ),
    ],
    "zigbee2mqtt": [
        (
            "zigbee2mqtt/a",
            b'{"temperature":4.71,"humidity":58.2,"last_seen":"2026-11-21T11:04:05+08:00",'
            b'"device":{"ieeeAddr":"0x0015","model":"W"},"contact":false,"voltage":2975}',
        )
    ],
    "teltonika_codec8": [
        (
            "teltonika/352093081452251",
            bytes.fromhex(
                "000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010"
                "101425E0F01F10000601A014E0000000000000000010000C7CF"
            ),
        ),
        (
            "teltonika/352093081452251",
            bytes.fromhex(
                "000000000000002b0801000001a1fc0fa10300468325c015f2494000000000090000000301f00101"
                "190c3501480000002d00010000d4c6"
            ),
        ),
    ],
}

_TOKENS = (
    b"null", b"NaN", b"1e999", b"-1", b'""', b"{", b"[", b"]", b"}", b'"', b"\\ud800", b"\\u0000",
    b"9" * 400, b"true", b"[[[[", b"\xff", b"\x00", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd8\x1c", b"\xc2", b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00", b"\x80" * 12, b"85.0",
    b"2026-02-30T00:00:00Z", b"drug", b"temperature", b"=", b",", b" ", b"\n", b"\\",
)  # fmt: skip


def payloads(name: str, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` (topic, payload) of one format, the same for the same seed."""
    rng = random.Random(f"{name}/{seed}")
    seeds = SEEDS[name]
    for _ in range(count):
        topic, base = rng.choice(seeds)
        body = bytearray(base)
        for _ in range(rng.randint(1, 4)):
            _hurt(body, rng)
        if name == "teltonika_codec8" and rng.random() < 0.7:
            _seal(body)
        if rng.random() < 0.02:
            body = bytearray(rng.randbytes(rng.randint(0, 200)))
        if rng.random() < 0.02:
            topic = rng.choice(["", "/", "a//", "spBv1.0/G/DDATA/E/D", "\x00", "冷/证", "$x"])
        yield topic, bytes(body)


def _seal(body: bytearray) -> None:
    """Right length and checksum for a hurt frame, so that its inside is looked at."""
    data = bytes(body[8:-4]) or b"\x08\x00\x00"
    body[:] = bytes(4) + len(data).to_bytes(4, "big") + data + crc16_ibm(data).to_bytes(4, "big")


def _hurt(body: bytearray, rng: random.Random) -> None:
    at = rng.randint(0, len(body))
    kind = rng.randint(0, 6)
    if kind == 0 and at < len(body):
        body[at] ^= 1 << rng.randint(0, 7)
    elif kind == 1:
        del body[at : at + rng.randint(1, 8)]
    elif kind == 2:
        body[at:at] = rng.choice(_TOKENS)
    elif kind == 3:
        del body[at:]
    elif kind == 4:
        piece = bytes(body[at : at + rng.randint(1, 40)])
        body[at:at] = piece * rng.randint(1, 5)
    elif kind == 5:
        body[at : at + rng.randint(1, 6)] = rng.choice(_TOKENS)
    else:
        body[at:at] = rng.randbytes(rng.randint(1, 9))
