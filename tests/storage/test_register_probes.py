"""Which probes each logger ever sent in each box is remembered, whoever asks and whatever is made
anew."""

from coldwitness.domain.reading import Reading
from coldwitness.storage.register import SqlRegister
from tests.storage.readings import T0

HOUR = 3_600_000


def sent(*probes: str, at_ms: int = T0, box: str | None = "BX-1", logger: str = "LG-1") -> Reading:
    return Reading(logger=logger, time_ms=at_ms, temperature_c=dict.fromkeys(probes, 5.0), box=box)


def test_the_earliest_time_of_each_probe_stands(register: SqlRegister) -> None:
    register.custody.note_probes([sent("drug", "coolant"), sent("drug", at_ms=T0 - HOUR)])
    register.custody.note_probes([sent("coolant", at_ms=T0 + HOUR), sent("goods")])
    assert register.custody.carried([("BX-1", "LG-1")]) == {
        ("BX-1", "LG-1"): {"drug": T0 - HOUR, "coolant": T0, "goods": T0}
    }


def test_another_process_notes_the_same(register: SqlRegister) -> None:
    other = SqlRegister(register.database)
    register.custody.note_probes([sent("drug")])
    other.custody.note_probes([sent("drug", at_ms=T0 + HOUR), sent("drug.2")])
    expected = {("BX-1", "LG-1"): {"drug": T0, "drug.2": T0}}
    assert register.custody.carried([("BX-1", "LG-1")]) == expected


def test_a_logger_in_another_box_or_in_none_is_another(register: SqlRegister) -> None:
    register.custody.note_probes([sent("drug"), sent("coolant", box=None)])
    asked = [("BX-2", "LG-1"), ("", "LG-1"), ("BX-1", "LG-2")]
    assert register.custody.carried(asked) == {("", "LG-1"): {"coolant": T0}}


def test_a_rebuild_forgets_what_the_journal_does_not_say_any_more(register: SqlRegister) -> None:
    register.custody.note_probes([sent("drug", at_ms=T0 - HOUR), sent("coolant")])
    register.custody.begin_rebuild()
    before = register.custody.carried([("BX-1", "LG-1")])
    assert set(before[("BX-1", "LG-1")]) == {"drug", "coolant"}, "judging goes on meanwhile"
    register.custody.note_probes([sent("drug")])
    register.custody.finish_rebuild()
    assert register.custody.carried([("BX-1", "LG-1")]) == {("BX-1", "LG-1"): {"drug": T0}}
