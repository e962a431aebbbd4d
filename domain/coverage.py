"""What was seen of a shipment and what was not, as its result tells it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from coldwitness.domain.measures import Instant

StateWord = Literal["in", "recorded", "doubtful", "out", "unseen"]
SpanState = Annotated[
    StateWord,
    Meta(
        description="in, out: by the limits of the drug; doubtful: beyond a limit by no more than "
        "the sensor's uncertainty; recorded: a probe that no limit is asked of; unseen: no "
        "reading, or a reading is missing."
    ),
]
Length = Annotated[float, Meta(ge=0)]


class CoveredSpan(Struct, frozen=True):
    """A stretch of the window in one state."""

    start: Instant
    end: Instant
    state: SpanState


class CoveredProbe(Struct, frozen=True, kw_only=True):
    """What one probe of one logger, or of loggers that follow each other, recorded."""

    name: Annotated[
        str,
        Meta(
            description="The probe, with its loggers in brackets where several series of it stand "
            "side by side."
        ),
    ]
    probe: str
    loggers: Annotated[
        tuple[str, ...],
        Meta(
            description="In the order in which they came: those that follow each other are one "
            "series."
        ),
    ]
    judged: Annotated[bool, Meta(description="It measures the drug.")]
    worst: Annotated[
        bool, Meta(description="Its numbers are those of metrics; true of one probe a shipment.")
    ]
    readings: Annotated[int, Meta(ge=0)]
    first: Instant | None
    last: Instant | None
    min_c: float | None
    max_c: float | None
    mean_c: Annotated[float | None, Meta(description="Over recorded time.")]
    spans: Annotated[
        tuple[CoveredSpan, ...],
        Meta(description="The window cut into stretches, oldest first; they fill it."),
    ]
    recorded_s: Length
    out_s: Length
    doubtful_s: Length
    unseen_s: Length
    longest_unseen_s: Length


class CoverageGap(Struct, frozen=True, kw_only=True):
    """Unseen time of a drug probe, and how far the temperature can have gone in it."""

    probe: Annotated[str, Meta(description="Name of the probe in probes.")]
    start: Instant
    end: Instant
    length_s: Length
    start_c: Annotated[
        float | None,
        Meta(description="The reading at the start; null at the edge of the window."),
    ]
    end_c: float | None
    lowest_c: Annotated[
        float | None,
        Meta(
            description="How far the temperature can have gone by the readings at both ends and "
            "the box's fastest change; null where nothing bounds it."
        ),
    ]
    lowest_at: Instant | None
    highest_c: float | None
    highest_at: Instant | None
    could_leave_range: bool


class PositionGap(Struct, frozen=True):
    """Time without a position."""

    start: Instant
    end: Instant
    length_s: Length
    hidden_stop_max_s: Annotated[float, Meta(ge=0, description="The longest stop that fits.")]


class CoveredPositions(Struct, frozen=True):
    """Where positions were given and where not."""

    fixes: Annotated[
        int, Meta(ge=0, description="Positions in the window; exactly 0°, 0° is none.")
    ]
    gaps: Annotated[
        tuple[PositionGap, ...],
        Meta(
            description="Time without a position longer than the setting, the ends of the window "
            "included."
        ),
    ]


class Coverage(Struct, frozen=True):
    """What was seen of the window, and what was not. The report shows the same."""

    probes: Annotated[
        tuple[CoveredProbe, ...],
        Meta(
            description="By role: drug, coolant, ambient, goods, others. A shipment without any "
            "value of the drug has a probe drug that recorded nothing."
        ),
    ]
    gaps: Annotated[
        tuple[CoverageGap, ...],
        Meta(
            description="Unseen time of the drug's probes, as long as it may be: also a missing "
            "number within the permitted interval."
        ),
    ]
    positions: CoveredPositions
