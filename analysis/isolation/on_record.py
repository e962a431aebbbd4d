"""What is on record of an isolating part beside the heat, and the status that both leave.

Heat comes first: contact that the fit shows stands whatever is on paper. Where the fit leaves the
question open, the company's word alone makes it `asserted`; what the office itself registered or
an officer saw lifts that to `compliant`. Neither helps against an estimate that leans to contact.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from coldwitness.analysis.isolation.curves import BoolArray
from coldwitness.analysis.isolation.zone_verdict import IsolationReason, ZoneLimits
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import probes_of
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks
from coldwitness.domain.words import Isolation, Status


class RestsOn(IntEnum):
    """What the status of an open question rests on."""

    HEAT = 0
    """The exchange of heat, or nothing at all."""
    MANIFEST = 1
    """The manifest alone declares the part."""
    STATED_ACTIVE = 2
    """The manifest alone calls the box actively cooled."""
    LOOK = 3
    """An officer's recorded look at the part, or at a photograph of it."""
    REGISTER = 4
    """The box is registered as of a model whose part cannot be taken out."""
    NO_PART_REGISTERED = 5
    """The box is registered as of a model without the part that the manifest declares."""
    RECORD_TORN = 6
    """The office vouches for the part, but the record has holes in which contact could hide."""


NOTHING_PER_H = 0.05
"""A lower end up to this does not exclude that there is no exchange at all: a box has ways of its
own of this order."""

_NO_EXEMPTION = -1


@dataclass(frozen=True)
class FacetRecord:
    """What is on record of one facet beside the heat, (s,).

    silent : a probe of the zone, or of the outside, that the logger carries says nothing.
    absent : the manifest itself shows that the part is absent. exempt : IsolationReason for which
    the question does not bind, -1 where it does. declared : the manifest says that the part is
    there. stated_active : the manifest alone says that the box cools itself. unstated : drugs of
    several classes, and the manifest does not say which is where. seen, built_in, without : what
    the office has: a look, a part that cannot be taken out, a model without one.
    """

    silent: BoolArray
    absent: BoolArray
    exempt: IntArray
    declared: BoolArray
    stated_active: BoolArray
    unstated: BoolArray
    seen: BoolArray
    built_in: BoolArray
    without: BoolArray


@dataclass(frozen=True)
class Standing:
    """What heat and record leave of one facet, (s,): codes of Isolation, IsolationReason, Status
    and RestsOn."""

    isolation: IntArray
    reason: IntArray
    status: IntArray
    rests_on: IntArray


def coolant_on_record(case: Case) -> FacetRecord:
    """Isolation from the coolant binds where the storage needs cooling or the logger has a coolant
    probe; not in a box that the office registered as cooled by a machine."""
    terms = case.terms
    active = terms.active_cooling == 1
    registered_active = terms.on_record.box & active
    carried = case.silent_probes.where("coolant", len(terms))
    binds = terms.needs_cooling | sent_by(case.tracks, "coolant") | carried
    exempt = np.select(
        (registered_active, ~binds),
        (int(IsolationReason.ACTIVE_COOLING), int(IsolationReason.NO_COOLING_NEEDED)),
        _NO_EXEMPTION,
    )
    return FacetRecord(
        silent=carried | case.silent_probes.where("ambient", len(terms)),
        absent=(terms.isolation_coolant == 0) & ~active,
        exempt=exempt,
        declared=terms.isolation_coolant == 1,
        stated_active=active & ~terms.on_record.box,
        unstated=np.zeros(len(terms), dtype=np.bool_),
        **_of_office(case),
    )


def goods_on_record(case: Case) -> FacetRecord:
    """Isolation from goods binds where the manifest has a line that is no drug, where storage
    classes exclude each other, where the logger has a goods probe, and without a manifest."""
    terms = case.terms
    binds = (terms.goods_aboard != 0) | terms.shared_compartment | terms.excluding
    carried = case.silent_probes.where("goods", len(terms))
    binds |= sent_by(case.tracks, "goods") | carried
    return FacetRecord(
        silent=carried | case.silent_probes.where("ambient", len(terms)),
        absent=terms.shared_compartment,
        exempt=np.where(binds, _NO_EXEMPTION, int(IsolationReason.NO_GOODS)),
        declared=terms.isolation_goods == 1,
        stated_active=np.zeros(len(terms), dtype=np.bool_),
        unstated=terms.compartment_unstated & ~terms.shared_compartment,
        **_of_office(case),
    )


def _of_office(case: Case) -> dict[str, BoolArray]:
    record = case.terms.on_record
    return {
        "seen": record.isolation_seen,
        "built_in": record.partition == 1,
        "without": record.partition == 0,
    }


def sent_by(tracks: Tracks, role: str) -> BoolArray:
    """(s,) True where any probe of a role gave a value in any of the shipment's readings."""
    sent = np.zeros(len(tracks.shipments), dtype=np.bool_)
    for name in probes_of(tracks, role):
        sent[tracks.shipment[np.isfinite(tracks.temperature_c[name])]] = True
    return sent


def standing(
    record: FacetRecord,
    *,
    isolation: IntArray,
    reason: IntArray,
    rate_per_h: FloatArray,
    low_per_h: FloatArray,
    limits: ZoneLimits,
) -> Standing:
    """The status of a facet by its fit and by what is on record; all (s,), rates in 1/h.

    Contact in a box that the manifest alone calls active leaves the question open: the evaporator
    of such a box may stand in its air, and the company's word cannot settle whether it does.
    """
    open_, missing = Isolation.INDETERMINATE.value, Isolation.MISSING.value
    exempted = record.exempt >= 0
    silent = record.silent & (isolation != missing) & ~exempted
    isolation = np.where(silent, open_, isolation)
    reason = np.where(silent, int(IsolationReason.PROBE_SILENT), reason)
    isolation = np.where(record.stated_active & (isolation == missing), open_, isolation)
    isolation = np.where(exempted, Isolation.NOT_APPLICABLE.value, isolation)
    reason = np.where(exempted, record.exempt, reason)
    with np.errstate(invalid="ignore"):
        leans = (rate_per_h > limits.lower_per_h) & (low_per_h > NOTHING_PER_H)
        leans |= low_per_h > limits.lower_per_h
    undecided = (isolation == open_) & ~leans & ~silent & ~record.absent
    R = RestsOn  # noqa: N806
    rests_on = np.where(
        undecided,
        np.select(  # the first that holds
            (record.built_in, record.seen, record.without, record.declared, record.stated_active),
            (R.REGISTER, R.LOOK, R.NO_PART_REGISTERED, R.MANIFEST, R.STATED_ACTIVE),
            R.HEAT,
        ),
        int(R.HEAT),
    )
    where_unknown = record.unstated & ~record.seen & ~silent
    where_unknown &= (isolation != missing) & ~exempted
    rests_on = np.where(where_unknown, int(R.HEAT), rests_on)
    vouched_for = (rests_on == R.REGISTER.value) | (rests_on == R.LOOK.value)
    stated = (rests_on == R.MANIFEST.value) | (rests_on == R.STATED_ACTIVE.value)
    status = np.select(
        (
            record.absent,
            isolation == Isolation.NOT_APPLICABLE.value,
            isolation == missing,
            where_unknown,
            (isolation == Isolation.ISOLATED.value) | vouched_for,
            stated,
        ),
        (
            Status.SUSPECTED.value,
            Status.NOT_APPLICABLE.value,
            Status.SUSPECTED.value,
            Status.TO_CHECK.value,
            Status.COMPLIANT.value,
            Status.ASSERTED.value,
        ),
        Status.INSUFFICIENT_EVIDENCE.value,
    )
    reason = np.where(where_unknown, int(IsolationReason.COMPARTMENTS_UNSTATED), reason)
    reason = np.where(record.absent, int(IsolationReason.DECLARED_ABSENT), reason)
    return Standing(isolation=isolation, reason=reason, status=status, rests_on=rests_on)
