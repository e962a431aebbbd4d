"""The report as data, `coldwitness.report/2`: everything the page and the PDF show.

Frozen msgspec structs. Times are RFC 3339 UTC texts, as everywhere in our JSON; what could
not be computed is None. Whatever is shown in two languages is a `Text`.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from coldwitness.domain.coverage import CoverageGap, CoveredProbe, PositionGap
from coldwitness.domain.result import CheckResult, Setting
from coldwitness.domain.text import Text
from coldwitness.storage.journal.key_history import KeyStatement

SCHEMA = "coldwitness.report/2"
EARLIER = ("coldwitness.report/1",)
"""Forms made before: of them what `Evidenced` holds can be read."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the first page says. `sentences`: what was found, how much was seen, what to do."""

    verdict: str
    word: Text
    sentences: tuple[Text, Text, Text]


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement of the result together with what the rule pack says about its source.

    duty : whom it binds; source_kind : of what kind its source is, words of the rule pack.
    basis : the facts alone.  legal : where the rule stands; says 条款待核 unless the article was
    seen in the official text.  least, most, bounds_of, setting : as the result gives them.
    """

    id: str
    title: Text
    status: str
    asks: str = "telemetry"
    duty: tuple[str, ...] = ()
    source_kind: str = ""
    findings: tuple[str, ...]
    basis: Text
    legal: Text
    article_confirmed: bool
    least: float | None
    most: float | None
    bounds_of: str | None = None
    setting: Setting | None
    against: tuple[Text, ...]
    would_settle: tuple[Text, ...]


class RuleNumber(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: Text
    value: float
    unit: str
    set_by: str
    confirmed: str
    source: str


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: str
    title: Text
    source: str
    valid_from: str
    valid_to: str | None
    numbers: tuple[RuleNumber, ...]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """By what this shipment was judged; `*_source` says who set the number."""

    start: str | None
    end: str | None
    low_c: float | None
    high_c: float | None
    accuracy_c: float | None
    """The logger's stated uncertainty; None: by the pack."""
    accuracy_above_zero_c: float
    accuracy_below_zero_c: float
    slew_max_c_per_min: float
    slew_source: str
    recording_interval_s: float
    logger_interval_s: float | None
    assumed_storage: str | None
    """Storage class taken where the manifest gave none."""


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of known time with low_c <= T < high_c."""

    low_c: float
    high_c: float
    seconds: float


class Polyline(msgspec.Struct, frozen=True, kw_only=True):
    """A line through readings. rows : stretches of rows of `Report.readings`, first and last of
    each, in the order of drawing. begins : positions among all these rows at which the line
    begins anew: the step to it is unknown time, or an edge of the window."""

    rows: tuple[tuple[int, int], ...]
    begins: tuple[int, ...]


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """Time at temperature of the judged probe; unseen time is a bar of its own."""

    probe: str
    bins: tuple[Bin, ...]
    unseen_s: float


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """A break of the cold chain, numbered as on the chart."""

    number: int
    finding: str
    subtype: str
    probe: str | None
    logger: str | None
    certainty: str
    start: str
    end: str
    duration_s: float
    limit_c: float | None
    peak_c: float | None
    degree_minutes: float | None
    explanation: Text
    would_settle: Text | None


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Standing at one place. role: origin, destination, allowed, suspected, confirmed, brief."""

    number: int
    start: str
    end: str
    duration_s: float
    lat: float
    lon: float
    radius_m: float
    role: str
    site: str | None
    finding: str | None
    signs: tuple[str, ...]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """distance_m and the like repeat the result's metrics; None where no position was given."""

    positions: int
    distance_m: float | None
    stopped_s: float | None
    hidden_stop_max_s: float | None
    position_gaps: tuple[PositionGap, ...]
    way: Polyline
    stops: tuple[Stop, ...]


class CustodyStep(msgspec.Struct, frozen=True, kw_only=True):
    """An event, or a time that the manifest declares. No actor and no note: they may be people."""

    time: str
    what: Text
    source: Text
    site: str | None


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A logger that took part. calibration: valid, expired, unknown (on the shipment's day)."""

    logger: str
    declared: bool
    readings: int
    first: str | None
    last: str | None
    interval_s: float | None
    accuracy_c: float | None
    calibrated_until: str | None
    calibration: str


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """Every reading of the shipment, inside and outside the window, in the order of Tracks.

    Columns of equal length; None where absent. `logger` indexes `loggers`. They are
    `columns.Column`, and lists where a report that was read says what these never say.
    """

    loggers: tuple[str, ...]
    time: Sequence[str]
    received: Sequence[str | None]
    logger: Sequence[int]
    seq: Sequence[int | None]
    conflict: Sequence[int]
    """Row numbers of readings that contradict another of the same logger and time."""
    temperature_c: dict[str, Sequence[float | None]]
    lat: Sequence[float | None]
    lon: Sequence[float | None]
    accuracy_m: Sequence[float | None]
    lid_open: Sequence[bool | None]
    moving: Sequence[bool | None]
    light_lux: Sequence[float | None]


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """One officer's review. Officers are named by their number, not by their name."""

    officer: str
    decision: str
    reasons: str
    at: str
    result_version: int | None = None
    """Of which version of the result."""
    attachment: str | None = None
    """SHA-256 of the photograph that was looked at."""


class AttachedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A photograph or paper put to the shipment, by its digest; never judged by itself."""

    sha256: str
    kind: str
    name: str | None
    at: str


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of its own: it never changes what was computed. `reviewed` takes two officers.

    earlier : opinions on versions of the result that later evidence has replaced. attachments :
    files put to the shipment, oldest first.
    """

    state: Literal["unreviewed", "reviewed"] = "unreviewed"
    opinions: tuple[Opinion, ...] = ()
    earlier: tuple[Opinion, ...] = ()
    attachments: tuple[AttachedFile, ...] = ()


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where the report was made from."""

    software: str
    readings_from: tuple[str, ...]
    """`store`, or the names of the files."""
    result_version: int | None = None
    address: str | None = None
    """Where the report can be fetched; goes into the QR code."""


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """What the office that issues the report gives it; sealed with the rest, taken as it is."""

    number: str | None = None
    issued: str | None = None
    """The date of issue as the office writes it."""
    office: str | None = None


class BesideLine(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: Text
    status: str


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What the pack in force says of the same evidence, where the report is judged by another.

    rules : the pack's id and version. lines : in the order of that pack.
    """

    rules: str
    title: Text
    verdict: str
    lines: tuple[BesideLine, ...]


class SentManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the manifest as it was sent. counts : the one in force when custody began, or
    that officers accepted; earlier ones had been replaced by then."""

    version: int
    received_at: str | None
    sender: str | None
    accepted: bool
    counts: bool
    manifest: dict[str, Any]


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """Digests over the RFC 8785 form of the report without its seal; signature over the same.
    keys : which keys vouched for the one that signed, where that is known.
    """

    sha256: str
    sm3: str
    algorithm: str | None = None
    public_key: str | None = None
    signature: str | None = None
    keys: tuple[KeyStatement, ...] | msgspec.UnsetType = msgspec.UNSET

    def stated(self) -> tuple[KeyStatement, ...]:
        return () if self.keys is msgspec.UNSET else self.keys


class Evidenced(msgspec.Struct, frozen=True, kw_only=True):
    """What every version of the report says in one form: its result, all that it was judged from
    and by, and its seal."""

    schema: str
    shipment: str
    decision: Decision
    result: CheckResult
    terms: Terms
    rules: Rules
    manifest: dict[str, Any] | None
    events: tuple[dict[str, Any], ...]
    readings: Readings
    origin: Origin
    review: Review = Review()
    manifest_versions: tuple[SentManifest, ...] | msgspec.UnsetType = msgspec.UNSET
    """Only where there are several; `manifest` is then what counts of them."""
    beside: Beside | None = None
    """Only where the report was asked for under another pack than the one in force."""
    issue: Issue | None = None
    """Only where the office gave a number, a date or its name."""
    seal: Seal | None = None


class Report(Evidenced, frozen=True, kw_only=True):
    """The whole. probes, gaps : as `coverage` of the result has them.

    lines : of each probe that gave a value, by its name, what draws it."""

    requirements: tuple[RuleLine, ...]
    probes: tuple[CoveredProbe, ...]
    worst_probe: str | None
    distribution: Distribution | None
    gaps: tuple[CoverageGap, ...]
    lines: dict[str, Polyline]
    episodes: tuple[Episode, ...]
    route: Route
    custody: tuple[CustodyStep, ...]
    instruments: tuple[Instrument, ...]
    against: tuple[Text, ...]
    methods: tuple[Text, ...]
