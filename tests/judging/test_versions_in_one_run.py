"""One judging run over shipments that different versions of a rule pack judge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from coldwitness.config.settings import JudgingSettings
from coldwitness.judging.copies import copies_named
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.run import judge_shipments
from tests.analysis.building import START_S, Series, table


def test_copies_are_found_between_shipments_that_two_versions_of_a_pack_judge() -> None:
    """The versions are two runs of the judgement; a copy is one all the same."""
    book = load_rulebook(JudgingSettings())
    (pack,) = (pack for pack in book.packs if pack.id == book.pack_id)
    began = datetime.fromtimestamp(START_S, UTC).date()
    next_version = replace(pack, version="next", valid_from=began + timedelta(days=2))
    book = replace(book, packs=(*book.packs, next_version))
    rng = np.random.default_rng(3)
    value = np.round(5 + np.sin(np.arange(240) / 40) + rng.normal(0, 0.15, 240), 1)
    seconds = np.arange(240) * 60.0
    readings = table(
        Series(seconds, value, shipment="A", logger="L1"),
        Series(seconds + 5 * 86_400.0, value, shipment="B", logger="L2"),
    )
    judged = judge_shipments(Evidence(("A", "B"), readings, {}, {}), rulebook=book)
    assert [group.pack.version for group in judged] == [pack.version, "next"]
    named = copies_named([result for group in judged for result in group.results])
    assert named == {"A": frozenset({"B"}), "B": frozenset({"A"})}
