"""The result of a check, `coldwitness.check/1`: what judging makes and everything else reads.

Frozen structs; msgspec writes them as the JSON of the contract, keys in the order of the fields.
A field that results did not always have may be left out (UNSET) and `given` reads it.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from coldwitness.domain.coverage import Coverage
from coldwitness.domain.measures import Instant, Interval, LimitWord, Measures
from coldwitness.domain.office import OfficeFacts
from coldwitness.domain.probe_challenges import ChallengeAction, ChallengeOutcome
from coldwitness.domain.text import Text
from coldwitness.domain.words import (
    CertaintyWord,
    IsolationWord,
    SeverityWord,
    StateWord,
    StatusWord,
    UnshownWord,
    Verdict,
)

SCHEMA: Literal["coldwitness.check/1"] = "coldwitness.check/1"


class Window(Struct, frozen=True):
    """Custody time that is judged; null where an end is not known."""

    start: Instant | None
    end: Instant | None


class Place(Struct, frozen=True):
    """WGS84, degrees."""

    lat: float | None
    lon: float | None


class Risk(Struct, frozen=True, kw_only=True):
    """How often findings of a kind were wrong in simulated deliveries: a rate of simulations, not
    weighted by how often such deliveries occur, and never the probability that this firm did it."""

    found_wrong: Annotated[int, Meta(description="Of `n` deliveries so found, wrongly")]
    n: int
    scoreboard: Annotated[str, Meta(description="Which simulated deliveries: day, seed, classes")]
    version: Annotated[str, Meta(description="Of the software that judged them")]


class Finding(Struct, frozen=True, kw_only=True):
    """One thing seen in the record, with a time range: a clue to be checked, or a doubt."""

    id: Annotated[str, Meta(description="The same for the same evidence, whenever judged")]
    kind: str
    subtype: str
    start: Instant | None
    end: Instant | None
    duration_s: float | None
    certainty: CertaintyWord
    severity: SeverityWord
    requirements: Annotated[
        tuple[str, ...], Meta(description="Ids of the lines in force that it weighs on")
    ]
    measures: Measures
    where: Place | None
    would_settle: Annotated[
        Text | None, Meta(description="Evidence that would decide it; null: nothing is in doubt")
    ]
    explanation: Text
    against: Annotated[
        Text | UnsetType | None,
        Meta(description="What speaks against it; null: it accuses nobody"),
    ] = UNSET
    risk: Annotated[
        Risk | UnsetType,
        Meta(description="Of `probable` findings whose kind was scored; else absent"),
    ] = UNSET


class ShipmentFinding(Finding, frozen=True, kw_only=True):
    """A finding among those of other shipments."""

    shipment: str


class Setting(Text, frozen=True):
    """The bureau's settings a line is judged by: settings, not law."""

    values: dict[str, float]


class RequirementLine(Struct, frozen=True, kw_only=True):
    """One requirement of the rule pack and its answer."""

    id: Annotated[str, Meta(examples=["ANNEX6-10"])]
    title: Text
    status: StatusWord
    findings: Annotated[tuple[str, ...], Meta(description="Ids of the findings it rests on")]
    basis: Text
    least: float | None
    most: float | None
    bounds_of: Annotated[
        str | UnsetType | None,
        Meta(
            description="The question whose bounds `least` and `most` are",
            examples=["range"],
            extra_json_schema={
                "enum": [
                    "range",
                    "storage_on_the_way",
                    "coolant_isolation",
                    "goods_isolation",
                    None,
                ]
            },
        ),
    ] = UNSET
    setting: Setting | None
    against: Text | UnsetType | None = UNSET
    would_settle: Text | UnsetType | None = UNSET


class Limits(Struct, frozen=True):
    """Label range [°C], both inclusive; null: none."""

    low: float | None
    high: float | None


class Item(Struct, frozen=True, kw_only=True):
    """One line of the manifest's items, by its own label range."""

    name: str | None
    storage: str | None
    compartment: Annotated[
        str | UnsetType | None, Meta(description="Where the manifest says it is; null: not said")
    ] = UNSET
    limits: Limits
    status: StatusWord
    findings: tuple[str, ...]


class Metrics(Struct, frozen=True, kw_only=True):
    """Numbers of the drug probe and of the way; null: could not be computed."""

    readings: int
    missing_readings: Annotated[
        int | None,
        Meta(
            description="How many fit into the holes of the drug's record, at the pace of the "
            "readings that are there; null too in results from before they were counted."
        ),
    ] = None
    coverage: float | None
    longest_gap_s: float | None
    min_c: float | None
    max_c: float | None
    mean_c: float | None
    mkt_c: float | None
    seconds_above: float | None
    seconds_above_bounds: Interval | None
    seconds_below: float | None
    seconds_below_bounds: Interval | None
    degree_minutes_above: float | None
    degree_minutes_below: float | None
    distance_m: float | None
    stopped_s: float | None
    hidden_stop_max_s: float | None


class IsolationFacet(Struct, frozen=True, kw_only=True):
    """How fast the drug follows coolant or other goods [1/h], and what that says."""

    status: IsolationWord
    coupling_per_h: float | None
    interval_95: Interval | None
    limit_per_h: float | None
    default_limit_per_h: Annotated[
        float | UnsetType | None,
        Meta(
            description="The rule pack's own limit. Contact is named only above both limits, "
            "isolation only below both."
        ),
    ] = UNSET
    limit_source: Annotated[
        LimitWord | UnsetType,
        Meta(
            description="Who set the limit: the manifest's qualification, the box model in "
            "config, trips of the same model (see evidence.fleet_limits), the office's register "
            "(see evidence.office), or the rule pack's setting."
        ),
    ] = UNSET
    limit_trips: Annotated[
        int | UnsetType | None,
        Meta(description="With the source fleet, the number of trips it was learned from."),
    ] = UNSET
    reason: str | UnsetType = UNSET
    probe: str | UnsetType | None = UNSET


class Isolation(Struct, frozen=True):
    """Isolation of the drug from the coolant and from other goods."""

    coolant: IsolationFacet
    goods: IsolationFacet


class Sensor(Struct, frozen=True, kw_only=True):
    """The grid that the values of one probe of one logger keep; null: none is discernible."""

    logger: str | None
    probe: str
    grid_c: Annotated[float, Meta(gt=0)] | None
    readings: Annotated[int, Meta(ge=1)]
    off_grid: Annotated[int, Meta(ge=0)] | None


class FleetLimit(Struct, frozen=True, kw_only=True):
    """An exchange limit learned from trips; limit_per_h follows from typical_per_h and spread."""

    model: str
    limit_per_h: float
    typical_per_h: Annotated[float, Meta(description="Median of the trips' rates.")]
    spread: Annotated[
        float,
        Meta(description="Robust standard deviation of the natural logarithm of the rates."),
    ]
    trips: Annotated[int, Meta(ge=1)]
    first_ended: Instant
    last_ended: Instant
    trips_sha256: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{64}$",
            description="Over the trips, a line each by end: shipment,rate,low,high with six "
            "decimals.",
        ),
    ]


class FleetLimits(Struct, frozen=True):
    """What limits learned from compliant trips of the same box model rest on."""

    coolant: FleetLimit | UnsetType = UNSET
    goods: FleetLimit | UnsetType = UNSET


class Unshown(Struct, frozen=True, kw_only=True):
    """What no record can show, where this one leaves it open: it says nothing of anybody."""

    code: UnshownWord
    text: Text


class OtherDelivery(Struct, frozen=True, kw_only=True):
    """Another shipment of the same box that was delivered on the way, and where it was to go."""

    shipment: str
    delivered_at: Instant
    lat: float
    lon: float
    radius_m: float


class Challenged(Struct, frozen=True, kw_only=True):
    """An officer had a probe warmed or cooled on the way. What it then said is drawn and not
    judged: unknown time, ten minutes at most, and none where the probe was out of range already."""

    id: str
    probe: str
    action: ChallengeAction
    ordered_at: Instant
    outcome: ChallengeOutcome | Literal["open"]
    disturbed_to: Annotated[
        Instant | None, Meta(description="Null where nothing was disturbed: no step was seen.")
    ]


class Evidence(Struct, frozen=True, kw_only=True):
    """What was judged, by what."""

    readings_sha256: str
    rules: str
    software: str
    mkt_method: str | UnsetType = UNSET
    deletion_would_show: bool | UnsetType = UNSET
    cannot_show: Annotated[
        tuple[Unshown, ...] | UnsetType,
        Meta(
            description="By what this record could have been made to look better without a trace "
            "in it; absent in results from before it was told."
        ),
    ] = UNSET
    sensors: Annotated[
        tuple[Sensor, ...] | UnsetType,
        Meta(
            description="Of each probe of each logger in the judged window: the grid its values "
            "keep, null where none is discernible (off_grid is then null too), and how many "
            "readings lie off it. A fact, not a finding."
        ),
    ] = UNSET
    fleet_limits: Annotated[
        FleetLimits | UnsetType, Meta(description="Absent where no such limit was used.")
    ] = UNSET
    deliveries: Annotated[
        tuple[OtherDelivery, ...] | UnsetType,
        Meta(
            description="Other shipments of the same box delivered while this one was in custody; "
            "a stay before their door is explained by them. Absent where there is none."
        ),
    ] = UNSET
    challenges: Annotated[
        tuple[Challenged, ...] | UnsetType,
        Meta(description="Absent where no probe was challenged."),
    ] = UNSET
    office: Annotated[
        OfficeFacts | UnsetType,
        Meta(
            description="What the office has on record of the shipment and what officers saw; it "
            "counts in place of what the manifest says. Absent where there is nothing."
        ),
    ] = UNSET


class Warning(Struct, frozen=True, kw_only=True):
    """What was not understood, or not used, on the way to the result; it weighs on no line."""

    code: Annotated[str, Meta(examples=["unnamed_logger"])]
    text: Text


class CheckResult(Struct, frozen=True, kw_only=True):
    """One shipment's result, schema coldwitness.check/1. What it says is a clue to be checked
    (疑似/待核查), never a finding of guilt. Numbers that could not be computed are null."""

    schema: Literal["coldwitness.check/1"]
    shipment: str
    state: Annotated[
        StateWord | UnsetType,
        Meta(description="Whether custody has begun, is under way, or has ended"),
    ] = UNSET
    as_of: Annotated[
        Instant | UnsetType,
        Meta(description="The present by which one in transit was judged; else absent"),
    ] = UNSET
    verdict: Verdict
    window: Window
    findings: tuple[Finding, ...]
    requirements: Annotated[tuple[RequirementLine, ...], Meta(min_length=1)]
    items: tuple[Item, ...]
    metrics: Metrics
    isolation: Isolation
    coverage: Coverage | UnsetType = UNSET
    evidence: Evidence
    warnings: tuple[Warning, ...] | UnsetType = UNSET
    compared: Annotated[
        "CheckResult | UnsetType",
        Meta(
            description="Only with `check --compare-rules`: the result of the same shipment under "
            "that rule pack, whose lines are its own."
        ),
    ] = UNSET
