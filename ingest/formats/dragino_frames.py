"""Dragino LHT65(N), LHT52, LSN50(v2) and D2x frames; big-endian.

Facts: the makers' manuals and published codecs (dragino/dragino-end-node-decoder,
TheThingsNetwork/lorawan-devices). Eleven zero bytes are the answer to a question for records
of a time of which the logger has none: no reading, and above all no 0 °C.
"""

import struct

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.frame_sample import Sample, clock_ms, put, require, stored

_RECORD = 11
_EXTERNAL = {
    1: "TempC_DS", 9: "TempC_DS", 2: "TempC_TMP117", 10: "TempC_TMP117", 11: "Ext_TempC_SHT",
    12: "Ext_TempC_SHT",
}  # fmt: skip
"""LHT65(N) kinds of external sensor that measure temperature; others send lux, volts, counts."""
_KINDS_WITH_CLOCK = (9, 10)
_KINDS_WITHOUT_SHT = (14, 15)
_SHT31_ID, _NE117_ID = 0x10, 0x20
_NOTHING = b"\xff\xff"


def lht65(frame: bytes, f_port: int | None) -> list[Sample]:
    """LHT65 and LHT65N: 11 bytes on port 2, or several such from the logger's memory."""
    require(f_port in (2, 3, None), f"Dragino LHT65: expected port 2, got {f_port}")
    records = _records(frame, "LHT65")
    only_stored = f_port == 3 or len(records) > 1
    samples = []
    for record in records:
        if _is_stored(record):
            samples.append(_lht65_stored(record))
        else:
            require(
                not only_stored or len(records) > 1,
                "Dragino LHT65: expected port 2, or records marked as stored on port 3",
            )
            samples.append(
                Sample(lost="a record among stored ones that is not marked as stored")
                if only_stored
                else _lht65_live(record)
            )
    return samples


def lht65_e31f(frame: bytes, f_port: int | None) -> list[Sample]:
    """LHT65N-E31F: as LHT65N, its external sensor always an SHT31."""
    require(f_port in (2, None), f"Dragino LHT65N-E31F: expected port 2, got {f_port}")
    (record, *more) = _records(frame, "LHT65N-E31F")
    if more or _is_stored(record):
        return lht65(frame, f_port)
    return [_lht65_live(record[:6] + b"\x0b" + record[7:])]


def _is_stored(record: bytes) -> bool:
    """Bit 6 marks the answer to a poll, bit 7 one sent again for lack of an acknowledgement.

    LHT65 uses bit 7 for "external sensor not connected" too; such a frame has no clock in
    its last four bytes.
    """
    if record[6] & 0x40:
        return True
    seconds = int.from_bytes(record[7:11], "big")
    return bool(record[6] & 0x80) and record[9:11] != b"\x7f\xff" and clock_ms(seconds) is not None


def _lht65_stored(record: bytes) -> Sample:
    sample = Sample(time_ms=clock_ms(int.from_bytes(record[7:11], "big")))
    _sht(sample, record)
    external = _EXTERNAL.get(record[6] & 0x0F)
    if external is not None:
        put(sample, external, int.from_bytes(record[:2], "big", signed=True), 100.0)
    return stored(sample)


def _lht65_live(record: bytes) -> Sample:
    sample = Sample()
    kind, ext = record[6] & 0x0F, int.from_bytes(record[7:9], "big", signed=True)
    if record[6] in (_SHT31_ID, _NE117_ID):
        # The sensor's number stands where the built-in sensor's values stand otherwise.
        sample.battery_v = (int.from_bytes(record[:2], "big") & 0x3FFF) / 1000.0
        put(sample, _EXTERNAL[11 if record[6] == _SHT31_ID else 2], ext, 100.0)
        return sample
    if kind not in _KINDS_WITHOUT_SHT:
        _sht(sample, record)
    if kind in _KINDS_WITH_CLOCK:
        put(sample, _EXTERNAL[kind], int.from_bytes(record[:2], "big", signed=True), 100.0)
        sample.time_ms = clock_ms(int.from_bytes(record[7:11], "big"))
        return sample
    sample.battery_v = (int.from_bytes(record[:2], "big") & 0x3FFF) / 1000.0
    if kind in _EXTERNAL:
        put(sample, _EXTERNAL[kind], ext, 100.0)
    return sample


def _sht(sample: Sample, record: bytes) -> None:
    """The built-in sensor; ones in both its words are its silence, not -0.01 °C."""
    temperature, humidity = struct.unpack(">hH", record[2:6])
    sample.places.append("TempC_SHT")
    if temperature == -1 and humidity & 0x0FFF == 0x0FFF:
        return
    put(sample, "TempC_SHT", temperature, 100.0)
    if humidity & 0x0FFF != 0x0FFF:
        sample.humidity_pct = (humidity & 0x0FFF) / 10.0


def lht52(frame: bytes, f_port: int | None) -> list[Sample]:
    """LHT52: 11 bytes with its clock on port 2; several, or port 3: from its memory."""
    require(f_port in (2, 3, None), f"Dragino LHT52: expected port 2 or 3, got {f_port}")
    records = _records(frame, "LHT52")
    samples = []
    for record in records:
        temperature, humidity, probe, _, clock = struct.unpack(">hHhBI", record)
        sample = Sample(time_ms=clock_ms(clock))
        if humidity != 0xFFFF:
            sample.humidity_pct = humidity / 10.0
        sample.places.append("TempC_SHT")
        if humidity != 0xFFFF or temperature != -1:
            put(sample, "TempC_SHT", temperature, 100.0)
        put(sample, "TempC_DS", probe, 100.0)
        samples.append(stored(sample) if f_port == 3 or len(records) > 1 else sample)
    return samples


def _records(frame: bytes, model: str) -> list[bytes]:
    """Records of 11 bytes; those of zeros alone stand for "none"."""
    require(
        len(frame) >= _RECORD and len(frame) % _RECORD == 0,
        f"Dragino {model}: expected 11 bytes a measurement, got {len(frame)}",
    )
    records = [frame[at : at + _RECORD] for at in range(0, len(frame), _RECORD)]
    said = [record for record in records if any(record)]
    if not said:
        raise BadMessage("no_temperature", f"Dragino {model}: it has no records of that time")
    return said


def lsn50(frame: bytes, f_port: int | None) -> list[Sample]:
    """LSN50, LSN50v2 and D2x in all working modes; tenths of a degree.

    0xFFFF in a probe's place is no probe (D20, D22, D23) or a silent sensor (SHT), as in the
    maker's codecs, although it could also be -0.1 °C.
    """
    require(f_port in (2, None), f"Dragino LSN50: expected port 2, got {f_port}")
    require(len(frame) in (11, 12, 17), f"Dragino LSN50: expected 11 bytes, got {len(frame)}")
    mode = (frame[6] & 0x7C) >> 2
    sample = Sample()
    if mode == 2:
        sample.battery_v = frame[11] / 10.0 if len(frame) == 12 else None
    else:
        sample.battery_v = int.from_bytes(frame[:2], "big") / 1000.0
        _lsn50_probe(sample, "TempC1", frame[2:4])
    if mode in (0, 2):
        _lsn50_sht(sample, frame[7:9], frame[9:11])
    elif mode == 3:
        _lsn50_probe(sample, "TempC2", frame[7:9])
        _lsn50_probe(sample, "TempC3", frame[9:11])
    elif mode == 8:
        _lsn50_probe(sample, "TempC2", frame[4:6])
        _lsn50_probe(sample, "TempC3", frame[7:9])
    return [sample]


def lsn50_s31(frame: bytes, f_port: int | None) -> list[Sample]:
    """LSN50v2-S31: an SHT31 alone; what stands in the first probe's place is no probe."""
    samples = lsn50(frame, f_port)
    for sample in samples:
        sample.temperature_c.pop("TempC1", None)
        sample.places = [name for name in sample.places if name != "TempC1"]
    return samples


def _lsn50_probe(sample: Sample, name: str, word: bytes) -> None:
    sample.places.append(name)
    if word != _NOTHING:
        put(sample, name, int.from_bytes(word, "big", signed=True), 10.0)


def _lsn50_sht(sample: Sample, temperature: bytes, humidity: bytes) -> None:
    """An SHT, or, where its humidity is 0, a light sensor on the same two words."""
    if humidity == b"\0\0":
        sample.light_lux = float(int.from_bytes(temperature, "big"))
        return
    _lsn50_probe(sample, "TempC_SHT", temperature)
    if humidity != _NOTHING:
        sample.humidity_pct = int.from_bytes(humidity, "big") / 10.0
