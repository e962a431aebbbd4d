from pathlib import Path

import pytest

from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.config.risks import load_risks, risks
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.result import Risk

HEAD = 'scoreboard = "seed 1"\nday = 2026-11-29\nversion = "1"\nsource = "simulations"\n'


def test_every_risk_is_of_a_kind_that_exists_and_of_no_more_wrong_than_found() -> None:
    assert set(risks()) <= {(kind.kind, kind.subtype) for kind in finding_kinds()}
    assert ("missing_isolation", "coolant_contact") in risks()
    for risk in risks().values():
        assert 0 <= risk.found_wrong <= risk.n


def test_a_risk_says_of_which_simulations_it_is(tmp_path: Path) -> None:
    file = tmp_path / "risks.toml"
    file.write_text(HEAD + '[kinds."a/b"]\nfound_wrong = 1\nn = 9\n', encoding="utf-8")
    assert load_risks(file) == {
        ("a", "b"): Risk(found_wrong=1, n=9, scoreboard="2026-11-29, seed 1", version="1")
    }


@pytest.mark.parametrize("counts", ["found_wrong = 2\nn = 1", "n = 1", "found_wrong = 0\nn = 0"])
def test_more_wrong_than_found_or_nothing_found_is_refused(tmp_path: Path, counts: str) -> None:
    file = tmp_path / "risks.toml"
    file.write_text(HEAD + '[kinds."a/b"]\n' + counts + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="risks"):
        load_risks(file)
