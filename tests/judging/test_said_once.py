"""Words that shipments share are made once, and every shipment has its own."""

from coldwitness.judging.words.said_once import said_once


def test_each_shipment_has_its_words_and_none_is_made_twice() -> None:
    made = []

    def say(name: str, late: bool) -> str:
        made.append((name, late))
        return f"{name} late" if late else name

    said = said_once((["a", "b", "a", "a"], [False, True, True, False]), say)
    assert said.each == ["a", "b late", "a late", "a"]
    assert made == [("a", False), ("b", True), ("a", True)]


def test_nothing_is_said_of_no_shipment() -> None:
    said = said_once(([], []), lambda *_: "never")
    assert said.each == []
    assert said.words == []
