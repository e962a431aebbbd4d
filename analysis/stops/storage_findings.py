"""What is told of stays, dwells unseen and gaps of positions."""

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.pace import FEWEST_AT_A_PACE, at_one_pace
from coldwitness.analysis.stops.doubtful_stays import Doubt, DoubtfulStays
from coldwitness.analysis.stops.fixes import BoolArray
from coldwitness.analysis.stops.position_gaps import PositionGaps
from coldwitness.analysis.stops.signs import Signs
from coldwitness.analysis.stops.stay_places import Places
from coldwitness.analysis.stops.stays import Stays
from coldwitness.analysis.stops.unseen_rest import UnseenStops
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity


def storage_findings(
    case: Case,
    stays: Stays,
    places: Places,
    signs: Signs,
    *,
    too_long: BoolArray,
    in_custody: BoolArray,
) -> FindingTable:
    """One finding for each stay longer than its limit; too_long, in_custody : (k,) of the stays."""
    terms, numbers = case.terms, case.numbers
    at = np.flatnonzero(too_long)
    if at.size == 0:
        return NO_FINDINGS
    confirmed = signs.corroborated[at] & in_custody[at]
    certainty = np.where(confirmed, Certainty.CERTAIN, Certainty.PROBABLE)
    certainty = np.where(in_custody[at], certainty, Certainty.POSSIBLE)
    severity = np.where(confirmed, Severity.CRITICAL, Severity.MAJOR)
    details: dict[int, dict[str, object]] = {}
    for row, stay in enumerate(at):  # over findings, which are few, for their words only
        details[row] = {"signs": _sign_words(signs, int(stay))}
        if places.site[stay] >= 0:
            site = int(places.site[stay])
            number = site - int(terms.sites.first[stays.shipment[stay]])
            details[row]["site"] = terms.sites.name[site] or f"sites[{number}]"
    return finding_table(
        shipment=stays.shipment[at],
        type=np.where(
            confirmed,
            code_of("temporary_storage/confirmed"),
            code_of("temporary_storage/suspected"),
        ),
        start_s=stays.start_s[at],
        end_s=stays.end_s[at],
        certainty=certainty.astype(np.int8),
        severity=np.where(in_custody[at], severity, Severity.MINOR).astype(np.int8),
        lat_deg=stays.lat_deg[at],
        lon_deg=stays.lon_deg[at],
        measures={
            "dwell_s": stays.dwell_s[at],
            "lat": stays.lat_deg[at],
            "lon": stays.lon_deg[at],
            "radius_m": np.full(at.size, numbers.dwell_radius_m),
            "limit_s": places.limit_s[at],
            "spread_m": stays.spread_m[at],
            "moving_share": signs.moving_share[at],
            "ambient_step_c": signs.ambient_step_c[at],
        },
        details=details,
    )


def _sign_words(signs: Signs, stay: int) -> list[str]:
    seen = {
        "stored_event": signs.stored[stay],
        "not_moving": signs.moving_share[stay] == 0.0,
        "lid_opened": signs.lid_opened[stay],
        "ambient_step": signs.ambient_lasts[stay],
    }
    return [word for word, here in seen.items() if here]


def doubtful_findings(doubtful: DoubtfulStays, numbers: Numbers) -> FindingTable:
    """One finding for each stay, or chain of stays that touch, that is possible only."""
    count = doubtful.shipment.size
    if count == 0:
        return NO_FINDINGS
    return finding_table(
        shipment=doubtful.shipment,
        type=code_of("temporary_storage/suspected"),
        start_s=doubtful.start_s,
        end_s=doubtful.end_s,
        certainty=Certainty.POSSIBLE,
        severity=Severity.MINOR,
        lat_deg=doubtful.lat_deg,
        lon_deg=doubtful.lon_deg,
        measures={
            "dwell_s": doubtful.dwell_s,
            "lat": doubtful.lat_deg,
            "lon": doubtful.lon_deg,
            "radius_m": np.full(count, numbers.dwell_radius_m),
            "limit_s": doubtful.allowed_s,
        },
        details={
            row: {"cause": Doubt(int(why)).name.lower(), "signs": []}
            for row, why in enumerate(doubtful.doubt)
        },
    )


def unseen_findings(unseen: UnseenStops, numbers: Numbers) -> FindingTable:
    """One finding for each long dwell in time without positions."""
    if unseen.shipment.size == 0:
        return NO_FINDINGS
    words = np.where(unseen.stored, "stored_event", "not_moving")
    return finding_table(
        shipment=unseen.shipment,
        type=code_of("temporary_storage/suspected"),
        start_s=unseen.start_s,
        end_s=unseen.end_s,
        certainty=np.where(unseen.surely, Certainty.PROBABLE, Certainty.POSSIBLE).astype(np.int8),
        severity=np.where(unseen.surely, Severity.MAJOR, Severity.MINOR).astype(np.int8),
        measures={
            "dwell_s": unseen.dwell_s,
            "radius_m": np.full(len(unseen.shipment), numbers.dwell_radius_m),
            "limit_s": unseen.limit_s,
        },
        details={
            row: {
                "signs": [
                    str(word),
                    *(["lid_opened"] if opened else []),
                    *(["ambient_step"] if warmed else []),
                ]
            }
            for row, (word, opened, warmed) in enumerate(
                zip(words, unseen.lid_opened, unseen.ambient_lasts, strict=True)
            )
        },
    )


def gap_findings(gaps: PositionGaps, numbers: Numbers) -> FindingTable:
    """One finding for each gap of positions. Such as follow each other fix by fix at one pace are
    one finding together, with the longest, how many there are, and the pace."""
    if gaps.shipment.size == 0:
        return NO_FINDINGS
    row, lead, pace_s = _by_pace(gaps)
    length_s, hidden_s = gaps.length_s[row], gaps.hidden_stop_max_s[row]
    hidden_max_s = np.maximum.reduceat(hidden_s, lead)
    hides = hidden_max_s > numbers.dwell_limit_s
    count = np.diff(np.append(lead, row.size)).astype(np.float64)
    return finding_table(
        shipment=gaps.shipment[row[lead]],
        type=code_of("evidence_gap/no_position"),
        start_s=gaps.start_s[row[lead]],
        end_s=np.maximum.reduceat(gaps.end_s[row], lead),
        certainty=Certainty.CERTAIN,
        severity=np.where(hides, Severity.MINOR, Severity.INFO).astype(np.int8),
        measures={
            "length_s": np.maximum.reduceat(length_s, lead),
            "hidden_stop_max_s": hidden_max_s,
            "gaps": np.where(count > 1, count, np.nan),
            "pace_s": np.where(count > 1, pace_s[lead], np.nan),
        },
    )


def _by_pace(gaps: PositionGaps) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows of the gaps (g,) with those that are told together side by side, where in them each
    finding begins (f,), and the pace [s] of each row (g,)."""
    new = np.ones(gaps.shipment.size, dtype=np.bool_)
    new[1:] = (np.diff(gaps.shipment) != 0) | (gaps.start_s[1:] != gaps.end_s[:-1])
    chain = np.cumsum(new) - 1
    alike, pace_s = at_one_pace(chain, gaps.length_s)
    alike &= np.bincount(chain, weights=alike)[chain] >= FEWEST_AT_A_PACE
    # a chain's own are told under its number, any other gap under one of its own
    told = np.where(alike, chain, chain.size + np.arange(chain.size))
    row = np.lexsort((gaps.start_s, told))
    lead = np.flatnonzero(np.diff(told[row], prepend=-1))
    return row, lead, pace_s[row]
