"""Who is drawn: against the published sampler, and by properties of probabilities."""

from collections import Counter
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from consistent_sampler import first_fraction, sampler
from cryptorandom.sample import random_sample
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from coldwitness.domain.errors import BadInput
from coldwitness.domain.spot_checks import Method
from coldwitness.judging.sampling.draws import (
    allocation,
    draw,
    inclusion_probabilities,
)
from coldwitness.judging.sampling.frames import Frame, Unit, frame_bytes, frame_of
from coldwitness.judging.sampling.tickets import fraction_of, sha256_hex, ticket

IDS = st.text("abcXYZ019-_临", min_size=1, max_size=8)
METHODS: tuple[Method, ...] = ("simple", "stratified", "weighted")


def plain(count: int) -> Frame:
    return Frame(tuple(Unit(f"S-{n}") for n in range(count)), "00")


def mixed(count: int = 30) -> Frame:
    units = [Unit(f"S-{n}", "abc"[n % 3], Fraction(1 + n % 7)) for n in range(count)]
    return Frame(tuple(units), "00")


def test_the_published_examples() -> None:
    """Of the package consistent_sampler and R. L. Rivest's paper."""
    assert sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert fraction_of("abc") == (
        "0.56998071861792858926477341561059638840106636224182943832566300809078486324348"
    )
    assert ticket("AB-130", seed_sha256=sha256_hex("01382438112797316654")) == (
        "0.26299714122838008416507544297546663599715395525154425586041245287750224561854"
    )


@given(name=IDS, seed=IDS)
def test_a_ticket_is_that_of_the_published_sampler(name: str, seed: str) -> None:
    assert ticket(name, seed_sha256=sha256_hex(seed)) == first_fraction(name, seed)


@given(names=st.sets(IDS, min_size=1, max_size=40), seed=IDS, data=st.data())
def test_a_simple_sample_is_the_one_the_published_sampler_draws(
    names: set[str], seed: str, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(names)))
    frame = Frame(tuple(Unit(name) for name in sorted(names)), "00")
    ours = [one.id for one in draw(frame, seed=seed, size=size, method="simple").drawn]
    theirs = islice(sampler(sorted(names), seed, output="id"), size)
    assert ours == list(theirs)


@pytest.mark.parametrize("method", METHODS)
def test_a_draw_has_its_size_and_says_the_probabilities_it_was_made_with(method: Method) -> None:
    frame = mixed()
    chance = inclusion_probabilities(frame, size=7, method=method)
    assert sum(chance.values()) == 7, "exactly"
    found = draw(frame, seed="x", size=7, method=method)
    assert [one.order for one in found.drawn] == list(range(1, 8))
    assert len({one.id for one in found.drawn}) == 7
    for one in found.drawn:
        assert one.inclusion_probability == float(chance[one.id])
    shuffled = Frame(frame.units[::-1], "00")
    assert draw(shuffled, seed="x", size=7, method=method) == found, "whatever the frame's order"
    assert draw(frame, seed="y", size=7, method=method) != found


@pytest.mark.parametrize("method", METHODS)
def test_each_is_drawn_as_often_as_it_says(method: Method) -> None:
    frame, size, draws = mixed(12), 4, 1000
    count: Counter[str] = Counter()
    for n in range(draws):
        count.update(one.id for one in draw(frame, seed=f"{n}", size=size, method=method).drawn)
    for name, share in inclusion_probabilities(frame, size=size, method=method).items():
        expected = float(share) * draws
        assert abs(count[name] - expected) < 5 * (expected * (1 - float(share))) ** 0.5 + 1, name


def test_one_whose_weight_is_large_is_drawn_surely() -> None:
    units = (Unit("big", weight=Fraction(100)), *(Unit(f"s{n}") for n in range(9)))
    chance = inclusion_probabilities(Frame(units, ""), size=4, method="weighted")
    assert chance["big"] == 1
    assert {chance[f"s{n}"] for n in range(9)} == {Fraction(1, 3)}
    for seed in range(50):
        found = draw(Frame(units, ""), seed=f"{seed}", size=4, method="weighted")
        assert "big" in {one.id for one in found.drawn}


def test_every_stratum_has_one_and_the_others_by_share() -> None:
    units = [Unit(f"a{n}", "a") for n in range(90)] + [Unit(f"b{n}", "b") for n in range(9)]
    frame = Frame((*units, Unit("c", "c")), "")
    assert allocation(frame, 3) == {"a": 1, "b": 1, "c": 1}
    assert allocation(frame, 20) == {"a": 17, "b": 2, "c": 1}
    assert allocation(frame, 100) == {"a": 90, "b": 9, "c": 1}
    with pytest.raises(BadInput, match="3 strata"):
        allocation(frame, 2)


@pytest.mark.parametrize("size", [0, 6])
def test_no_more_are_drawn_than_there_are(size: int) -> None:
    with pytest.raises(BadInput, match="size"):
        draw(plain(5), seed="x", size=size, method="simple")
    with pytest.raises(BadInput, match="seed"):
        draw(plain(5), seed=" ", size=1, method="simple")


def test_a_frame_is_read_from_csv_and_ndjson_alike() -> None:
    text = "id,stratum,weight\nS-1,顺丰,2.5\nS-2,,\n"
    lines = '{"id":"S-1","stratum":"顺丰","weight":2.5}\n{"id":"S-2"}\n'
    by_csv, by_json = (frame_of(one.encode(), what="f") for one in (text, lines))
    expected = (Unit("S-1", "顺丰", Fraction(5, 2)), Unit("S-2"))
    assert by_csv.units == by_json.units == expected
    assert frame_of(frame_bytes(expected), what="f").units == expected
    assert by_csv.sha256 != by_json.sha256, "the bytes are what was frozen"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a header with id"),
        ("id\n", "at least one id"),
        ("name\nS-1\n", "expected a header with id"),
        ("id\nS-1\nS-1\n", "line 3: id 'S-1' stands twice"),
        ("id,weight\nS-1,0\n", "line 2: weight: expected more than 0"),
        ("id,weight\nS-1,much\n", "line 2: weight: expected a number"),
        ('{"id": 1}', "line 1: id: expected a text"),
        ('{"id": "a"', "line 1: not JSON"),
    ],
)
def test_a_frame_that_is_none_is_named(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        frame_of(text.encode(), what="frame.csv")


class Tickets:
    """Our tickets as the numbers of a generator, one for each of the frame in its order."""

    def __init__(self, tickets: list[float]) -> None:
        self._tickets = np.array(tickets)

    def random(self, size: int) -> NDArray[np.float64]:
        assert size == self._tickets.size
        return self._tickets

    def randint(self) -> None:
        raise AssertionError("not asked")


def test_another_library_s_sampler_draws_the_same_by_our_tickets() -> None:
    """cryptorandom's PIKK permutes by random numbers and keeps the first."""
    frame = plain(200)
    for n in range(5):
        seed = f"开奖 {n}"
        digest = sha256_hex(seed)
        tickets = [float(ticket(unit.id, seed_sha256=digest)) for unit in frame.units]
        places = random_sample(200, 17, method="PIKK", prng=Tickets(tickets))
        theirs = [frame.units[int(place)].id for place in places]
        ours = draw(frame, seed=seed, size=17, method="simple").drawn
        assert [one.id for one in ours] == theirs
