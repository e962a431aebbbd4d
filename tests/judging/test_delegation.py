"""What the manifest's papers and the office's register say of an entrusted delivery."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from coldwitness.analysis.terms import Delegation
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Agreement, Company, Delivery, Manifest, SubCarrier
from coldwitness.domain.office import Audit, OfficeAgreement, OfficeFacts
from coldwitness.judging.delegation import delegations
from coldwitness.judging.office_terms import bearing_on

SELLER, CARRIER, OTHER = "91370305000000115J", "913703030000003340", "91370303000000414K"
BEGUN_S = instant_ms("2026-11-20T01:00:00Z") / 1000
DAY = date(2026, 11, 20)


def manifest(*, entrusted: bool | None = True, **more: Any) -> Manifest:
    its = {
        "seller": Company(uscc=SELLER),
        "courier": Company(id="ql", uscc=CARRIER, entrusted=entrusted),
        **more,
    }
    return Manifest(id="S-1", items=(), **its)


def registered(**more: Any) -> OfficeAgreement:
    its = {
        "seller": SELLER,
        "carrier": CARRIER,
        "signed_at": date(2026, 1, 1),
        "audits": (Audit(done_at=date(2026, 2, 1)),),
        **more,
    }
    return OfficeAgreement(id="XY-1", **its)


def said(given: Manifest, *agreements: OfficeAgreement, begun_s: float = BEGUN_S) -> Delegation:
    facts = bearing_on(given, OfficeFacts(agreements=agreements))
    (code,) = delegations([given], [facts], np.array([begun_s]))
    return Delegation(int(code))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Manifest(id="S-1", items=()), Delegation.NOT_SAID),
        (manifest(entrusted=None), Delegation.NOT_SAID),
        (manifest(entrusted=False), Delegation.OTHER_COMPANY),
        (manifest(entrusted=False, seller=Company(uscc=CARRIER)), Delegation.OWN),
        (manifest(entrusted=False, seller=Company()), Delegation.OWN_STATED),
        (manifest(), Delegation.NO_AGREEMENT),
    ],
)
def test_whether_a_carrier_was_entrusted_is_not_the_companys_word_alone(
    given: Manifest, expected: Delegation
) -> None:
    assert said(given) == expected


@pytest.mark.parametrize(
    ("agreement", "expected"),
    [
        ({"number": "XY-1", "audited_at": "2026-05-01"}, Delegation.STATED),
        ({"number": "XY-1"}, Delegation.STATED_UNAUDITED),
        (
            {"number": "XY-1", "signed_at": "2026-11-20", "audited_at": "2026-11-20"},
            Delegation.STATED,
        ),
        ({"number": "XY-1", "signed_at": "2026-11-21"}, Delegation.STATED_LATER),
        ({"number": "XY-1", "audited_at": "2026-11-21"}, Delegation.STATED_LATER),
        ({"number": "XY-1", "audited_at": "去年"}, Delegation.STATED),
        ({"audited_at": "2026-05-01"}, Delegation.NO_AGREEMENT),
    ],
)
def test_an_agreement_that_the_manifest_names(
    agreement: dict[str, str], expected: Delegation
) -> None:
    assert said(manifest(agreement=Agreement(**agreement))) == expected


@pytest.mark.parametrize(
    ("its", "expected"),
    [
        ({}, Delegation.REGISTERED),
        ({"signed_at": DAY, "valid_until": DAY}, Delegation.REGISTERED),
        ({"signed_at": date(2026, 11, 21)}, Delegation.NOT_IN_FORCE),
        ({"valid_until": date(2026, 11, 19)}, Delegation.NOT_IN_FORCE),
        ({"audits": ()}, Delegation.NOT_AUDITED),
        ({"audits": (Audit(done_at=DAY, valid_until=DAY),)}, Delegation.REGISTERED),
        ({"audits": (Audit(done_at=date(2026, 11, 21)),)}, Delegation.NOT_AUDITED),
        (
            {"audits": (Audit(done_at=date(2025, 1, 1), valid_until=date(2026, 11, 19)),)},
            Delegation.NOT_AUDITED,
        ),
    ],
)
def test_a_registered_agreement_counts_by_its_days_whatever_the_manifest_names(
    its: dict[str, Any], expected: Delegation
) -> None:
    assert said(manifest(), registered(**its)) == expected
    stated = Agreement(number="XY-9", audited_at="2026-05-01")
    assert said(manifest(agreement=stated), registered(**its)) == expected


def test_of_several_registered_agreements_the_best_speaks() -> None:
    old = registered(valid_until=date(2026, 6, 30))
    assert said(manifest(), old, registered()) == Delegation.REGISTERED


@pytest.mark.parametrize(
    ("named", "sub_carriers", "expected"),
    [
        (OTHER, (), Delegation.SUB_CARRIER_UNNAMED),
        (OTHER, (OTHER,), Delegation.REGISTERED),
        (None, (OTHER,), Delegation.SUB_CARRIER_UNNAMED),
    ],
)
def test_a_sub_carrier_has_to_stand_in_the_registered_agreement(
    named: str | None, sub_carriers: tuple[str, ...], expected: Delegation
) -> None:
    delivery = Delivery(sub_carrier=SubCarrier(id="zb", uscc=named))
    given = manifest(delivery=delivery)
    assert said(given, registered(sub_carriers=sub_carriers)) == expected


def test_an_agreement_of_other_companies_says_nothing() -> None:
    assert said(manifest(), registered(carrier=OTHER)) == Delegation.NO_AGREEMENT
    unnamed = manifest(courier=Company(id="ql", entrusted=True))
    assert said(unnamed, registered()) == Delegation.NO_AGREEMENT


def test_without_a_known_day_nothing_is_said_of_papers() -> None:
    assert said(manifest(), registered(), begun_s=float("nan")) == Delegation.DAY_UNKNOWN
