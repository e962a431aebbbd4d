"""Any order, batching and repetition of the same messages ends in the same stores."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from coldwitness.config.settings import StoreSettings
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.following import store_decoded
from coldwitness.ingest.routes import Routes
from coldwitness.storage.archive.native import reading_object
from coldwitness.storage.journal import Row
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from tests.registers import new_register
from tests.storage import evidence
from tests.storage.readings import MINUTE, READINGS, T0

_numbers = itertools.count()
SHIPMENTS = ["S-1", "S-2", "S-3"]
EVENTS = st.builds(
    lambda name, minute, shipment: {
        "shipment": shipment,
        "event": name,
        "time": T0 + minute * MINUTE,
    },
    st.sampled_from(["packed", "opened", "delivered", "refused"]),
    st.integers(0, 4),
    st.sampled_from(SHIPMENTS),
)


@st.composite
def messages(draw: st.DrawFn) -> list[Row]:
    """What loggers and couriers sent, as it stands in the journal: some readings name their
    shipment, some contradict others, each has its own receive time."""
    found = []
    for number in range(draw(st.integers(1, 8))):
        box = draw(st.sampled_from(["BX-1", "BX-2"]))
        if draw(st.booleans()):
            what, objects = "events", [draw(EVENTS)]
        else:
            what = "readings"
            objects = [
                reading_object(one) for one in draw(st.lists(READINGS, min_size=1, max_size=4))
            ]
            for said in objects:
                said.pop("box", None)
                said.pop("courier", None)
        found.append(
            Row(
                worker="w1",
                row=number + 1,
                qos=1,
                retain=False,
                dup=False,
                note=False,
                topic=f"coldchain/v1/ql/{box}/{what}",
                payload=msgspec.json.encode(objects),
                received_ms=T0 + 100 * MINUTE + draw(st.integers(0, 3)) * MINUTE,
            )
        )
    return found


@dataclass
class Stores:
    """One adapter and its register, opened and opened again."""

    open: Callable[[], tuple[WholeStore, SqlRegister]]

    def __post_init__(self) -> None:
        self.telemetry, self.register = self.open()

    def take(self, rows: Sequence[Row]) -> None:
        read = decode_rows(rows, Routes(), future_tolerance_s=evidence.FUTURE_S)
        store_decoded(read, store=self.telemetry, custody=self.register.custody)

    def reopen(self) -> None:
        self.close()
        self.telemetry, self.register = self.open()

    def holds(self) -> tuple[str, list[object]]:
        stays = sorted(self.register.custody.stays(SHIPMENTS), key=repr)
        return evidence.digest(self.telemetry, self.register), [*stays]

    def close(self) -> None:
        self.telemetry.close()
        self.register.close()


def machine(fresh: Callable[[], list[Stores]]) -> type[RuleBasedStateMachine]:
    """fresh() : empty stores of each adapter."""

    class AnyOrder(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.stores = fresh()
            self.sent: list[Row] = []
            self.arrived: set[int] = set()

        @initialize(sent=messages())
        def send(self, sent: list[Row]) -> None:
            self.sent = sent

        @rule(data=st.data())
        def some_arrive_in_any_order_some_again(self, data: st.DataObject) -> None:
            places = st.integers(0, len(self.sent) - 1)
            sent_again_ms = st.sampled_from([0, 0, MINUTE, 90 * MINUTE])
            arrivals = st.tuples(places, sent_again_ms)
            self._arrive(data.draw(st.lists(arrivals, min_size=1, max_size=5)))

        @rule()
        def the_program_starts_again(self) -> None:
            for stores in self.stores:
                stores.reopen()

        def teardown(self) -> None:
            try:
                if self.sent:
                    missing = [n for n in range(len(self.sent)) if n not in self.arrived]
                    self._arrive([(place, 0) for place in reversed(missing)])
                    self._compare()
            finally:
                for stores in self.stores:
                    stores.close()

        def _arrive(self, arrivals: Sequence[tuple[int, int]]) -> None:
            """Each message by its place, received so much later when it is a repetition."""
            self.arrived |= {place for place, later_ms in arrivals if not later_ms}
            rows = [
                msgspec.structs.replace(
                    self.sent[place], received_ms=self.sent[place].received_ms + later_ms
                )
                for place, later_ms in arrivals
            ]
            for stores in self.stores:
                stores.take(rows)

        def _compare(self) -> None:
            in_order = fresh()[0]
            try:
                in_order.take(sorted(self.sent, key=lambda row: row.received_ms))
                expected = in_order.holds()
            finally:
                in_order.close()
            for stores in self.stores:
                assert stores.holds() == expected

    return AnyOrder


def test_any_order_and_repetition_of_messages_ends_in_the_same_stores_of_both_adapters(
    tmp_path: Path, influx_settings: StoreSettings
) -> None:
    def opener(settings: StoreSettings) -> Callable[[], tuple[WholeStore, SqlRegister]]:
        def both() -> tuple[WholeStore, SqlRegister]:
            register = open_register(settings.register_url)
            return open_telemetry(settings, register.views), register

        return both

    def fresh() -> list[Stores]:
        number = next(_numbers)
        found = []
        for kind in ("embedded", "influx"):
            register = tmp_path / f"{kind}{number}.sqlite"
            new_register(register).close()
            settings_of = {
                "telemetry": kind,
                "register_url": f"sqlite:///{register}",
                "embedded_file": tmp_path / f"telemetry{number}.sqlite",
                "influx_bucket": f"{influx_settings.influx_bucket}_{number}",
            }
            found.append(Stores(opener(influx_settings.model_copy(update=settings_of))))
            if kind == "influx":
                http = InfluxHttp(influx_settings)
                http.command(f"CREATE DATABASE {settings_of['influx_bucket']}")
                http.close()
        return found

    run_state_machine_as_test(
        machine(fresh),
        settings=settings(
            max_examples=12,
            stateful_step_count=6,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
