"""What the papers say of an entrusted delivery: the manifest's own, and the office's register."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from coldwitness.analysis.terms import Delegation
from coldwitness.domain.instants import china_day
from coldwitness.domain.manifest import Agreement, Company, Manifest
from coldwitness.domain.office import OfficeAgreement, OfficeFacts
from coldwitness.domain.tracks import CodeArray, FloatArray

_NOBODY = Company()


def delegations(
    given: Sequence[Manifest], facts: Sequence[OfficeFacts], start_s: FloatArray
) -> CodeArray:
    """(s,) codes of Delegation. facts : with the registered agreements between the manifest's
    seller and carrier. start_s : (s,) begin of custody, UTC epoch s, NaN unknown."""
    return np.array(
        [
            _delegation(manifest, its.agreements, float(begun_s))
            for manifest, its, begun_s in zip(given, facts, start_s, strict=True)
        ],
        dtype=np.int8,
    )


def parties(manifest: Manifest) -> tuple[str, str] | None:
    """Credit codes of seller and carrier; None where either is not named by one."""
    seller, carrier = (manifest.seller or _NOBODY).uscc, (manifest.courier or _NOBODY).uscc
    return None if not seller or not carrier else (seller, carrier)


def _delegation(
    manifest: Manifest, registered: Sequence[OfficeAgreement], begun_s: float
) -> Delegation:
    named = parties(manifest)
    one_company = named is not None and named[0] == named[1]
    entrusted = (manifest.courier or _NOBODY).entrusted
    if entrusted is None:
        return Delegation.NOT_SAID
    if not entrusted and named is None:
        return Delegation.OWN_STATED
    if not entrusted:
        return Delegation.OWN if one_company else Delegation.OTHER_COMPANY
    if np.isnan(begun_s):
        return Delegation.DAY_UNKNOWN
    day = china_day(begun_s)
    if registered:
        return min((_registered(one, manifest, day) for one in registered), key=_BEST.index)
    return _stated(manifest.agreement or Agreement(), day)


_BEST = (
    Delegation.REGISTERED,
    Delegation.SUB_CARRIER_UNNAMED,
    Delegation.NOT_AUDITED,
    Delegation.NOT_IN_FORCE,
)
"""Of several registered agreements the one that comes furthest speaks."""


def _registered(agreement: OfficeAgreement, manifest: Manifest, day: date) -> Delegation:
    if not _holds(agreement.signed_at, agreement.valid_until, day):
        return Delegation.NOT_IN_FORCE
    if not any(_holds(audit.done_at, audit.valid_until, day) for audit in agreement.audits):
        return Delegation.NOT_AUDITED
    sent = None if manifest.delivery is None else manifest.delivery.sub_carrier
    if sent is not None and sent.uscc not in agreement.sub_carriers:
        return Delegation.SUB_CARRIER_UNNAMED
    return Delegation.REGISTERED


def _holds(begin: date, end: date | None, day: date) -> bool:
    return begin <= day and (end is None or day <= end)


def _stated(agreement: Agreement, day: date) -> Delegation:
    if not agreement.number:
        return Delegation.NO_AGREEMENT
    if any(_later(stated, day) for stated in (agreement.signed_at, agreement.audited_at)):
        return Delegation.STATED_LATER
    return Delegation.STATED if agreement.audited_at else Delegation.STATED_UNAUDITED


def _later(stated: str | None, day: date) -> bool:
    """Whether a stated day lies after `day`; one that cannot be read says nothing."""
    try:
        return stated is not None and date.fromisoformat(stated[:10]) > day
    except ValueError:
        return False
