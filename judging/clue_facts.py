"""What a clue tells beside its findings: parties, place, rules, competent office, evidence."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec
import numpy as np

from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.config.labels import labels
from coldwitness.config.offices import Matter, load_matter_rules, load_office_rules, office_name
from coldwitness.config.rules import Requirement
from coldwitness.domain.clues import (
    Act,
    ActPlace,
    ClueBasis,
    CompetentOffice,
    EvidenceItem,
    Party,
    PartyRole,
)
from coldwitness.domain.company_codes import credit_code_mistake, division_code_mistake
from coldwitness.domain.digests import sm3
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Company, Manifest, Place, Site
from coldwitness.domain.reach import division_prefix
from coldwitness.domain.result import CheckResult, Finding, RequirementLine
from coldwitness.domain.text import Text
from coldwitness.storage.clue_ports import ToldOfShipment

SUMMARY_MOST = 200
"""Characters of 事实摘要."""


def parties_of(manifest: Manifest | None) -> tuple[Party, ...]:
    """Seller, courier and platform as the manifest names them, with what of their codes cannot be
    right."""
    if manifest is None:
        return ()
    found = []
    if manifest.seller is not None:
        found.append(_company("seller", manifest.seller))
    if manifest.courier is not None:
        found.append(_company("courier", manifest.courier))
    if manifest.delivery is not None and manifest.delivery.platform:
        found.append(Party(role="platform", name=manifest.delivery.platform))
    return tuple(found)


def links_of(manifest: Manifest | None) -> tuple[tuple[str, str], ...]:
    """By what clues of different shipments belong together beside their companies: boxes and
    batches."""
    if manifest is None:
        return ()
    boxes = [manifest.box.id, *(box.id for box in manifest.further_boxes())]
    found = [("box", box) for box in boxes if box]
    for item in manifest.items:
        product = item.approval_number or item.name
        if item.batch and product:
            found.append(("batch", f"{product} {item.batch}"))
    return tuple(dict.fromkeys(found))


def place_of(findings: Sequence[Finding], manifest: Manifest | None) -> ActPlace | None:
    """Where the gravest finding that has a place took place; name and division of the manifest's
    place within whose radius it lies. None: no position tells."""
    where = next((one.where for one in findings if one.where is not None), None)
    if where is None or where.lat is None or where.lon is None:
        return None
    spots = _spots(manifest)
    away_m = haversine_m(
        lat_deg=np.array([spot.lat for spot, _ in spots]),
        lon_deg=np.array([spot.lon for spot, _ in spots]),
        to_lat_deg=np.array([where.lat]),
        to_lon_deg=np.array([where.lon]),
    )
    for (spot, division), distance_m in zip(spots, away_m.tolist(), strict=True):
        if distance_m <= spot.radius_m:
            return ActPlace(name=spot.name, lat=where.lat, lon=where.lon, division=division)
    return ActPlace(lat=where.lat, lon=where.lon)


def act_of(findings: Sequence[Finding]) -> Act:
    """From the earliest start to the latest end; null where one of them has none."""
    starts = [one.start for one in findings]
    ends = [one.end for one in findings]
    return Act(
        start=None if None in starts else min((s for s in starts if s), key=instant_ms),
        end=None if None in ends else max((e for e in ends if e), key=instant_ms),
    )


def basis_of(
    requirements: Sequence[str], lines: Mapping[str, Requirement]
) -> tuple[ClueBasis, ...]:
    """The rule pack's lines that the clue bears on. lines : those of the pack, by id."""
    found = []
    for name in requirements:
        line = lines.get(name)
        if line is not None:
            found.append(
                ClueBasis(
                    requirement=name,
                    title=line.title,
                    document=line.source,
                    article=line.article,
                    confirmed=line.confirmed,
                    duty_of=line.duty,
                )
            )
    return tuple(found)


def accused_line(result: CheckResult, requirements: Sequence[str]) -> RequirementLine | None:
    """The first of the lines that gives bounds of what was found."""
    for line in result.requirements:
        if line.id in requirements and line.least is not None and line.status != "compliant":
            return line
    return None


def summary_of(findings: Sequence[Finding]) -> Text:
    """What it is about, in at most 200 characters of Chinese; an officer reads the rest below."""
    kind = next((one for one in finding_kinds() if one.kind == findings[0].kind), None)
    zh, en = (
        ("", "")
        if kind is None
        else (f"{kind.kind_title.zh}（待核查）：", f"{kind.kind_title.en} (to be checked): ")
    )
    zh += "；".join(dict.fromkeys(one.explanation.zh.rstrip("。") for one in findings)) + "。"
    en += " ".join(dict.fromkeys(one.explanation.en for one in findings))
    return Text(_shortened(zh, SUMMARY_MOST), _shortened(en, 3 * SUMMARY_MOST))


def told_once(texts: Sequence[Text | None]) -> tuple[Text, ...]:
    """Each text that is there, once."""
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def evidence_of(result: CheckResult, told: ToldOfShipment) -> tuple[EvidenceItem, ...]:
    """What the clue rests on, with digests where they were taken."""
    at = f"/v1/shipments/{result.shipment}"
    found = [
        EvidenceItem(
            name=Text("判定所用读数", "readings it was judged by"),
            sha256=result.evidence.readings_sha256,
            sm3=None,
            href=f"{at}/readings?format=json",
        )
    ]
    if told.manifest is not None:
        found.append(
            EvidenceItem(
                name=Text(
                    f"运单第 {told.manifest_version} 版",
                    f"manifest version {told.manifest_version}",
                ),
                sha256=told.manifest_sha256,
                sm3=sm3(msgspec.json.encode(told.manifest, order="sorted")),
                href=at,
            )
        )
    for one in told.attachments:
        kind = labels("clues")["attachments"][one.kind]
        found.append(
            EvidenceItem(
                name=Text(_named(kind.zh, one.name), _named(kind.en, one.name)),
                sha256=one.sha256,
                sm3=None,
                href=f"{at}/attachments/{one.sha256}",
            )
        )
    return tuple(found)


def office_of(
    parties: Sequence[Party],
    place: ActPlace | None,
    *,
    duty_of: Sequence[str] = (),
    own_division: str | None,
    day: date,
) -> CompetentOffice | None:
    """The office that should have it. duty_of : who bears the duty, in the words of rule packs;
    a platform is asked only where none but it does. own_division : this office's area, None where
    the settings name none. None: no rule in force meets a party whose place is known."""
    only_platform = bool(duty_of) and set(duty_of) <= {"platform"}
    by_role = {party.role: party for party in parties}
    for rule in load_office_rules():
        party = by_role.get(rule.role)
        if party is None or not rule.in_force(day):
            continue
        if (rule.role == "platform") != only_platform:
            continue
        division = party.division
        if rule.by == "act":
            division = place.division if place is not None else None
        if division is None or len(division) < 6 or division_code_mistake(division) is not None:
            continue
        if rule.level == "province":
            division = f"{division[:2]}0000"
        return CompetentOffice(
            name=office_name(division, rule.level),
            division=division,
            rule=_rule_text(rule.title, rule.document, rule.article),
            transfer=own_division is not None
            and not division.startswith(division_prefix(own_division)),
        )
    return None


def department_for(matter: Matter, *, day: date) -> CompetentOffice | None:
    """The department in charge of a matter that an officer sees in a clue; None: no rule in force
    on that day names one."""
    for rule in load_matter_rules():
        if rule.matter == matter and rule.in_force(day):
            return CompetentOffice(
                name=rule.department,
                division=None,
                rule=_rule_text(rule.title, rule.document, rule.article),
                transfer=True,
            )
    return None


def _rule_text(title: Text, document: Text, article: Text | None) -> Text:
    return Text(
        f"{title.zh}（{document.zh}{article.zh if article else ''}）",
        f"{title.en} ({document.en}{', ' + article.en if article else ''})",
    )


def _named(kind: str, name: str | None) -> str:
    return kind if name is None else f"{kind} {name}"


def _company(role: PartyRole, company: Company) -> Party:
    return Party(
        role=role,
        name=company.name,
        id=company.id,
        uscc=company.uscc,
        uscc_mistake=None if company.uscc is None else credit_code_mistake(company.uscc),
        division=company.division,
        division_mistake=None
        if company.division is None
        else division_code_mistake(company.division),
    )


def _spots(manifest: Manifest | None) -> list[tuple[Place | Site, str | None]]:
    """Places of the manifest, each with its division; the seller's is that of the origin too."""
    if manifest is None:
        return []
    found: list[tuple[Place | Site, str | None]] = []
    if manifest.origin is not None:
        seller = manifest.seller.division if manifest.seller is not None else None
        found.append((manifest.origin, manifest.origin.division or seller))
    if manifest.destination is not None:
        found.append((manifest.destination, manifest.destination.division))
    return [*found, *((site, None) for site in manifest.sites)]


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
