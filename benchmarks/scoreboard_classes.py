"""The classes of the scoreboard: which scenarios, and which true answer each must find.

The truth of every shipment is read from the simulator's physics and journey; a class only says
which question is scored on it. `wanted` are the findings that answer it (any one of them).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from coldwitness.domain.instants import instant_ms

Truth = Mapping[str, Any]
Kind = Literal["clean", "standing", "violation", "evidence", "forged"]

DWELL_LIMIT_S = 900.0
UNCERTAINTY_C = 0.5
"""The loggers of the fleet state ±0.5 °C."""


@dataclass(frozen=True)
class ScoredClass:
    """kind: clean (nothing is wrong: compliant is right, accusing is false); violation (a wrong
    was done and the record shows it: must be accused); evidence (nothing is known to be
    wrong, or a wrong was done and the record shows it badly: acquitting is wrong); standing
    (the box stood longer than the setting for an honest reason that the record does not tell:
    `suspected` is right by the rules, `breach` is false); forged (a wrong was done and the
    record was falsified). line : the requirement that counts instead of the verdict where
    acquitting is wrong."""

    name: str
    scenario: str
    kind: Kind
    question: str
    wanted: tuple[tuple[str, str], ...] = ()
    line: str | None = None


_BREAK = (("cold_chain_break", "above_range"), ("cold_chain_break", "below_range"))
_STORED = (("temporary_storage", "suspected"), ("temporary_storage", "confirmed"))
_CONFIRMED = (("temporary_storage", "confirmed"),)
_COOLANT = (("missing_isolation", "coolant_contact"),)
_DRAWN = tuple(
    ("data_integrity", subtype) for subtype in ("implausible", "off_grid", "below_noise", "stuck")
)
_GOODS = (("missing_isolation", "goods_contact"),)


def _violation(
    scenario: str, question: str, wanted: tuple[tuple[str, str], ...], name: str | None = None
) -> ScoredClass:
    return ScoredClass(name or scenario, scenario, "violation", question, wanted)


CLASSES: tuple[ScoredClass, ...] = (
    *(
        ScoredClass(name, name, "clean", "nothing happened")
        for name in (
            "clean",
            "clean_long",
            "clean_spring",
            "clean_autumn",
            "winter_cold",
            "clean_with_meal",
            "clean_with_drinks",
            "clean_with_ice_cream",
            "two_drug_probes",
            "traffic_jam",
            "allowed_transfer",
            "door_wait",
            "active_box",
            "late_backlog",
            "gcj02_positions",
            "seq_reset",
            "slow_logger",
            "refused",
            "unnamed_shipment",
            "short_halt",
            "network_positions",
            "radio_loss",
            "near_limit",
            "indoors_unseen",
            "datum_unsaid",
            "places_from_a_map",
            "stale_fix",
            "rounded_positions",
            "mast_positions",
            "clock_minutes_off",
            "clock_minutes_slow",
            "pressed_late",
            "corrupt_sign",
            "corrupt_bit",
            "corrupt_zero",
            "corrupt_minus_40",
            "corrupt_ceiling",
            "corrupt_fahrenheit",
            "small_payload",
            "lid_opened_briefly",
            "many_drops",
            "block_of_flats",
            "loss_one_percent",
            "loss_three_percent",
        )
    ),
    *(
        ScoredClass(name, name, "standing", question)
        for name, question in (
            ("block_of_flats_unsaid", "other deliveries in one block, none on record"),
            ("jam_in_the_sun", "traffic stood"),
        )
    ),
    *(
        ScoredClass(name, name, "evidence", question, (), "ANNEX6-14")
        for name, question in (
            ("stored_flag_stuck", "stored; motion flag hangs at true"),
            ("yard_shifted", "stored; shifted about in the yard"),
            ("stored_slow_drift", "stored; fixes drift slowly"),
            ("stored_sparse_fixes", "stored; sparse fixes drift and jump"),
            ("stored_coarse_fixes", "stored; fixes good to kilometres"),
            ("pressed_at_depot", "stored; delivered pressed there"),
            ("radius_of_kilometres", "stored within the stated destination"),
        )
    ),
    _violation("warm_break", "too warm", _BREAK[:1]),
    _violation("lid_left_open", "too warm", _BREAK[:1]),
    _violation("too_cold", "too cold", _BREAK[1:]),
    _violation("freezing", "frozen", (("cold_chain_break", "frozen"),)),
    _violation("depot_storage", "stored, recorded", _CONFIRMED),
    _violation("depot_storage_silent", "stored in a room", _STORED),
    _violation("yard_storage", "left standing", _STORED),
    _violation("transfer_overstayed", "site overstayed", _STORED),
    _violation("missing_separator", "coolant contact", _COOLANT),
    _violation("missing_separator_ice", "coolant contact", _COOLANT),
    _violation("hot_meal", "goods contact", _GOODS),
    _violation("drinks_contact", "goods contact", _GOODS),
    _violation("calibration_expired", "calibration expired", (("record", "calibration"),)),
    _violation("one_compartment", "declared", (("missing_isolation", "declared"),)),
    ScoredClass(
        "logger_silent", "logger_silent", "evidence", "hole", (("evidence_gap", "no_readings"),)
    ),
    ScoredClass(
        "logger_dies", "logger_dies", "evidence", "early end", (("evidence_gap", "early_end"),)
    ),
    ScoredClass(
        "late_start", "late_start", "evidence", "late start", (("evidence_gap", "late_start"),)
    ),
    ScoredClass(
        "no_positions",
        "no_positions",
        "evidence",
        "positions missing",
        (("evidence_gap", "no_position"),),
    ),
    ScoredClass(
        "clock_error",
        "clock_error",
        "evidence",
        "clock jumped",
        (("data_integrity", "clock"), ("evidence_gap", "no_readings")),
    ),
    ScoredClass(
        "stuck_sensor", "stuck_sensor", "evidence", "stuck", (("data_integrity", "stuck"),)
    ),
    ScoredClass(
        "copied_curve", "copied_curve", "forged", "copied", (("data_integrity", "copied"),)
    ),
    ScoredClass("deleted_break", "deleted_break", "forged", "readings deleted"),
    ScoredClass("edited_break", "edited_break", "forged", "readings made up"),
    ScoredClass("smoothed_break", "smoothed_break", "forged", "curve drawn", _DRAWN, "ANNEX3-08"),
    *(
        ScoredClass(f"forged_{name}", f"forged_{name}", "forged", question, _DRAWN, "ANNEX3-08")
        for name, question in (
            ("line", "break drawn over by a line"),
            ("noisy_line", "break drawn over by a noisy line"),
            ("clipped", "break held inside the limit"),
            ("scaled", "break pressed below the limit"),
            ("squeezed", "whole curve pressed into the range"),
            ("random_walk", "small steps at random"),
            ("typed", "numbers typed by hand"),
            ("fridge_cycle", "probe near a fridge's wall"),
            ("office_fridge", "probe in a glass in a fridge"),
        )
    ),
)


def truly_broken(truth: Truth) -> bool:
    """The drug was truly out of range for any time."""
    drug = truth["drug"]
    return bool(drug["seconds_above"] > 0 or drug["seconds_below"] > 0)


def clearly_wrong(truth: Truth) -> bool:
    """Something was wrong that an honest record of a sensor within its accuracy shows: out of
    range by more than the uncertainty, stored, in contact, or declared in one compartment."""
    drug = truth["drug"]
    return (
        drug["max_c"] > 8.0 + UNCERTAINTY_C
        or drug["min_c"] < 2.0 - UNCERTAINTY_C
        or truly_stored(truth)
        or truly_in_contact(truth, "coolant")
        or truly_in_contact(truth, "goods")
        or truth["scenario"] == "one_compartment"
    )


def break_beyond_uncertainty(truth: Truth) -> bool:
    """True temperature beyond a limit by twice the uncertainty: whatever the sensor's error
    within its accuracy, its reading was beyond limit and uncertainty."""
    drug = truth["drug"]
    margin = 2 * UNCERTAINTY_C
    return bool(drug["max_c"] > 8.0 + margin or drug["min_c"] < 2.0 - margin)


def truly_stored(truth: Truth) -> bool:
    """A halt longer than the dwell setting at no declared site, or longer than a site's own
    limit. Lights, jams, the pharmacy and the consumer's door are none."""
    for stop in truth["stops"]:
        if stop["kind"] != "halt":
            continue
        limit_s = DWELL_LIMIT_S
        if stop["declared"]:
            limit_s = 60.0 * (math.inf if stop["max_minutes"] is None else stop["max_minutes"])
        if stop["duration_s"] > limit_s:
            return True
    return False


def truly_in_contact(truth: Truth, zone: str) -> bool:
    """The isolating part was missing and the true exchange rate is above the limit."""
    part = truth["isolation"][zone]
    return (
        part is not None
        and not part["separated"]
        and (part["coupling_per_h"] > part["limit_per_h"])
    )


def onset_ms(scored: ScoredClass, truth: Truth) -> int | None:
    """True begin of what the class is about, where it has one."""
    if scored.wanted[:1] == _BREAK[:1]:
        return _first(truth["drug"]["above"])
    if scored.wanted[:1] == _BREAK[1:]:
        return _first(truth["drug"]["below"])
    if scored.wanted and scored.wanted[0][0] == "temporary_storage":
        return _first([stop for stop in truth["stops"] if stop["kind"] == "halt"])
    return None


def _first(intervals: Any) -> int | None:
    return instant_ms(intervals[0]["start"]) if intervals else None


UNTRUE_OF_STORAGE: Mapping[str, Callable[[Truth], bool]] = {
    "suspected": lambda truth: not truly_stored(truth),
    "confirmed": lambda truth: not truly_stored(truth),
}
"""Subtype of `temporary_storage` -> whether it would be untrue of such a delivery. A box that stood
for a reason the record does not tell is suspected by the rules, and wrongly."""

ISOLATED: Mapping[str, Callable[[Truth], bool]] = {
    "coolant_contact": lambda truth: not truly_in_contact(truth, "coolant"),
    "goods_contact": lambda truth: not truly_in_contact(truth, "goods"),
    "declared": lambda truth: truth["scenario"] != "one_compartment",
}
"""Subtype of `missing_isolation` -> whether it would be untrue of such a delivery."""
