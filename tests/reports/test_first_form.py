"""A report that the program itself made in its first form and signed, kept as it was: its seal, its
digests and its signature are checked in full, it says what judged it, and this version judges it
only on request and then says what differs."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.api.reports.made.seal import canonical
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.api.reports.packed.standalone_verify import check_report
from tests.reports.packages import rulebook

KEPT = Path(__file__).parent / "before" / "report-1-warm_break.json.gz"
DATA = gzip.decompress(KEPT.read_bytes())
SIGNED_BY = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
ANOTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))).public_key()


def codes(data: bytes, **more: Any) -> set[str]:
    return {problem.code for problem in verify_any(data, rulebook=rulebook(), **more).problems}


def one_file(data: bytes) -> set[str]:
    found: list[Any] = []
    check_report(data, {}, found)
    return {code for code, _ in found}


def edited(name: str, value: Any) -> bytes:
    values = json.loads(DATA)
    place = values
    *way, last = name.split(".")
    for step in way:
        place = place[step]
    place[last] = value
    return canonical(values) + b"\n"


def test_it_is_whole_and_names_what_judged_it() -> None:
    found = verify_any(DATA, rulebook=rulebook(), trusted=(SIGNED_BY,))
    assert (found.problems, found.trusted) == ((), True)
    assert found.unjudged is not None
    assert found.unjudged.schema == "coldwitness.report/1"
    assert found.unjudged.software == "coldwitness test"
    assert found.unjudged.rules == "cn-retail-delivery 2023.1"
    assert one_file(DATA) == set()


def test_another_key_than_the_trusted_one_is_said() -> None:
    assert verify_any(DATA, rulebook=rulebook(), trusted=(ANOTHER,)).trusted is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("decision.verdict", "compliant"),
        ("result.metrics.max_c", 7.9),
        ("seal.sha256", "0" * 64),
        ("seal.sm3", "0" * 64),
        ("seal.signature", "AAAA"),
    ],
)
def test_whatever_is_changed_in_it_is_found_by_both_verifiers(name: str, value: object) -> None:
    data = edited(name, value)
    assert codes(data)
    assert one_file(data)


def test_judged_anew_on_request_it_says_what_this_version_would_say_otherwise() -> None:
    """The first form knew neither what is only asserted nor the lines of today."""
    assert "result_differs" in codes(DATA, anew=True)
