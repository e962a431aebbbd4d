"""What people are told of, as of now: decided from the board and the feed of clues, without asking
or writing anything."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coldwitness.api.clues.beyond_reach import summary_for_all
from coldwitness.api.live.board import OnTheRoad
from coldwitness.config.labels import labels
from coldwitness.config.settings import AlarmSettings
from coldwitness.domain.alarms import Alarm, AlarmRule
from coldwitness.domain.text import Text
from coldwitness.storage.clue_ports import ClueEntry

_WORDS = labels("alarms")["words"]
AWAY = 2.0
"""A drug that is so many times the warning time away from its limit again nears it no more."""


@dataclass(frozen=True)
class Occasions:
    """raised : to be told, where it is not yet. over : rule and subject of what holds no more."""

    raised: Sequence[Alarm]
    over: Sequence[tuple[AlarmRule, str]]


def on_the_road(
    rows: Mapping[str, OnTheRoad],
    standing: Sequence[Alarm],
    *,
    ended: frozenset[str],
    settings: AlarmSettings,
    now_ms: int,
) -> Occasions:
    """Of drugs near a limit and of silent boxes. standing : alarms that nobody settled yet, which
    are not raised again. ended : shipments of these that are under way no more; one that is merely
    not on the board (yet) is left as it is."""
    known = {(alarm.rule, alarm.subject) for alarm in standing}
    raised, silent, away = [], set(), set()
    for name, row in rows.items():
        silent_ms, to_limit_s = now_ms - row.heard_ms, row.newest.to_limit_s
        if silent_ms >= settings.silent_minutes * 60_000:
            silent.add(name)
            if ("silent", name) not in known:
                minutes = str(silent_ms // 60_000)
                raised.append(_alarm("silent", name, now_ms, minutes=minutes))
        elif ("near_limit", name) in known or to_limit_s is None:
            pass
        elif 0 < to_limit_s <= settings.minutes_to_limit * 60:
            raised.append(_near(name, row, now_ms, to_limit_s=to_limit_s))
        if to_limit_s is None or to_limit_s > AWAY * settings.minutes_to_limit * 60:
            away.add(name)
    over = [
        (alarm.rule, alarm.subject)
        for alarm in standing
        if alarm.rule != "clue"
        and (
            alarm.subject in ended
            or (alarm.rule == "near_limit" and alarm.subject in away)
            or (alarm.rule == "silent" and alarm.subject in rows and alarm.subject not in silent)
        )
    ]
    return Occasions(raised, over)


def of_clues(entries: Iterable[ClueEntry], *, now_ms: int) -> Occasions:
    """Of clues that are certain, each once, and again where it was withdrawn and came back. One
    that somebody works on, or that was withdrawn, is told of no more."""
    raised: list[Alarm] = []
    over: list[tuple[AlarmRule, str]] = []
    for entry in entries:
        clue = entry.clue
        if clue.standing == "withdrawn" or clue.status != "received":
            raised = [alarm for alarm in raised if alarm.subject != clue.id]
            over.append(("clue", clue.id))
        elif clue.certainty == "certain" and entry.change.kind != "due":
            again = str(entry.change.version) if entry.change.kind == "reopened" else ""
            whose = clue.shipment or clue.source_number or clue.id
            summary = summary_for_all(clue)
            told = {"shipment": whose, "zh": summary.zh, "en": summary.en}
            title, text = _words("clue", told)
            name = _name("clue", clue.id, again)
            raised.append(Alarm(name, "clue", clue.id, clue.shipment, title, text, now_ms))
    return Occasions(raised, over)


def _near(name: str, row: OnTheRoad, now_ms: int, *, to_limit_s: float) -> Alarm:
    drug = [f"{value_c:.1f}" for value_c in row.drug_c]
    return _alarm(
        "near_limit",
        name,
        now_ms,
        celsius=" / ".join(drug),
        minutes=str(max(round(to_limit_s / 60), 1)),
        limit=f"{row.newest.limit_c:.1f}",
    )


def _alarm(rule: AlarmRule, shipment: str, now_ms: int, **told: str) -> Alarm:
    title, text = _words(rule, {"shipment": shipment, **told})
    name = _name(rule, shipment, str(now_ms))
    return Alarm(name, rule, shipment, shipment, title, text, now_ms)


def _name(*of: str) -> str:
    return "al_" + hashlib.sha256("\n".join(of).encode()).hexdigest()[:24]


def _words(rule: AlarmRule, told: Mapping[str, str]) -> tuple[Text, Text]:
    title, text = _WORDS[f"{rule}_title"], _WORDS[f"{rule}_text"]
    return _filled(title, told), _filled(text, told)


def _filled(text: Text, told: Mapping[str, str]) -> Text:
    return Text(
        text.zh.format_map({"summary": told.get("zh", ""), **told}),
        text.en.format_map({"summary": told.get("en", ""), **told}),
    )
