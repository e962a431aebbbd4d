"""What the office has on record in place of, and beside, what a manifest says."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np

from coldwitness.analysis.terms import LimitSource, OnRecord, Sites, Terms
from coldwitness.config.ban_list import load_ban_list
from coldwitness.config.rules import day_start_s
from coldwitness.config.storage_classes import StorageClass
from coldwitness.domain.manifest import Item, Limits, Manifest, Qualification, Site
from coldwitness.domain.office import NOTHING_ON_RECORD, OfficeFacts, OfficeSite
from coldwitness.domain.tracks import CodeArray, FloatArray
from coldwitness.judging.banned_drugs import bans_of
from coldwitness.judging.delegation import parties

_PARTITION = {"built_in": 1, "removable": -1, "none": 0}


def bearing_on(manifest: Manifest, facts: OfficeFacts) -> OfficeFacts:
    """The facts without what speaks of another box, of other products or other companies than this
    manifest: they were gathered by the newest version, and an earlier one may count."""
    if facts.box is not None and manifest.box.id not in (None, facts.box.id):
        facts = msgspec.structs.replace(facts, box=None)
    products = tuple(
        its
        for its in facts.products
        if its.item < len(manifest.items)
        and its.number
        in (manifest.items[its.item].approval_number, manifest.items[its.item].trace_code)
    )
    agreements = tuple(
        its for its in facts.agreements if (its.seller, its.carrier) == parties(manifest)
    )
    banned = bans_of(manifest.items, facts.banned, load_ban_list())
    if (products, agreements, banned) == (facts.products, facts.agreements, facts.banned):
        return facts
    return msgspec.structs.replace(facts, products=products, agreements=agreements, banned=banned)


def as_registered(
    manifest: Manifest, facts: OfficeFacts, classes: Mapping[str, StorageClass]
) -> Manifest:
    """The manifest with the registered facts in place of the stated ones: the box's model, cooling
    and the numbers of its qualification, and the storage of its products. Registered sites stand
    after those that the manifest names."""
    if facts == NOTHING_ON_RECORD:
        return manifest
    box = manifest.box
    if facts.box is not None:
        stated = msgspec.structs.asdict(box.qualification)
        registered = msgspec.structs.asdict(facts.box.qualification)
        numbers = {
            name: registered[name] if registered[name] is not None else stated[name]
            for name in stated
        }
        box = msgspec.structs.replace(
            box,
            model=facts.box.model,
            cooling=facts.box.cooling,
            qualification=Qualification(**numbers),
        )
    items = list(manifest.items)
    for product in facts.products:
        if product.storage in classes:
            items[product.item] = _as_labelled(items[product.item], classes[product.storage])
    sites = (*manifest.sites, *(_site(site) for site in facts.sites))
    return msgspec.structs.replace(manifest, box=box, items=tuple(items), sites=sites)


def on_record(facts: Sequence[OfficeFacts], start_s: FloatArray) -> tuple[OnRecord, FloatArray]:
    """What is on record of each shipment, and (s,) until when its loggers are calibrated by the
    certificates of the day it began, UTC epoch s; NaN where none is known."""
    until_s = np.full(len(facts), np.nan)
    every_logger = np.zeros(len(facts), dtype=np.bool_)
    for row, its in enumerate(facts):
        if its.loggers:
            until_s[row], every_logger[row] = _calibrated_until_s(its, float(start_s[row]))
    boxes = [its.box for its in facts]
    partition: CodeArray = np.array(
        [-1 if box is None else _PARTITION[box.partition] for box in boxes], dtype=np.int8
    )
    return (
        OnRecord(
            box=np.array([box is not None for box in boxes], dtype=np.bool_),
            partition=partition,
            hold_time=np.array(
                [box is not None and box.qualification.hold_h is not None for box in boxes],
                dtype=np.bool_,
            ),
            calibration=every_logger,
            isolation_seen=np.array(
                [its.isolation_seen_at is not None for its in facts], dtype=np.bool_
            ),
            label=np.array([bool(its.products) for its in facts], dtype=np.bool_),
            signed_in=np.array([its.signed_in for its in facts], dtype=np.bool_),
        ),
        until_s,
    )


def with_record(terms: Terms, facts: Sequence[OfficeFacts]) -> Terms:
    """Terms of manifests `as_registered`, saying what of them the office has on record. A logger
    of several that nobody registered leaves the earliest end of all that are known."""
    if all(its == NOTHING_ON_RECORD for its in facts):
        return terms
    record, until_s = on_record(facts, terms.start_s)
    return replace(
        terms,
        on_record=record,
        calibrated_until_s=np.where(
            record.calibration, until_s, np.fmin(terms.calibrated_until_s, until_s)
        ),
        slew_source=_source(terms.slew_source, facts, "slew_max_c_per_min"),
        coolant_limit_source=_source(
            terms.coolant_limit_source, facts, "coolant_coupling_max_per_h"
        ),
        goods_limit_source=_source(terms.goods_limit_source, facts, "goods_coupling_max_per_h"),
        sites=_marked(terms.sites, facts),
    )


def _as_labelled(item: Item, label: StorageClass) -> Item:
    """The item by its registered label; what the company's own limits narrow stays narrowed, and
    where they lie wholly outside the label, the label alone counts."""
    limits = item.limits or Limits()
    low = -math.inf if limits.low is None else limits.low
    high = math.inf if limits.high is None else limits.high
    low, high = max(low, label.low_c), min(high, label.high_c)
    kept = None
    if low <= high:
        kept = Limits(
            low=low if math.isfinite(low) else None, high=high if math.isfinite(high) else None
        )
    return msgspec.structs.replace(item, storage=label.name, limits=kept)


def _site(site: OfficeSite) -> Site:
    return Site(
        lat=site.lat,
        lon=site.lon,
        name=site.name,
        radius_m=site.radius_m,
        role=site.role,
        max_minutes=site.max_minutes,
    )


def _calibrated_until_s(facts: OfficeFacts, start_s: float) -> tuple[float, bool]:
    """The earliest end among the loggers with a certificate of that day, and whether all have one;
    a certificate made later than the shipment began says nothing of it."""
    ends_s = []
    for logger in facts.loggers:
        valid = [
            day_start_s(its.valid_until + timedelta(days=1))
            for its in logger.calibrations
            if math.isnan(start_s) or day_start_s(its.done_at) <= start_s
        ]
        if valid:
            ends_s.append(max(valid))
    if not ends_s:
        return math.nan, False
    return min(ends_s), len(ends_s) == len(facts.loggers)


def _source(source: CodeArray, facts: Sequence[OfficeFacts], number: str) -> CodeArray:
    registered = np.array(
        [
            its.box is not None and getattr(its.box.qualification, number) is not None
            for its in facts
        ],
        dtype=np.bool_,
    )
    return np.where(registered, np.int8(LimitSource.REGISTER), source).astype(np.int8)


def _marked(sites: Sites, facts: Sequence[OfficeFacts]) -> Sites:
    """The last sites of each shipment are the registered ones."""
    registered = np.zeros(len(sites.name), dtype=np.bool_)
    for row, its in enumerate(facts):
        end = int(sites.first[row + 1])
        registered[end - len(its.sites) : end] = True
    return replace(sites, registered=registered)
