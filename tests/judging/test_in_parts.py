"""Several processes give what one run gives, to the byte and in its order."""

from collections.abc import Iterator

import msgspec
import pytest

from coldwitness.cli.judge_files import GatheredFiles, judge_gathered
from coldwitness.cli.main import main
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.result import CheckResult
from coldwitness.judging import in_parts
from coldwitness.judging.in_parts import processes_for, told_in_parts
from coldwitness.judging.rulebook import Rulebook, load_rulebook
from tests.judging.recorded_fleet import gathered_with_a_stranger_and_versions
from tests.unchanged.recorded import MANIFESTS, TELEMETRY


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(JudgingSettings())


@pytest.fixture(scope="module")
def gathered(rulebook: Rulebook) -> GatheredFiles:
    return gathered_with_a_stranger_and_versions(rulebook)


def line(result: CheckResult) -> bytes:
    return msgspec.json.encode(result)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(in_parts, "PART_SHIPMENTS", 7)
    return


@pytest.mark.usefixtures("small_parts")
def test_parts_give_what_one_run_gives(gathered: GatheredFiles, rulebook: Rulebook) -> None:
    judged = judge_gathered(gathered, rulebook=rulebook, storage=None)
    whole = [line(one) for group in judged.groups for one in group.results]
    told = told_in_parts(
        gathered.evidence, rulebook=rulebook, assumed_storage=None, tell=line, processes=2
    )
    texts = list(told)
    assert [text for _, text in texts] == whole
    results = [one for group in judged.groups for one in group.results]
    assert [verdict for verdict, _ in texts] == [one.verdict for one in results]
    subtypes = {finding.subtype for one in results for finding in one.findings}
    assert {"copied", "manifest_changed", "foreign_source"} <= subtypes


def test_few_shipments_are_judged_by_this_process() -> None:
    assert processes_for(1999) == 1
    assert processes_for(200_000) >= 1


def fails(result: CheckResult) -> bytes:
    raise ValueError(result.shipment)


@pytest.mark.usefixtures("small_parts")
def test_what_fails_in_a_process_fails_here(gathered: GatheredFiles, rulebook: Rulebook) -> None:
    told = told_in_parts(
        gathered.evidence, rulebook=rulebook, assumed_storage=None, tell=fails, processes=2
    )
    with pytest.raises(ValueError, match="ZB-"):
        list(told)


@pytest.mark.parametrize("as_json", [True, False])
def test_check_prints_the_same_whoever_judges(
    as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["check", "--manifest", str(MANIFESTS), str(TELEMETRY)]
    arguments += ["--json"] if as_json else []
    alone = main(arguments), capsys.readouterr()
    monkeypatch.setattr(in_parts, "PART_SHIPMENTS", 20)
    monkeypatch.setattr(in_parts, "SHIPMENTS_MIN", 40)
    assert (main(arguments), capsys.readouterr()) == alone
