"""Published vectors of the makers, held against the decoders frame by frame.

Sources: TheThingsNetwork/lorawan-devices, vendor/* (Apache-2.0), here "lorawan-devices";
chirpstack/chirpstack-device-profiles (MIT); Milesight-IoT/SensorDecoders, READMEs and codec
files (GPL-3.0, facts only); decentlab/decentlab-decoders; Dragino's manuals of LHT65 and LHT52.
"""

import pytest

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.frame_sample import Sample
from coldwitness.ingest.formats.lorawan_frames import frame_decoder

_T = 1_611_030_423_000  # 2021-01-19T04:27:03Z


def samples(model: str, frame: str, port: int | None = None) -> list[Sample]:
    decode = frame_decoder(model)
    assert decode is not None
    return decode(bytes.fromhex(frame), port)


VECTORS = [
    # lorawan-devices: dragino lht65-codec.yaml, lht65n-codec.yaml.
    ("lht65", "cbf60b0d0376010add7fff", 2, {"TempC_SHT": 28.29, "TempC_DS": 27.81}, 88.6),
    ("lht65n", "cbf60b0d0376010add7fff", 2, {"TempC_SHT": 28.29, "TempC_DS": 27.81}, 88.6),
    # lorawan-devices: lht52-codec.yaml; its TempC_DS is 327.67, which is no probe.
    ("lht52", "08cd02207fff0161cd4edd", 2, {"TempC_SHT": 22.53}, 54.4),
    # LHT52 manual: 0xF5C6 is -26.18 °C.
    ("lht52", "f5c60220f5c60161cd4edd", 2, {"TempC_SHT": -26.18, "TempC_DS": -26.18}, 54.4),
    # lorawan-devices: lsn50-v2-codec.yaml, lsn50v2-d20-codec.yaml, lsn50v2-s31-codec.yaml.
    ("lsn50v2-s31", "0b54000000000000fc0205", 2, {"TempC_SHT": 25.2}, 51.7),
    # lorawan-devices: milesight em300-th-codec.yaml, em500-pt100-codec.yaml.
    ("em300-th", "0175320367c80004683c", 1, {"temperature": 20.0}, 30.0),
    ("em500-pt100", "01755c03671901", 85, {"temperature": 28.1}, None),
    # chirpstack-device-profiles: test_decode_em500-pt100.json.
    ("em500-pt100", "01756403672c01", None, {"temperature": 30.0}, None),
    # SensorDecoders: em300-th README.md and em300-th-codec.json, em500-pt100 README.md.
    ("em300-th", "01755c03673401046865", 85, {"temperature": 30.8}, 50.5),
    ("em300-th", "0175640367040104687b", 85, {"temperature": 26.0}, 61.5),
    ("em500-pt100", "01756403671901", 85, {"temperature": 28.1}, None),
    # lorawan-devices: elsys ems-codec.yaml (with pulses and leak), and the examples of
    # ers-codec.yaml and elt-2-codec.yaml.
    ("ems", "0100e20229030127050a11011211" + "0a2111", 1, {"temperature": 22.6}, 41.0),
    ("ers", "0100e202290400270506", 1, {"temperature": 22.6}, 41.0),
    ("elt-2", "0100e20229030127051406010111", 1, {"temperature": 22.6}, 41.0),
    # lorawan-devices: tektelic t00061xx-codec.yaml.
    ("t00061xx", "0367012604683300ba0bd1", 10, {"ambient_temperature": 29.4}, 25.5),
    # lorawan-devices: decentlab dl-ds18-codec.yaml, and decentlab-decoders DL-DS18.py.
    ("dl-ds18", "02023d0003815e0c15", 1, {"temperature": 21.875}, None),
]


@pytest.mark.parametrize(("model", "frame", "port", "expected", "humidity"), VECTORS)
def test_published_frames_are_read_as_their_makers_read_them(
    model: str, frame: str, port: int | None, expected: dict[str, float], humidity: float | None
) -> None:
    (sample,) = samples(model, frame, port)
    assert sample.temperature_c == pytest.approx(expected)
    assert sample.humidity_pct == humidity


@pytest.mark.parametrize(
    ("model", "frame", "port"),
    [("t00061xx", "020001", 10), ("t00061xx", "0a00ff", 10), ("dl-ds18", "02023d00020c15", 1)],
)
def test_published_frames_without_a_temperature_give_none(
    model: str, frame: str, port: int
) -> None:
    (sample,) = samples(model, frame, port)
    assert sample.temperature_c == {}


def test_lht65_memory_is_read_with_its_clock_as_in_the_manual() -> None:
    # LHT65 manual 2.6.4: flash records of 21/1/19 04:27:03 and 04:28:57, no external probe.
    memory = "7fff089801464160065f97" + "7fff088e014b4160066009"
    first, second = samples("lht65", memory, 2)
    assert (first.temperature_c, first.humidity_pct) == ({"TempC_SHT": 22.0}, 32.6)
    assert (second.temperature_c, second.humidity_pct) == ({"TempC_SHT": 21.9}, 33.1)
    assert (first.time_ms, second.time_ms) == (_T, _T + 114_000)
    assert samples("lht65n", memory, 3) == [first, second]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("41", {"TempC_DS": 5.0}),
        ("49", {"TempC_DS": 5.0}),
        ("42", {"TempC_TMP117": 5.0}),
        ("4a", {"TempC_TMP117": 5.0}),
        ("4b", {"Ext_TempC_SHT": 5.0}),
        ("40", {}),  # no external sensor
        ("44", {}),  # pin level
        ("45", {}),  # 500 lux, not 5.00 °C
        ("46", {}),  # 500 mV
        ("47", {}),  # a count
        ("48", {}),
    ],
)
def test_lht65_stored_lux_volts_and_counts_are_no_temperature(
    kind: str, expected: dict[str, float]
) -> None:
    (sample,) = samples("lht65n", f"01f408980146{kind}60065f97", 2)
    assert sample.temperature_c == {"TempC_SHT": 22.0, **expected}
    assert sample.time_ms == _T


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("cbf60b0d0376020add7fff", {"TempC_SHT": 28.29, "TempC_TMP117": 27.81}),
        ("cbf60b0d03760b0add0123", {"TempC_SHT": 28.29, "Ext_TempC_SHT": 27.81}),
        ("cbf60b0d0376050add7fff", {"TempC_SHT": 28.29}),
        # DS18B20's number in place of everything; SHT31's and TMP117's number before a value.
        ("cbf6285a1b2c0f3d4e5f60", {}),
        ("cbf61122334410" + "0add0123", {"Ext_TempC_SHT": 27.81}),
        ("cbf61122334420" + "0add0123", {"TempC_TMP117": 27.81}),
        # Kind 9 and 10: probe first, clock last.
        ("0add0b0d037609" + "60065f97", {"TempC_SHT": 28.29, "TempC_DS": 27.81}),
        ("0add0b0d03760a" + "60065f97", {"TempC_SHT": 28.29, "TempC_TMP117": 27.81}),
        # Bit 7 without a clock: the probe is not connected.
        ("cbf60b0d0376817fff7fff", {"TempC_SHT": 28.29}),
        # The built-in sensor does not answer.
        ("cbf6ffffffff010add7fff", {"TempC_DS": 27.81}),
    ],
)
def test_lht65_external_sensors_by_their_kind(frame: str, expected: dict[str, float]) -> None:
    (sample,) = samples("lht65n", frame, 2)
    assert sample.temperature_c == expected


def test_lht65_bit_7_with_a_clock_is_a_record_sent_again() -> None:
    (sample,) = samples("lht65n", "0add0898014681" + "60065f97", 2)
    assert sample.temperature_c == {"TempC_SHT": 22.0, "TempC_DS": 27.81}
    assert sample.time_ms == _T


def test_lht65n_e31f_has_an_sht_outside_whatever_it_says() -> None:
    # Layout of lorawan-devices' lht65n_e31f.js.
    (sample,) = samples("dragino lht65n-e31f", "cbf60b0d0376010add0123", 2)
    assert sample.temperature_c == {"TempC_SHT": 28.29, "Ext_TempC_SHT": 27.81}


@pytest.mark.parametrize(("model", "port"), [("lht65n", 2), ("lht52", 3), ("lht52", 2)])
@pytest.mark.parametrize("count", [1, 4])
def test_eleven_zeros_are_no_record_and_no_zero_degrees(model: str, port: int, count: int) -> None:
    with pytest.raises(BadMessage) as caught:
        samples(model, "00" * 11 * count, port)
    assert caught.value.reason == "no_temperature"


@pytest.mark.parametrize(
    ("model", "frame", "port"),
    [
        ("lht65n", "7fff0898014641" + "00000000", 2),
        ("lht65n", "7fff0898014641" + "ffffffff", 2),
        ("lht52", "08cd02207fff01" + "00000100", 3),
        ("em300-th", "20ce" + "00000000" + "10015d00", 85),
        ("em500-pt100", "20ce" + "00000000" + "1001", 85),
    ],
)
def test_a_stored_record_without_a_clock_is_not_taken_for_now(
    model: str, frame: str, port: int
) -> None:
    (sample,) = samples(model, frame, port)
    assert sample.lost is not None
    assert sample.temperature_c == {}


def test_a_record_among_stored_ones_without_the_mark_is_lost_alone() -> None:
    good, bad = "7fff089801464160065f97", "cbf60b0d0376010add7fff"
    first, second = samples("lht65n", good + bad, 2)
    assert (first.temperature_c, second.lost is None) == ({"TempC_SHT": 22.0}, False)


@pytest.mark.parametrize("tail", ["01f4" * 4, "0009" * 4])
def test_port_3_of_an_lht65_is_read_only_where_records_say_they_are_stored(tail: str) -> None:
    # Fast sampling: battery, kind of probe, temperatures without times; here 11 bytes long.
    try:
        read = samples("lht65n", "0bb801" + tail, 3)
    except BadMessage:
        read = []
    assert all(sample.lost and not sample.temperature_c for sample in read)


def test_lht52_memory_is_read_from_port_3() -> None:
    first, second = samples("lht52", "08cd0220f5c60161cd4edd" + "08cd02207fff0161cd4f19", 3)
    assert (first.time_ms, second.time_ms) == (1_640_845_021_000, 1_640_845_081_000)
    assert first.temperature_c == {"TempC_SHT": 22.53, "TempC_DS": -26.18}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        # Mode 0, a silent SHT: ones in both words; TempC1 without a probe.
        ("0b547fff000000ffffffff", {}),
        ("0b547fff0000007fff0205", {}),
        # Mode 3 (D23): three probes; ones or 0x7FFF: no probe.
        ("0b54002d00000cffd8ffff", {"TempC1": 4.5, "TempC2": -4.0}),
        ("0b54ffff00000c7fff00d7", {"TempC3": 21.5}),
        # Mode 8: three probes and two counters, 17 bytes.
        (
            "0b54002dffd82000d7" + "0000000100000002",
            {"TempC1": 4.5, "TempC2": -4.0, "TempC3": 21.5},
        ),
        # Mode 31: alarm limits stand where probes stand otherwise.
        ("0b54002d02087c02080000", {"TempC1": 4.5}),
    ],
)
def test_lsn50_modes_and_their_missing_probes(frame: str, expected: dict[str, float]) -> None:
    (sample,) = samples("lsn50v2-d23", frame, 2)
    assert sample.temperature_c == expected


def test_milesight_history_is_read_as_published() -> None:
    # SensorDecoders, em300-th README.md: eight bytes, the last one reserved.
    record = "20ce9e74466310015d00"
    (sample,) = samples("em300-th", record, 85)
    assert (sample.temperature_c, sample.humidity_pct) == ({"temperature": 27.2}, 46.5)
    assert sample.time_ms == 1_665_561_758_000
    assert samples("em300-th", record * 5, 85) == [sample] * 5
    # em320-th README.md: the same record without the reserved byte.
    for model in ("em320-th", "em300-th"):
        assert samples(model, record[:-2], 85) == [sample]
        assert samples(model, record[:-2] * 3, 85) == [sample] * 3
    *stored, live = samples("em300-th", record * 2 + "03672c00046817", 85)
    assert (stored, live.temperature_c) == ([sample] * 2, {"temperature": 4.4})
    # em500-pt100 README.md: clock and temperature alone.
    (pt100,) = samples("em500-pt100", "20ce9e7446631001", 85)
    assert (pt100.temperature_c, pt100.humidity_pct) == ({"temperature": 27.2}, None)


def test_milesight_alarms_carry_a_temperature_too() -> None:
    # em500-pt100 README.md: 83 D7, temperature, change, kind of alarm.
    (sample,) = samples("em500-pt100", "83d7190105000203672c01", 85)
    assert sample.temperature_c == {"temperature": 30.0}
    (sample,) = samples("em500-pt100", "01755c83d71901050002", 85)
    assert sample.temperature_c == {"temperature": 28.1}


def test_milesight_memory_of_other_models_is_refused_and_not_misread() -> None:
    for model, record in (
        ("milesight em500-co2", "20ce9e7446631001"),
        ("em300-th", "20ce9e74466310015d000102"),
    ):
        live, lost = samples(model, "03672c00" + record, 85)[::-1]
        assert live.temperature_c == {"temperature": 4.4}
        assert not lost.temperature_c
        assert "unknown size" in (lost.lost or "")


def test_several_probes_on_one_elsys_input_are_numbered_as_in_the_makers_list() -> None:
    (one,) = samples("elsys elt-2", "0100e219ffd8", 5)
    assert one.temperature_c == {"temperature": 22.6, "externalTemperature2": -4.0}
    (three,) = samples("elsys elt-2", "19ffd8190037197fff", 5)
    assert three.temperature_c == {"externalTemperature2.1": -4.0, "externalTemperature2.2": 5.5}


@pytest.mark.parametrize(
    ("model", "frame", "port"),
    [
        ("lht65", "cbf60b0d0376010add7fff", 42),
        ("lht52", "0b880100250001", 42),
        ("lsn50v2", "0b54000000000000fc0205", 42),
    ],
)
def test_published_frames_on_a_wrong_port_are_refused(model: str, frame: str, port: int) -> None:
    with pytest.raises(BadMessage):
        samples(model, frame, port)


@pytest.mark.parametrize(
    ("model", "frame", "port", "what"),
    [
        ("elsys", "0100e2" + "99" + "0c002d", 5, "type 99"),
        ("t00061xx", "0367002d" + "7777" + "046833", 10, "channel 77 77"),
    ],
)
def test_what_stands_behind_an_unknown_part_is_refused_and_the_rest_is_kept(
    model: str, frame: str, port: int, what: str
) -> None:
    lost, sample = samples(model, frame, port)
    assert lost.lost is not None
    assert what in lost.lost
    assert len(sample.temperature_c) == 1
