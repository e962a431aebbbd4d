"""Milesight EM300-TH, EM500-PT100 and kin: channel, type, value; little-endian; history.

Facts: Milesight-IoT/SensorDecoders, the payload tables of each model.
"""

from collections.abc import Mapping

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.frame_sample import Sample, byte, clock_ms, little, put, stored

_SKIP: Mapping[tuple[int, int], int] = {
    (0x01, 0x75): 1,  # battery percent
    (0x05, 0x00): 1,  # leak
    (0x06, 0x00): 1,  # door
    (0xFF, 0x01): 1,  # protocol version
    (0xFF, 0x09): 2,  # hardware version
    (0xFF, 0x0A): 2,  # firmware version
    (0xFF, 0x0B): 1,  # power on
    (0xFF, 0x0F): 1,  # device class
    (0xFF, 0x16): 8,  # serial number
    (0xFF, 0x1B): 5,  # measuring range
    (0xFF, 0xFE): 1,  # reset
    (0xFF, 0xFF): 2,  # TSL version
}
"""Value lengths of channels that hold no temperature; behind an unknown one nothing can be read,
and that is said."""
_TEMPERATURES: Mapping[tuple[int, int], tuple[str, int]] = {
    (0x03, 0x67): ("temperature", 2),
    (0x83, 0x67): ("temperature", 3),  # with the kind of a threshold alarm
    (0x83, 0xD7): ("temperature", 5),  # with the change and the kind of an alarm (EM500-PT100)
    (0x04, 0x67): ("temperature_2", 2),  # the second probe of TS302
    (0x84, 0x67): ("temperature_2", 3),
}
"""Name and value length of channels that begin with a temperature."""


def em300(frame: bytes, f_port: int | None) -> list[Sample]:
    """EM300-TH, MCS, SLD, ZLD: stored records of clock, temperature, humidity and one more
    byte (door, leak or reserved), which EM320-TH and older firmware leave out."""
    return _samples(frame, record_sizes=(8, 7))


def without_probe(frame: bytes, f_port: int | None) -> list[Sample]:
    """EM300-MLD: a leak detector whose frames hold a place for a temperature and none in it."""
    raise BadMessage("no_temperature", "Milesight: this model has no thermometer")


def em500_pt100(frame: bytes, f_port: int | None) -> list[Sample]:
    """EM500-PT100: stored records of clock and temperature."""
    return _samples(frame, record_sizes=(6,))


def milesight(frame: bytes, f_port: int | None) -> list[Sample]:
    """Other models: their live temperature; their stored records have layouts of their own
    and are refused."""
    return _samples(frame, record_sizes=())


def _samples(frame: bytes, *, record_sizes: tuple[int, ...]) -> list[Sample]:
    """Stored records first, then what is measured now. A value that is cut off is refused, and
    what stood before it is kept."""
    live = Sample()
    history: list[Sample] = []
    try:
        _read(frame, live, history, record_sizes)
    except BadMessage as error:
        if not (live.temperature_c or history):
            raise
        history.append(Sample(lost=f"Milesight: {error}"))
    return [*history, live] if live.temperature_c or not history else history


def _read(frame: bytes, live: Sample, history: list[Sample], record_sizes: tuple[int, ...]) -> None:
    at = 0
    while at + 2 <= len(frame):
        channel = (frame[at], frame[at + 1])
        at += 2
        if channel in _TEMPERATURES:
            name, size = _TEMPERATURES[channel]
            put(live, name, little(frame, at), 10.0)
            at += size
        elif channel == (0x04, 0x68):
            live.humidity_pct = _humidity(byte(frame, at))
            at += 1
        elif channel == (0x20, 0xCE):
            record = _record_size(frame, at, record_sizes)
            if record is None:
                history.append(Sample(lost="Milesight: stored records of an unknown size"))
                break
            sample = Sample(time_ms=clock_ms(int.from_bytes(frame[at : at + 4], "little")))
            put(sample, "temperature", little(frame, at + 4), 10.0)
            if record > 6:
                sample.humidity_pct = _humidity(frame[at + 6])
            history.append(stored(sample))
            at += record
        else:
            known = _SKIP.get(channel)
            if known is None:
                what = f"channel {channel[0]:02X} {channel[1]:02X} is not known"
                history.append(Sample(lost=f"Milesight: {what}: from it on nothing was read"))
                break
            at += known


def _humidity(raw: int) -> float | None:
    """Halves of a percent; 0xFF is no value."""
    return None if raw == 0xFF else raw / 2.0


def _record_size(frame: bytes, at: int, sizes: tuple[int, ...]) -> int | None:
    """Size of a stored record: the one after which the frame ends or a known channel begins;
    None where none fits."""
    for size in sizes:
        after = frame[at + size : at + size + 2]
        if at + size <= len(frame) and (
            not after or (len(after) == 2 and _is_channel((after[0], after[1])))
        ):
            return size
    return None


def _is_channel(channel: tuple[int, int]) -> bool:
    return channel in _SKIP or channel in _TEMPERATURES or channel in ((0x04, 0x68), (0x20, 0xCE))
