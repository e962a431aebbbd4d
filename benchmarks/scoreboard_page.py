"""The scoreboard as a page of Markdown."""

from collections.abc import Sequence

from benchmarks.scoreboard_aims import aims
from benchmarks.scoreboard_run import Answers
from benchmarks.scoreboard_score import (
    ACCUSING,
    ACQUITTING,
    ClassScore,
    Detection,
    FalseFindings,
    upper_bound,
)

_HEAD = """# Scoreboard

How often the judgements are right, measured on simulated deliveries whose truth is known.
Made by `make scoreboard` (`python -m benchmarks.scoreboard`); the same seed gives the same
figures. Every shipment is written to files and judged by the code path of `coldwitness check`.

**What it proves and what not.** The simulator is not built like the detectors:

| | the simulator | the judgement |
|---|---|---|
| heat | seven nodes (drug surface and core, air, two of the wall, coolant, goods), latent heat, \
convection that grows with the difference, a melted layer that insulates, sun, wind, lid | one \
equation of first order between three or four probes, solved over windows; nothing of air, wall, \
latent heat or the lid but leaving its time out |
| contact | a conductance between drug surface and coolant, with the drug's core behind it | one \
rate per hour; the drug has no inside |
| temperature | true curve every 5 s, read by probes with lag, offset, noise and grid | straight \
lines between readings, the stated accuracy, and the box's fastest change in unseen time |
| way | streets, lights, jams, halts, doors; fixes that err alike, jump and get worse indoors | \
positions and times only, no map, no road, no model of the receiver |
| faults and fraud | made on the record's way from probe to message | seen in the record alone |

Its authors did not tune one against the other. Still, both come from one house: these figures are
an upper bound on what real boxes will show, and no detector may be tuned on them. Isolation is
therefore also held against three worlds of another structure (docs/isolation.md), stops against
one and against other libraries (docs/temporary-storage.md).

*Accused* is `breach` or `suspected`. An `asserted` record
counts as compliant: a word that acquits is an acquittal. A *wrong compliant* is
`compliant` where something was truly
wrong (out of range by more than the sensor's uncertainty, stored, in contact, declared) or the
evidence truly lacking; a drug out of range by less than the sensor's accuracy, with every reading
inside, is `compliant` by the rules and not counted. *Recall* counts shipments with the finding that
the class asks for, at least `probable`; breaks are asked for where the drug was beyond the limit by
more than twice the sensor's uncertainty. The plain monitor is a threshold and a stay-point search
(benchmarks/scoreboard_baseline.py); it has no word for missing evidence.
"""


def page(
    scores: Sequence[ClassScore],
    runs: Sequence[Answers],
    untrue: Sequence[FalseFindings],
    found: Sequence[Detection],
) -> str:
    """The whole page."""
    parts = [_HEAD, _summary(scores, runs, found), _clean(scores), _standing(scores)]
    parts.append(_violations(scores))
    parts += [
        _timing(scores),
        _isolation(found),
        _findings(untrue),
        _evidence(scores),
        _forged(scores),
    ]
    parts += [aims(scores, found), _seeds(scores, untrue)]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _summary(
    scores: Sequence[ClassScore], runs: Sequence[Answers], found: Sequence[Detection]
) -> str:
    clean = [score for score in scores if score.kind == "clean"]
    ours, n = sum(len(s.accused) for s in clean), sum(s.shipments for s in clean)
    plain = sum(score.plain_accused for score in clean)
    wrong = sum(len(s.wrong_compliant) for s in scores if s.kind in ("violation", "evidence"))
    plain_wrong = sum(s.plain_wrong_compliant for s in scores if s.kind != "forged")
    readings = sum(run.readings for run in runs)
    lines = [
        "## In short",
        "",
        f"{len(scores)} classes, {sum(s.shipments for s in scores)} shipments, "
        f"{readings} readings.",
        "",
        "| | ColdWitness | plain monitor |",
        "|---|---|---|",
        "| false accusations per 1,000 clean shipments (95 % upper bound; target at most 1) "
        f"| {_rate(ours, n)} | {_rate(plain, n)} |",
        f"| wrong `compliant`, record honest (target 0) | {wrong} | {plain_wrong} |",
    ]
    for title, target, subtypes in (
        ("recall, breaks beyond the uncertainty", "1.0", ("too warm", "too cold", "frozen")),
        ("recall, confirmed storage", "0.98", ("stored, recorded",)),
        ("recall, storage", "none set", ("left standing", "site overstayed", "stored in a room")),
        ("recall, contact with the coolant", "0.95", ("coolant contact",)),
        ("recall, contact with goods", "none set", ("goods contact",)),
    ):
        asked = [s for s in scores if s.kind == "violation" and s.question in subtypes]
        hits, of = sum(s.found for s in asked), sum(s.of for s in asked)
        accused, all_ = sum(_accusing(s.plain) for s in asked), sum(s.shipments for s in asked)
        lines.append(
            f"| {title} (target {target}) | {hits} of {of} ({_share(hits, of)}) "
            f"| accused {accused} of {all_} for whatever reason |"
        )
    lines += [
        f"| false contact with the {zone.zone}, per 1,000 isolated (target at most 1) "
        f"| {_rate(zone.as_judged[1], zone.isolated)} | knows no contact |"
        for zone in found
    ]
    return "\n".join(lines)


def _clean(scores: Sequence[ClassScore]) -> str:
    return _section(
        "Clean shipments",
        columns=(
            "| class | shipments | compliant | insufficient | accused | plain monitor accuses |"
        ),
        rows=[
            f"| {s.name} | {s.shipments} | {_acquitting(s.verdicts)} "
            f"| {s.verdicts['insufficient_evidence']} | {len(s.accused)} "
            f"| {s.plain_accused} |"
            for s in scores
            if s.kind == "clean"
        ],
    )


def _standing(scores: Sequence[ClassScore]) -> str:
    return _section(
        "Standing for a reason the record does not tell",
        columns=(
            "| class | what is true | compliant | insufficient | suspected | breach "
            "| plain monitor accuses |"
        ),
        rows=[
            f"| {s.name} | {s.question} | {_acquitting(s.verdicts)} "
            f"| {s.verdicts['insufficient_evidence']} | {s.verdicts['suspected']} "
            f"| {s.verdicts['breach']} | {s.plain_accused} |"
            for s in scores
            if s.kind == "standing"
        ],
        said=(
            "The box stood longer than the dwell setting, honestly: `suspected` is right by the "
            "rules until somebody says why, `breach` would be false."
        ),
    )


def _violations(scores: Sequence[ClassScore]) -> str:
    return _section(
        "Violations",
        columns=(
            "| class | what is true | recall | breach | suspected | insufficient | wrong compliant "
            "| plain monitor: accused / compliant |"
        ),
        rows=[
            f"| {s.name} | {s.question} | {s.found} of {s.of} | {s.verdicts['breach']} "
            f"| {s.verdicts['suspected']} | {s.verdicts['insufficient_evidence']} "
            f"| {len(s.wrong_compliant)} | {_accusing(s.plain)} / {s.plain['compliant']} |"
            for s in scores
            if s.kind == "violation"
        ],
    )


def _timing(scores: Sequence[ClassScore]) -> str:
    lines = [
        "## When, and how long",
        "",
        "Absolute errors against the true drug temperature and the true halt, median and 95th "
        "percentile. Probes lag by 45 to 120 s and may be 0.2 °C off; that is in the errors. "
        "*In bounds*: shipments whose true time out of range lies within "
        "`seconds_above_bounds` and `seconds_below_bounds`. The manifests state a response time "
        "of 120 s, by which the bounds open where the readings rise or fall.",
        "",
        "| class | onset error s | duration error s | in bounds | plain monitor's onset error s |",
        "|---|---|---|---|---|",
    ]
    for s in scores:
        if s.kind == "violation" and (s.onset_error_s or s.duration_error_s):
            bounds = "" if s.in_bounds is None else f"{s.in_bounds[0]} of {s.in_bounds[1]}"
            lines.append(
                f"| {s.name} | {_pair(s.onset_error_s)} | {_pair(s.duration_error_s)} | {bounds} "
                f"| {_pair(s.plain_onset_error_s)} |"
            )
    return "\n".join(lines)


def _isolation(found: Sequence[Detection]) -> str:
    lines = [
        "## Isolation",
        "",
        "Contacts found when the threshold is set so that 1 % or 0.1 % of the isolated boxes would "
        "be accused, by the lower end of the 95 % interval over the limit, and by the plain "
        "correlation of the probes' steps; and as judged with the limits of the manifests. Boxes "
        "with a few pens in them, which a guard holds back, are among the isolated with their "
        "fast rates.",
        "",
        "| zone | isolated | in contact | as judged: found / false | at 1 %: ours / correlation "
        "| at 0.1 %: ours / correlation |",
        "|---|---|---|---|---|---|",
    ]
    for d in found:
        at = " | ".join(f"{ours:.3f} / {plain:.3f}" for ours, plain in d.at.values())
        lines.append(
            f"| {d.zone} | {d.isolated} | {d.contact} | {d.as_judged[0]} / {d.as_judged[1]} "
            f"| {at} |"
        )
    return "\n".join(lines)


def _findings(untrue: Sequence[FalseFindings]) -> str:
    return _section(
        "Findings that say what is not so",
        columns=("| finding | shipments without it | false | per 1,000 (95 % upper bound) |"),
        rows=[
            f"| {f.subtype} | {f.shipments} | {f.untrue} | {_rate(f.untrue, f.shipments)} |"
            for f in untrue
        ],
        said=(
            "Over every class with an honest record, also those in which something else was wrong: "
            "`probable` or `certain` findings of a subtype on shipments of which it is not true. "
            "A box that stood for a reason the record does not tell was not stored: `suspected` is "
            "wrong."
        ),
    )


def _evidence(scores: Sequence[ClassScore]) -> str:
    return _section(
        "Evidence lacking",
        columns=(
            "| class | what is true | recall | insufficient | wrong compliant | accused "
            "| plain monitor: accused / compliant |"
        ),
        rows=[
            f"| {s.name} | {s.question} | {_noticed(s)} "
            f"| {s.verdicts['insufficient_evidence']} | {len(s.wrong_compliant)} "
            f"| {len(s.accused)} | {_accusing(s.plain)} / {s.plain['compliant']} |"
            for s in scores
            if s.kind == "evidence"
        ],
    )


def _forged(scores: Sequence[ClassScore]) -> str:
    return _section(
        "Forged records",
        columns=(
            "| class | what was done | noticed | accused | insufficient | compliant "
            "| plain monitor: accused / compliant |"
        ),
        rows=[
            f"| {s.name} | {s.question} | {_noticed(s)} "
            f"| {len(s.accused)} "
            f"| {s.verdicts['insufficient_evidence']} "
            f"| {_acquitting(s.verdicts)} "
            f"| {_accusing(s.plain)} / {s.plain['compliant']} |"
            for s in scores
            if s.kind == "forged"
        ],
        said=(
            "The drug was too warm (or, for copied curves, perhaps not) and the record was "
            "falsified before it was sent. A well-made forgery cannot be told from an honest "
            "record by its numbers alone: `compliant` here is wrong in fact and right by the "
            "record. It is counted "
            "apart and not hidden."
        ),
    )


def _seeds(scores: Sequence[ClassScore], untrue: Sequence[FalseFindings]) -> str:
    """Every mistake with what it takes to make it again, at most ten a class."""
    lines = [
        "## Mistakes, to be made again",
        "",
        "`simulate_fleet([scenario(NAME)], boxes=200, seed=SEED, end_ms=…)` with the end of "
        "benchmarks/scoreboard_run.py makes the same shipment; the first ten of each class.",
        "",
    ]
    head = len(lines)
    for s in scores:
        if s.kind in ("violation", "evidence"):
            lines += [f"- wrong compliant: {name}" for name in s.wrong_compliant[:10]]
        if s.kind in ("clean", "standing"):
            lines += [f"- falsely accused: {name}" for name in s.accused[:10]]
    for f in untrue:
        lines += [f"- false {f.subtype}: {name}" for name in f.names[:10]]
    if len(lines) == head:
        lines.append("None in this run.")
    return "\n".join(lines)


def _section(title: str, *, columns: str, rows: Sequence[str], said: str = "") -> str:
    """A heading, a paragraph where there is one, and a table."""
    rule = "|" + "---|" * (columns.count("|") - 1)
    lines = [f"## {title}", "", *([said, ""] if said else []), columns, rule, *rows]
    return "\n".join(lines)


def _noticed(score: ClassScore) -> str:
    return f"{score.found} of {score.of}" if score.of else "none asked"


def _acquitting(verdicts: dict[str, int]) -> int:
    return sum(verdicts[word] for word in ACQUITTING)


def _accusing(verdicts: dict[str, int]) -> int:
    return sum(verdicts[word] for word in ACCUSING)


def _rate(hits: int, of: int) -> str:
    return f"{1000 * hits / max(of, 1):.1f} ({1000 * upper_bound(hits, of):.1f})"


def _share(hits: int, of: int) -> str:
    return f"{hits / of:.3f}" if of else "none asked"


def _pair(errors: tuple[float, float] | None) -> str:
    return "" if errors is None else f"{errors[0]:.0f} / {errors[1]:.0f}"
