"""The demo's fleet: one ordinary morning on which a little of everything happens."""

from coldwitness.simulators.fleet import Fleet, simulate_fleet
from coldwitness.simulators.scenario import scenario

DEMO_STORIES = (
    "clean",
    "warm_break",
    "clean_long",
    "missing_separator",
    "clean_with_meal",
    "depot_storage",
    "traffic_jam",
    "freezing",
    "clean",
    "logger_silent",
    "late_backlog",
    "hot_meal",
    "allowed_transfer",
    "missing_separator_ice",
    "clean_spring",
    "depot_storage_silent",
    "door_wait",
    "lid_left_open",
    "calibration_expired",
    "clean_long",
    "copied_curve",
    "unnamed_shipment",
    "clock_error",
    "no_positions",
    "one_compartment",
    "clean_autumn",
    "transfer_overstayed",
    "too_cold",
)
"""One box each, in this order; the copied curve is that of the box before it."""


def demo_fleet(*, seed: int, end_ms: int) -> Fleet:
    """One box for each of DEMO_STORIES; the last journey ends at about `end_ms`."""
    stories = [scenario(name) for name in DEMO_STORIES]
    return simulate_fleet(stories, boxes=len(stories), seed=seed, end_ms=end_ms)
