"""What differs between a recorded result and one of the same shipment judged again."""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from coldwitness.domain.result import CheckResult
from coldwitness.domain.words import Certainty

Matter = Literal["verdict", "line", "finding"]
ABSENT = "absent"
"""Of a line or a kind of finding that one of the two results does not have."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. matter, name : the verdict (name ""), a requirement line by its id, or a kind
    of finding. recorded, now : verdict, status, or the worst certainty of that kind."""

    day: str
    shipment: str
    courier: str | None
    division: str | None
    matter: Matter
    name: str
    recorded: str
    now: str
    recorded_rules: str
    rules: str


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a change is counted with. day : the shipment's first, UTC."""

    day: str
    courier: str | None
    division: str | None


def changes_between(recorded: CheckResult, now: CheckResult, whose: Whose) -> Iterator[Change]:
    """The verdict first, then lines and kinds of finding by name; nothing for results that say the
    same. Reworded explanations and other measures are no change."""
    told: tuple[tuple[Matter, Mapping[str, str], Mapping[str, str]], ...] = (
        ("verdict", {"": recorded.verdict}, {"": now.verdict}),
        ("line", _lines(recorded), _lines(now)),
        ("finding", _findings(recorded), _findings(now)),
    )
    for matter, before, after in told:
        for name in sorted({*before, *after}):
            was, becomes = before.get(name, ABSENT), after.get(name, ABSENT)
            if was != becomes:
                yield Change(
                    day=whose.day,
                    shipment=now.shipment,
                    courier=whose.courier,
                    division=whose.division,
                    matter=matter,
                    name=name,
                    recorded=was,
                    now=becomes,
                    recorded_rules=recorded.evidence.rules,
                    rules=now.evidence.rules,
                )


def _lines(result: CheckResult) -> dict[str, str]:
    return {line.id: line.status for line in result.requirements}


def _findings(result: CheckResult) -> dict[str, str]:
    worst: dict[str, Certainty] = {}
    for finding in result.findings:
        kind = f"{finding.kind}/{finding.subtype}"
        certainty = Certainty[finding.certainty.upper()]
        worst[kind] = max(certainty, worst.get(kind, certainty))
    return {kind: certainty.name.lower() for kind, certainty in worst.items()}
