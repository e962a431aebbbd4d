"""InfluxDB line protocol: escapes, types, precisions."""

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import DecodeContext, Decoded, decoder
from tests.ingest.formats.context import RECEIVED_MS

decode = decoder("influx_line")


def said(text: str, topic: str = "telegraf/box-1", rule: FormatRule | None = None) -> Decoded:
    return decode(text.encode(), DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=rule))


def test_a_point_is_a_reading_of_the_logger_its_tags_name() -> None:
    (reading,) = said(
        'box,host=gw,logger=LG-1 temperature=4.5,humidity=51i,lid_open=true,note="a b,c=d" '
        "1795230245123456789"
    ).readings
    assert (reading.logger, reading.temperature_c) == ("LG-1", {"drug": 4.5})
    assert (reading.time_ms, reading.humidity_pct) == (1_795_230_245_123, 51.0)
    assert reading.lid_open is True


def test_our_own_probe_names_are_roles_in_any_order() -> None:
    (reading,) = said("m,logger=L ambient=30.0,drug=4.5,drug.2=4.75,battery_v=3.6").readings
    assert reading.temperature_c == {"ambient": 30.0, "drug": 4.5, "drug.2": 4.75}
    assert (reading.battery_v, reading.time_source) == (3.6, "received")


@pytest.mark.parametrize(
    ("stamp", "expected_ms"),
    [
        ("1795230245", 1_795_230_245_000),
        ("1795230245123", 1_795_230_245_123),
        ("1795230245123456", 1_795_230_245_123),
        ("1795230245123456789", 1_795_230_245_123),
    ],
)
def test_the_precision_is_told_by_the_size(stamp: str, expected_ms: int) -> None:
    (reading,) = said(f"m,logger=L temperature=4.5 {stamp}").readings
    assert (reading.time_ms, reading.time_source) == (expected_ms, "device")


def test_escapes_in_names_and_values_are_undone() -> None:
    rule = FormatRule(topic="#", format="influx_line", probes={"cold store": "coolant"})
    (reading,) = said(r"my\ m,logger=L\,1 cold\ store=-2.5", rule=rule).readings
    assert (reading.logger, reading.temperature_c) == ("L-1", {"coolant": -2.5})


def test_a_probe_tag_names_the_probe_and_the_topic_the_logger() -> None:
    (reading,) = said("temperature,probe=coolant value=-2.5").readings
    assert (reading.logger, reading.temperature_c) == ("box-1", {"coolant": -2.5})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # The quoting and escaping of InfluxData's line protocol reference.
        (r'my\ measurement,logger=L,tag\ k=v\,1 temp="x",temperature=4.5,s="a \"b\", c=1"', 4.5),
        (r"m\,1,logger=L,a\=b=c temperature=4.5", 4.5),
        ('m,logger=L s="{\\"k\\": 1}",temperature=4.5', 4.5),
        ("m,logger=L temperature=4i", 4.0),
        ("m,logger=L temperature=4u", 4.0),
        ("m,logger=L temperature=-4.5e0", -4.5),
        ("m,logger=L temperature=.5,ok=t,no=F", 0.5),
        # Fahrenheit where a line says so: by the field's name, the measurement's, a tag.
        ("m,logger=L temp_f=41", 5.0),
        ("temperature,logger=L,unit=F value=41", 5.0),
        ("°F,domain=sensor,entity_id=fridge value=41", 5.0),
        ("°C,domain=sensor,entity_id=fridge value=4.5", 4.5),
        ("temperature,logger=L,unit=3 value=4.5", 4.5),
        # Telegraf's limits are no measurement.
        ("sensors,host=gw temp_crit=84,temp_crit_hyst=80,temp_max=70,temp_input=4.5", 4.5),
    ],
)
def test_types_quotes_escapes_and_units(line: str, expected: float) -> None:
    rule = FormatRule(topic="#", format="influx_line", probes={"temp_f": "drug"})
    (reading,) = said(line, rule=rule if "temp_f" in line else None).readings
    assert reading.temperature_c == {"drug": expected}


def test_home_assistants_entities_are_loggers() -> None:
    (reading,) = said("°C,domain=sensor,entity_id=fridge_temperature value=4.5").readings
    assert reading.logger == "fridge_temperature"


def test_a_clock_that_was_never_set_gives_way_to_the_time_of_receipt() -> None:
    # The timestamp of the line protocol reference's own first example.
    (reading,) = said("m,logger=L temperature=4.5 0000000000000000000").readings
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")
    result = said("m,logger=L temperature=4.5 -1556813561098000000")
    assert [refusal.reason for refusal in result.refused] == ["bad_time"]


def test_a_probe_tag_names_one_field_and_never_hides_another() -> None:
    (reading,) = said("m,logger=L,probe=drug temperature=4.5,lid_temperature=9").readings
    assert reading.temperature_c == {"drug": 4.5, "lid_temperature": 9.0}


def test_a_field_called_value_is_mapped_like_any_other() -> None:
    rule = FormatRule(topic="#", format="influx_line", probes={"value": "coolant"})
    for line in ("temperature,logger=L value=-2.5", "fridge,logger=L value=-2.5"):
        (reading,) = said(line, rule=rule).readings
        assert reading.temperature_c == {"coolant": -2.5}


def test_zeros_of_a_receiver_without_a_fix_are_no_position() -> None:
    (reading,) = said("m,logger=L temperature=4.5,lat=0,lon=0").readings
    assert (reading.lat_deg, reading.lon_deg) == (None, None)


def test_lines_are_judged_singly_and_comments_passed_over() -> None:
    text = (
        "# head\nm,logger=L temperature=4.5 1795230245\n\nm,logger=L temperature=NaN\n"
        "m,logger=L\nm,logger=L temperature=4.6 1795230305\r\n"
    )
    result = said(text)
    assert [reading.temperature_c["drug"] for reading in result.readings] == [4.5, 4.6]
    assert [(refusal.index, refusal.reason) for refusal in result.refused] == [
        (3, "wrong_type"),
        (4, "not_line_protocol"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("m,logger=L temperature=inf", "wrong_type"),
        ("m,logger=L temperature=1_0", "wrong_type"),
        ("m,logger=L temperature=4.5 soon", "bad_time"),
        ("m,logger=L temperature=-127", "no_temperature"),
        ("m,logger=L pressure=1000", "no_temperature"),
        ("m,logger=L temperature=", "not_line_protocol"),
        ('m,logger=L note="open', "not_line_protocol"),
        ("m,logger temperature=1", "not_line_protocol"),
        ("=", "not_line_protocol"),
    ],
)
def test_bad_lines_are_refused_with_their_reason(line: str, reason: str) -> None:
    result = said(line)
    assert result.readings == ()
    assert [refusal.reason for refusal in result.refused] == [reason]


@pytest.mark.parametrize("body", [b"", b"\n\n", b"# only", b"\xff m=1"])
def test_nothing_at_all_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(body, DecodeContext(topic="x", received_ms=RECEIVED_MS))
