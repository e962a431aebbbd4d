"""Honest reports and packages hold; every manipulation is found, with a reason."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.api.reports.made.seal import canonical
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.packed import verification
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.api.reports.packed.verification import REASONS
from coldwitness.cli.judge_files import judge_files
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet
from coldwitness.storage.journal import commitment
from tests.reports.fleet import STORIES, report_of
from tests.reports.packages import (
    BUREAU,
    END_MS,
    FORGER,
    edited_report,
    files_of,
    honest,
    packed,
    relisted,
    report_in,
    rulebook,
    unsealed_edit,
)

TRUSTED = [BUREAU.public]
Values = dict[str, Any]


@pytest.fixture(autouse=True)
def _drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same report in the same language is the same bytes, which `test_layout` holds: drawing it
    anew for each of a hundred packages was a third of this module's time."""
    monkeypatch.setattr(verification, "render_pdf", _as_drawn_before)


def _as_drawn_before(report: Report, *, lang: Lang) -> bytes:
    key = (canonical(json.loads(render_json(report))), lang)
    if key not in _DRAWN:
        _DRAWN[key] = render_pdf(report, lang=lang)
    return _DRAWN[key]


_DRAWN: dict[tuple[bytes, str], bytes] = {}


def codes(data: bytes, *, trusted: bool = True) -> set[str]:
    found = verify_any(data, rulebook=rulebook(), trusted=TRUSTED if trusted else [])
    assert all(problem.code in REASONS for problem in found.problems)
    return {problem.code for problem in found.problems}


@pytest.mark.parametrize("story", STORIES)
def test_honest_report_holds(story: str) -> None:
    assert codes(render_json(report_of(story)), trusted=False) == set()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_honest_pdf_holds(lang: str) -> None:
    pdf = render_pdf(report_of("freezing"), lang="en" if lang == "en" else "zh")
    assert codes(pdf, trusted=False) == set()


def test_honest_package_holds_and_carries_the_journal() -> None:
    package = honest()
    found = verify_any(package, rulebook=rulebook(), trusted=TRUSTED)
    assert found.problems == ()
    assert found.trusted is True
    assert found.verdict == "breach"
    rows = json.loads(files_of(package)["journal.json"])["rows"]
    assert len(rows) >= len(report_in(package).readings.time)


def test_same_evidence_gives_the_same_package_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commitment, "urandom", bytes)  # the rows' salts are part of the evidence
    honest.cache_clear()
    first = honest()
    honest.cache_clear()
    assert honest() == first
    honest.cache_clear()


def test_unsigned_report_holds_only_where_no_signature_is_demanded() -> None:
    data = render_json(report_of("clean"))
    assert codes(data, trusted=False) == set()
    assert codes(data) == {"signature_missing"}


@lru_cache
def copied_report() -> bytes:
    """The report of a shipment whose curve another shipment has as well, without that other."""
    stories = [scenario("copied_curve"), scenario("clean")]
    with TemporaryDirectory() as folder:
        out = Path(folder)
        write_fleet(simulate_fleet(stories, boxes=2, seed=4, end_ms=END_MS), out)
        judged = judge_files(
            [out / "telemetry.ndjson"],
            manifest_paths=[out / "manifests.ndjson"],
            rulebook=rulebook(),
            storage=None,
            timezone=None,
            reader=None,
        )
    for group in judged.groups:
        for row, result in enumerate(group.results):
            if any(finding.subtype == "copied" for finding in result.findings):
                report = report_of_judged(
                    group,
                    group.case.tracks.shipments[row],
                    origin=Origin(software="coldwitness test", readings_from=("store",)),
                )
                return render_json(report)
    raise AssertionError("no shipment of the fleet was found to be copied")


def test_honest_report_of_a_copied_curve_holds_without_the_other_shipment() -> None:
    assert codes(copied_report(), trusted=False) == set()


def test_a_copied_curve_keeps_nobody_from_judging_again() -> None:
    """Only the copy is believed: what the report's own readings say is judged all the same."""
    forged = edited_report(copied_report(), acquit_but_for_copies, signer=None)
    assert "result_differs" in codes(forged, trusted=False)


def test_a_copy_invented_beside_cooled_readings_acquits_nobody() -> None:
    (invented,) = (
        finding
        for finding in json.loads(copied_report())["result"]["findings"]
        if finding["subtype"] == "copied"
    )

    def cool_and_invent(values: Values) -> None:
        cooled(values)
        values["result"]["findings"].append(invented)

    forged = edited_report(files_of(honest())["report.json"], cool_and_invent, signer=None)
    assert "result_differs" in codes(forged, trusted=False)


def acquit_but_for_copies(values: Values) -> None:
    findings = values["result"]["findings"]
    kept = [finding for finding in findings if finding["subtype"] == "copied"]
    acquit(values)
    values["result"]["findings"] = kept


def first_temperature(values: Values) -> None:
    column = values["readings"]["temperature_c"]["drug"]
    row = next(i for i, value in enumerate(column) if value is not None and value > 8.5)
    column[row] = 7.9


def cooled(values: Values) -> None:
    column = values["readings"]["temperature_c"]["drug"]
    values["readings"]["temperature_c"]["drug"] = [
        None if value is None else min(value, 7.5) for value in column
    ]


def drop_rows(count: int) -> Callable[[Values], None]:
    def drop(values: Values) -> None:
        readings = values["readings"]
        column = readings["temperature_c"]["drug"]
        rows = [i for i, value in enumerate(column) if value is not None and value > 8.5]
        hot = rows[len(rows) // 4]
        for name, part in readings.items():
            if name in {"loggers", "conflict"}:
                continue
            if name == "temperature_c":
                for probe in part.values():
                    del probe[hot : hot + count]
            else:
                del part[hot : hot + count]

    return drop


def set_at(*path: Any, value: Any) -> Callable[[Values], None]:
    def set_value(values: Values) -> None:
        for key in path[:-1]:
            values = values[key]
        assert values[path[-1]] != value
        values[path[-1]] = value

    return set_value


def acquit(values: Values) -> None:
    values["result"]["verdict"] = "compliant"
    values["decision"]["verdict"] = "compliant"
    values["decision"]["word"] = {"zh": "未发现问题", "en": "nothing found"}
    values["result"]["findings"] = []
    for line in values["result"]["requirements"]:
        line["status"] = "compliant"


def number_named(name: str) -> Callable[[Values], int]:
    def index(values: Values) -> int:
        return next(i for i, n in enumerate(values["rules"]["numbers"]) if n["name"] == name)

    return index


def loosen_rule(values: Values) -> None:
    values["rules"]["numbers"][number_named("dwell_limit_s")(values)]["value"] = 7200.0


def law_for_setting(values: Values) -> None:
    values["rules"]["numbers"][number_named("dwell_limit_s")(values)]["set_by"] = "law"


def later_by_an_hour(values: Values) -> None:
    readings = values["readings"]
    readings["time"] = [time.replace("T03", "T04") for time in readings["time"]]
    readings["time"].sort()


def no_event(values: Values) -> None:
    values["events"] = [event for event in values["events"] if event["event"] != "packed"]


def confirm_article(values: Values) -> None:
    line = values["requirements"][0]
    line["legal"] = {"zh": "附录6 第十条", "en": "Annex 6, article 10"}
    line["article_confirmed"] = True


EDITS: dict[str, Callable[[Values], object]] = {
    "one reading cooled below the limit": first_temperature,
    "all hot readings cooled": cooled,
    "one hot reading dropped": drop_rows(1),
    "ten readings dropped": drop_rows(10),
    "verdict and lines acquitted": acquit,
    "verdict word alone": set_at("decision", "word", "zh", value="未发现问题"),
    "a sentence of the decision": set_at("decision", "sentences", 0, "zh", value="一切正常。"),
    "highest temperature of the result": set_at("result", "metrics", "max_c", value=7.9),
    "coverage of the result": set_at("result", "metrics", "coverage", value=0.5),
    "a finding made merely possible": set_at(
        "result", "findings", 0, "certainty", value="possible"
    ),
    "digest of the readings": set_at("result", "evidence", "readings_sha256", value="0" * 64),
    "limit of the shipment widened": set_at("terms", "high_c", value=25.0),
    "storage class in the manifest": set_at("manifest", "items", 0, "storage", value="room"),
    "box made steeper in the manifest": set_at(
        "manifest", "box", "qualification", value={"slew_max_c_per_min": 5.0}
    ),
    "another shipment's name": set_at("shipment", value="ZB-20260618-9999"),
    "window shortened": set_at("result", "window", "end", value="2026-06-18T02:00:00Z"),
    "clock of the logger rolled": later_by_an_hour,
    "packing event removed": no_event,
    "rule loosened": loosen_rule,
    "setting passed off as law": law_for_setting,
    "rule pack of another version": set_at("rules", "version", value="2099.1"),
    "article number invented": confirm_article,
    "episode table shortened": lambda values: values["episodes"].clear(),
    "gap table shortened": lambda values: values.update(gaps=[], probes=[]),
    "ribbon repainted": lambda values: values["probes"][0]["spans"][0].update(state="in"),
    "instrument's calibration prolonged": set_at(
        "instruments", 0, "calibrated_until", value="2099-01-01"
    ),
    "what speaks against it added": lambda values: values["against"].append(
        {"zh": "设备故障", "en": "device fault"}
    ),
    "methods reworded": set_at("methods", 0, "zh", value="限值不含端点。"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edit_of_a_report_is_found_by_its_digest(name: str) -> None:
    data = files_of(honest())["report.json"]
    assert codes(unsealed_edit(data, EDITS[name])) >= {"digest_mismatch", "signature_invalid"}


@pytest.mark.parametrize("name", EDITS)
def test_edit_with_new_digests_is_found_by_judging_again(name: str) -> None:
    data = files_of(honest())["report.json"]
    forged = edited_report(data, EDITS[name], signer=None)
    found = codes(forged, trusted=False)
    assert found
    assert found <= {
        "result_differs",
        "report_differs",
        "rules_edited",
        "rules_unknown",
        "evidence_unreadable",
    }


@pytest.mark.parametrize("name", ["one reading cooled below the limit", "rule loosened"])
def test_edit_resealed_by_a_forger_is_not_signed_by_a_trusted_key(name: str) -> None:
    data = files_of(honest())["report.json"]
    assert "signer_unknown" in codes(edited_report(data, EDITS[name], signer=FORGER))


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.99999])
def test_one_flipped_bit_anywhere_in_a_package_is_found(share: float) -> None:
    package = honest()
    assert codes(flipped(package, int(len(package) * share), 2))


@pytest.mark.parametrize("share", [0.001, 0.2, 0.4, 0.6, 0.8, 0.999])
def test_one_flipped_bit_anywhere_in_a_pdf_is_found(share: float) -> None:
    pdf = files_of(honest())["report.pdf"]
    assert codes(flipped(pdf, int(len(pdf) * share), 1))


def forgeries() -> dict[str, tuple[Callable[[], bytes], set[str]]]:
    """Name -> (the forged package, codes that must be among those found)."""

    def altered(name: str, change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
        def make() -> bytes:
            files = files_of(honest())
            return packed({**files, name: change(files[name])})

        return make

    def resigned(name: str, change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
        def make() -> bytes:
            files = files_of(honest())
            return relisted({**files, name: change(files[name])}, signer=FORGER)

        return make

    def without(name: str) -> Callable[[], bytes]:
        return lambda: packed({k: v for k, v in files_of(honest()).items() if k != name})

    def journal(change: Callable[[Values], object]) -> Callable[[], bytes]:
        """Journal edited and the package signed anew by the bureau's own key: only the journal
        itself can tell."""

        def make() -> bytes:
            files = files_of(honest())
            part = json.loads(files["journal.json"])
            change(part)
            return relisted({**files, "journal.json": canonical(part) + b"\n"}, signer=BUREAU)

        return make

    def with_another_shipments(name: str) -> Callable[[], bytes]:
        return lambda: packed({**files_of(honest()), name: files_of(honest("clean"))[name]})

    def first_row(part: Values) -> Values:
        row: Values = part["rows"][0]
        return row

    def swap_entries(part: Values) -> None:
        one, two = part["rows"][0], part["rows"][1]
        one["entry"], two["entry"] = two["entry"], one["entry"]

    def dropped_record(part: Values) -> None:
        del part["rows"][10]

    return {
        "a space added to the report": (
            altered("report.json", lambda d: d + b" "),
            {"file_altered"},
        ),
        "same-size edit of the readings": (
            altered("readings.ndjson", lambda d: d.replace(b'"drug":', b'"drvg":', 1)),
            {"file_altered", "files_disagree"},
        ),
        "a reading's line dropped": (
            altered("readings.ndjson", lambda d: d.split(b"\n", 1)[1]),
            {"file_altered", "files_disagree"},
        ),
        "a reading's line doubled": (
            altered("readings.ndjson", lambda d: d.split(b"\n", 1)[0] + b"\n" + d),
            {"file_altered", "files_disagree"},
        ),
        "manifest edited": (
            altered("manifest.json", lambda d: d.replace(b"refrigerated", b"room", 1)),
            {"file_altered", "files_disagree"},
        ),
        "events emptied": (altered("events.ndjson", lambda d: b""), {"file_altered"}),
        "rule file edited": (
            altered("rules.toml", lambda d: d.replace(b"value = 900", b"value = 990", 1)),
            {"file_altered", "rules_edited"},
        ),
        "rule file broken": (altered("rules.toml", lambda d: b"x"), {"file_altered"}),
        "PDF given a tail": (altered("report.pdf", lambda d: d + b"\n%x"), {"pages_differ"}),
        "PDF of another shipment": (
            with_another_shipments("report.pdf"),
            {"file_altered", "files_disagree"},
        ),
        "report of another shipment": (
            with_another_shipments("report.json"),
            {"file_altered", "files_disagree"},
        ),
        "journal of another shipment": (
            with_another_shipments("journal.json"),
            {"file_altered", "record_missing"},
        ),
        "report.json swapped with readings": (
            lambda: packed(
                {
                    **files_of(honest()),
                    "report.json": files_of(honest())["readings.ndjson"],
                    "readings.ndjson": files_of(honest())["report.json"],
                }
            ),
            {"file_altered", "not_readable"},
        ),
        "list of contents missing": (without("package.json"), {"file_missing"}),
        "signature missing": (without("package.sig.json"), {"signature_missing"}),
        "readings missing": (without("readings.ndjson"), {"file_missing"}),
        "journal missing": (without("journal.json"), {"file_missing"}),
        "report missing": (without("report.json"), {"file_missing"}),
        "PDF missing": (without("report.pdf"), {"file_missing"}),
        "a file added": (lambda: packed({**files_of(honest()), "note.txt": b"x"}), {"file_added"}),
        "comment hidden in the zip": (lambda: honest() + b"x", {"package_altered"}),
        "bytes before the zip": (lambda: b"PK" + honest(), {"package_altered"}),
        "files in another order": (
            lambda: packed(dict(reversed(files_of(honest()).items()))),
            {"package_altered"},
        ),
        "repacked by a forger": (
            resigned("readings.ndjson", lambda d: d.split(b"\n", 1)[1]),
            {"signer_unknown", "files_disagree"},
        ),
        "rules edited and repacked by a forger": (
            resigned("rules.toml", lambda d: d.replace(b"value = 900", b"value = 990", 1)),
            {"signer_unknown", "rules_edited"},
        ),
        "relisted under the old signature": (
            lambda: relisted(
                {**files_of(honest()), "events.ndjson": b""},
                signer=None,
            ),
            {"signature_invalid"},
        ),
        "signature of another package": (
            with_another_shipments("package.sig.json"),
            {"signature_invalid"},
        ),
        "report acquitted, everything resealed by a forger": (
            resigned("report.json", lambda d: edited_report(d, acquit, signer=FORGER)),
            {"signer_unknown", "result_differs"},
        ),
        "hot readings cooled, everything resealed by a forger": (
            resigned("report.json", lambda d: edited_report(d, cooled, signer=FORGER)),
            {"signer_unknown", "result_differs", "record_missing"},
        ),
        "journal row dropped": (journal(dropped_record), {"record_missing"}),
        "journal rows' bytes exchanged": (journal(swap_entries), {"proof_invalid"}),
        "journal row given another place": (
            journal(lambda p: first_row(p).update(index=first_row(p)["index"] + 1)),
            {"proof_invalid"},
        ),
        "journal row given another number": (
            journal(lambda p: first_row(p).update(row=first_row(p)["row"] + 500)),
            {"proof_invalid"},
        ),
        "journal path cut": (
            journal(lambda p: first_row(p)["path"].pop()),
            {"proof_invalid"},
        ),
        "an old root in place of the day's": (
            journal(lambda p: p["days"][0].update(root="0" * 64)),
            {"proof_invalid"},
        ),
        "day of another size": (
            journal(lambda p: p["days"][0].update(size=p["days"][0]["size"] * 4)),
            {"proof_invalid"},
        ),
        "day missing": (journal(lambda p: p["days"].clear()), {"proof_invalid"}),
        "row's bytes no longer a row": (
            journal(lambda p: first_row(p).update(entry="AAAA")),
            {"proof_invalid"},
        ),
        "formats that read the rows otherwise": (
            journal(
                lambda p: p["formats"].append({"topic": "coldchain/v1/#", "format": "tasmota"})
            ),
            {"record_missing"},
        ),
    }


@pytest.mark.parametrize("name", list(forgeries()))
def test_forged_package_is_found_with_its_reason(name: str) -> None:
    make, expected = forgeries()[name]
    found = codes(make())
    assert found & expected == expected, (found, expected)


def test_reading_left_out_of_the_report_but_in_the_journal_is_found() -> None:
    """The bureau's own key reseals a report with one reading less: the journal still has it."""
    files = files_of(honest())
    forged = edited_report(files["report.json"], drop_rows(1), signer=BUREAU)
    assert "record_omitted" in codes(relisted({**files, "report.json": forged}, signer=BUREAU))


def test_file_that_is_nothing_of_ours_does_not_hold() -> None:
    for data in (b"", b"hello", b"{}", b"PK\x03\x04", b"%PDF-1.7\n", b"\xff\xfe\x00"):
        assert codes(data)


def test_pdf_without_its_twin_does_not_hold() -> None:
    pdf = files_of(honest())["report.pdf"]
    assert codes(pdf.replace(b"/Type/EmbeddedFile", b"/Type/EmbeddedFilf"))
