"""What a finding measured, as its JSON carries it."""

from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from coldwitness.domain.baseline import FleetZone

Value = TypeVar("Value")

Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""RFC 3339 in UTC."""
Interval = tuple[float | None, float | None]
"""Lower and upper end; None: open."""
LimitWord = Literal["setting", "model", "manifest", "fleet", "register"]

Number = float | UnsetType | None
Count = int | UnsetType
Flag = bool | UnsetType
Word = str | UnsetType


def given(value: Value | UnsetType) -> Value | None:
    """A value that its JSON may leave out; None where it does."""
    return None if isinstance(value, UnsetType) else value


class SequenceBreak(Struct, frozen=True):
    """Where a logger's own count does not go on by one."""

    after_seq: int
    next_seq: int


class Measures(Struct, frozen=True, kw_only=True):
    """Numbers and details of a finding. A kind has its own; keys that are not its own are left
    out. Units end the names; null: not bounded, or not known."""

    probe: Word = UNSET
    logger: str | UnsetType | None = UNSET
    above_c: Number = UNSET
    after_c: Number = UNSET
    ahead_max_s: Number = UNSET
    allowed_m: Number = UNSET
    allowed_min: Number = UNSET
    ambient_step_c: Number = UNSET
    away_m: Number = UNSET
    before_c: Number = UNSET
    behind_s: Number = UNSET
    by_neighbours: Flag = UNSET
    calibrated_until_at: Instant | UnsetType | None = UNSET
    carried: Flag = UNSET
    carried_before: Flag = UNSET
    could_leave_range: Flag = UNSET
    coupling_per_h: Number = UNSET
    custody_doubt: Flag = UNSET
    declares_coolant: Flag = UNSET
    default_limit_per_h: Number = UNSET
    departure: Number = UNSET
    degree_minutes: Number = UNSET
    delay_max_s: Number = UNSET
    difference_max_c: Number = UNSET
    doubted: Flag = UNSET
    dwell_s: Number = UNSET
    event_mismatch_s: Number = UNSET
    gaps: Count = UNSET
    grid_c: Number = UNSET
    harmless: Flag = UNSET
    hidden_stop_max_s: Number = UNSET
    high_per_h: Number = UNSET
    instants: Count = UNSET
    interval_exceeded: Flag = UNSET
    item_line: Count = UNSET
    jumps: Count = UNSET
    lat: Number = UNSET
    late_s: Number = UNSET
    length_s: Number = UNSET
    limit_c: Number = UNSET
    limit_per_h: Number = UNSET
    limit_s: Number = UNSET
    lon: Number = UNSET
    low_per_h: Number = UNSET
    missing: Count = UNSET
    moving_share: Number = UNSET
    off_grid: Number = UNSET
    open_end: Flag = UNSET
    open_start: Flag = UNSET
    over_s: Number = UNSET
    packed_c: Number = UNSET
    pace_s: Number = UNSET
    beside_the_drug: Flag = UNSET
    peak_c: Number = UNSET
    peak_at: Instant | UnsetType | None = UNSET
    permitted_s: Number = UNSET
    places: Count = UNSET
    radius_m: Number = UNSET
    readings: Count = UNSET
    repeated: Count = UNSET
    resets: Count = UNSET
    restless_share: Number = UNSET
    scatter_beside_c: Number = UNSET
    scatter_c: Number = UNSET
    several_classes: Flag = UNSET
    share: Number = UNSET
    shift_s: Number = UNSET
    spread_m: Number = UNSET
    stated_c: Number = UNSET
    tolerated: Flag = UNSET
    uncertainty_c: Number = UNSET
    conformity: Number = UNSET
    up_to_c: Number = UNSET
    used_least_min: Number = UNSET
    used_min: Number = UNSET
    used_most_min: Number = UNSET
    value_c: Number = UNSET
    minutes_used: Number = UNSET
    minutes_allowed: Number = UNSET
    cause: Word = UNSET
    courier: Word = UNSET
    box: Word = UNSET
    events: Count = UNSET
    sources: Count = UNSET
    would_change: Flag = UNSET
    field: Word = UNSET
    old: Word = UNSET
    new: Word = UNSET
    manifest_version: Count = UNSET
    received_first: Flag = UNSET
    received_later: Flag = UNSET
    received_at: Instant | UnsetType | None = UNSET
    sender: Word = UNSET
    event: Word = UNSET
    stands: Word = UNSET
    values_c: tuple[float, ...] | UnsetType = UNSET
    interval_95: Interval | UnsetType = UNSET
    limit_source: LimitWord | UnsetType = UNSET
    facet: FleetZone | UnsetType = UNSET
    lines: tuple[str, ...] | UnsetType = UNSET
    listed: Word = UNSET
    item: Word = UNSET
    signs: tuple[str, ...] | UnsetType = UNSET
    site: Word = UNSET
    other_shipment: Word = UNSET
    others: tuple[str, ...] | UnsetType = UNSET
    breaks: tuple[SequenceBreak, ...] | UnsetType = UNSET
