"""Lines that are read by the keys of some of them say what they say one by one."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest.files import plain_lines
from coldwitness.ingest.files.plain_lines import plain_table
from coldwitness.ingest.formats import DecodeContext
from coldwitness.ingest.formats.native import convert_object

CONTEXT = DecodeContext(topic="", received_ms=0)
LINES = 400
SELDOM = 33
"""A line that is not among those that tell which keys to read."""


def reading(seq: int) -> dict[str, Any]:
    return {
        "logger": f"L{seq % 3}",
        "shipment": "S",
        "seq": seq,
        "time": f"2026-11-21T{8 + seq // 60:02}:{seq % 60:02}:00Z",
        "temperature": {"drug": 5 + seq % 4 / 10, "coolant": 1.0},
    }


def table_of(said: list[dict[str, Any]]) -> tuple[list[Any], list[int]]:
    lines = [json.dumps(one).encode() for one in said]
    table, others = plain_table(lines, quotes=b"\n".join(lines).count(b'"'), file="")
    return readings_of(table), others


def fleet(change: Callable[[dict[str, Any]], object]) -> list[dict[str, Any]]:
    said = [reading(seq) for seq in range(LINES)]
    change(said[SELDOM])
    return said


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(humidity=50.5),
        lambda one: one.update(position={"lat": 36.8, "lon": 118.0, "accuracy_m": 8.0}),
        lambda one: one.update(courier="C", box="B"),
        lambda one: one.update(lid_open=True, moving=None),
        lambda one: one["temperature"].update(ambient=21.5),
        lambda one: one["temperature"].update({"drug.2": 6.5}),
        lambda one: one["temperature"].pop("coolant"),
        lambda one: one["temperature"].update(coolant=None),
        lambda one: one.pop("seq"),
        lambda one: one.update(colour="blue"),
    ],
)
def test_what_only_one_line_says_or_leaves_out_is_read(
    change: Callable[[dict[str, Any]], object],
) -> None:
    said = fleet(change)
    found, others = table_of(said)
    assert others == []
    assert found == [convert_object(one, CONTEXT) for one in said]


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(event="packed"),
        lambda one: one.update(position={"lat": 36.8, "lon": 118.0, "datum": "GCJ02"}),
        lambda one: one.update(humidity="wet"),
        lambda one: one.update(unit="F"),
        lambda one: one["temperature"].update({"drug.02": 6.5}),
        lambda one: one["temperature"].update(drug=85.5e3),
        lambda one: one.pop("temperature"),
        lambda one: one.update(logger="no id"),
    ],
)
def test_an_unusual_line_among_usual_ones_is_left_to_be_read_thoroughly(
    change: Callable[[dict[str, Any]], object],
) -> None:
    said = fleet(change)
    found, others = table_of(said)
    assert others == [SELDOM]
    del said[SELDOM]
    assert found == [convert_object(one, CONTEXT) for one in said]


def test_keys_that_all_lines_have_are_read_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_lines, "_any_reader", None)
    found, others = table_of([reading(seq) for seq in range(LINES)])
    assert (len(found), others) == (LINES, [])


def test_lines_of_events_alone_are_no_table() -> None:
    said = [{"event": "packed", "shipment": "S", "time": 1_795_230_245_123}] * 3
    lines = [json.dumps(one).encode() for one in said]
    table, others = plain_table(lines, quotes=b"".join(lines).count(b'"'), file="")
    assert (len(table), others) == (0, [0, 1, 2])
    assert plain_table([], quotes=0, file="")[0].time_ms.dtype == np.int64
