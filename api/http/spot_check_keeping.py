"""How spot checks are kept and read again: what the routes and the pages of them share."""

import threading
from typing import get_args

from msgspec.structs import replace

from coldwitness.api.http.caller import Caller
from coldwitness.api.http.case_schemas import (
    NewDraw,
    NewLook,
    NewSpotCheck,
    SpotCheckTold,
)
from coldwitness.api.http.kept_entries import new_entry_name
from coldwitness.api.http.problems import Problem, wrong_field
from coldwitness.api.http.services import Services
from coldwitness.api.http.trail import noted
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reach import Reach, division_prefix
from coldwitness.domain.spot_checks import (
    DrawMade,
    KeptLook,
    KeptSpotCheck,
    Looked,
    Question,
    look_name,
)
from coldwitness.judging.sampling.draws import draw
from coldwitness.judging.sampling.estimates import size_for
from coldwitness.judging.sampling.frames import Frame, frame_bytes, frame_of
from coldwitness.judging.sampling.sequential import sequential
from coldwitness.judging.sampling.shipment_frame import shipment_frame
from coldwitness.judging.sampling.spot_check import (
    SpotCheck,
    estimate_of,
    in_order,
    looked_at,
    seed_of,
    spot_check_of,
)
from coldwitness.judging.sampling.tickets import sha256_hex
from coldwitness.storage.journal.attached import attached_bytes, keep_attached

QUESTIONS: tuple[Question, ...] = get_args(Question)
_DRAWING = threading.Lock()
"""One draw at a time here, and one of a spot check over all servers: none is kept in the place of
another."""


def within(kept: KeptSpotCheck, reach: Reach) -> bool:
    """Whether a spot check is of divisions within reach; one of no division is the
    administrator's."""
    if reach.everything:
        return True
    theirs = kept.division
    return theirs is not None and any(
        division_prefix(theirs).startswith(division_prefix(one)) for one in reach.divisions
    )


def known_spot_check(services: Services, caller: Caller, name: str) -> KeptSpotCheck:
    """404 where there is none, or it is beyond the caller's reach."""
    kept = services.register.office.newest(KeptSpotCheck, [name]).get(name)
    if kept is None or not within(kept, caller.reach):
        raise Problem(404, f"spot check {name}: unknown")
    return kept


def told_spot_check(services: Services, name: str) -> SpotCheckTold:
    """As it stands; of one that is there."""
    versions = services.register.office.history(KeptSpotCheck, name)
    kept = services.register.office.newest(KeptSpotCheck, [name])[name]
    looked: tuple[Looked, ...] = ()
    left, told, running = kept.size, None, None
    if kept.draws:
        check = file_of(services, name)
        looked = check.looked
        left = len(check.draw.drawn) - len(check.outcomes())
        told = None if left else estimate_of(check, _frame(services, kept))
        if kept.method == "simple":
            seen = in_order(check)
            running = sequential(kept.frame_size, seen, risk=kept.risk, tolerated=kept.tolerated)
    at = f"{services.base_url}/v1/spot-checks/{name}"
    files = {"frame": "frame.csv"}
    if kept.draws:
        files |= {
            "file": "file.json",
            "certificate": "certificate",
            "list": "list.xlsx",
            "publication": "publication.csv",
        }
    return SpotCheckTold(
        id=name,
        first_day=kept.first_day,
        last_day=kept.last_day,
        division=kept.division,
        method=kept.method,
        size=kept.size,
        frame_sha256=kept.frame_sha256,
        frame_size=kept.frame_size,
        commitment=kept.commitment,
        reasons=kept.reasons,
        frozen_at=rfc3339(versions[0].at_ms),
        by=versions[0].by,
        draws=kept.draws,
        looked=looked,
        left=left,
        estimate=told,
        sequential=running,
        links={"self": at, **{key: f"{at}/{file}" for key, file in files.items()}},
    )


def keep_look(services: Services, caller: Caller, name: str, new: NewLook) -> None:
    """422 for what was not drawn, or lacks a reason that it needs."""
    now_ms = services.clock()
    looked = Looked(
        id=new.id,
        outcome=new.outcome,
        at=rfc3339(now_ms),
        by=caller.name,
        note=new.note.strip(),
        checklist=new.checklist,
    )
    try:
        looked_at(file_of(services, name), looked)
    except BadInput as error:
        raise _wrong(error) from error
    entry = look_name(name, new.id)
    office = services.register.office
    before = len(office.history(KeptLook, entry))
    kept = KeptLook(outcome=new.outcome, note=looked.note, checklist=new.checklist, again=before)
    office.put(entry, kept, by=caller.name, now_ms=now_ms)
    noted(services, caller, "spot_check_look", subject=f"{name} {new.id}", now_ms=now_ms)


def planned(services: Services, caller: Caller, new: NewSpotCheck) -> str:
    division = _division(new.division, caller.reach)
    if new.last_day < new.first_day:
        raise wrong_field("to", f"lies before {new.first_day}")
    if (new.size is None) == (new.prevalence is None):
        raise wrong_field("size", "expected size, or prevalence in its place")
    if new.tolerated is not None and new.method != "simple":
        raise wrong_field("tolerated", "a sequential stop goes with the method simple alone")
    units = shipment_frame(
        services.register,
        first=new.first_day,
        last=new.last_day,
        division=division,
        reach=caller.reach,
        reasons=new.reasons,
    )
    if not units:
        raise wrong_field("from", "no shipment was under way in that period")
    raw = frame_bytes(units)
    frame = frame_of(raw, what="frame")
    size = new.size or size_for(
        len(units), prevalence=new.prevalence or 0.05, confidence=new.confidence
    )
    if size > len(units):
        raise wrong_field("size", f"expected at most {len(units)}, so many are in the frame")
    now_ms = services.clock()
    keep_attached(services.settings.journal.directory, raw)
    name = new_entry_name("SC", now_ms=now_ms)
    kept = KeptSpotCheck(
        first_day=new.first_day,
        last_day=new.last_day,
        division=division,
        office=services.settings.report.office,
        method=new.method,
        size=size,
        frame_sha256=frame.sha256,
        frame_size=len(units),
        commitment=new.commitment,
        tolerated=new.tolerated,
        risk=new.risk,
        reasons=new.reasons,
    )
    services.register.office.put(name, kept, by=caller.name, now_ms=now_ms)
    noted(services, caller, "spot_check_planned", subject=name, now_ms=now_ms)
    return name


def drawn_from(services: Services, caller: Caller, name: str, new: NewDraw) -> None:
    """Draw from the frozen frame, beside the draws before. 422 for a part that was not committed
    to, or a further draw without a reason."""
    with _DRAWING, services.register.alone(f"spot check {name}"):
        _drawn_from(services, caller, name, new)


def _drawn_from(services: Services, caller: Caller, name: str, new: NewDraw) -> None:
    kept = services.register.office.newest(KeptSpotCheck, [name])[name]
    part = new.office_part
    if kept.commitment is not None and (part is None or sha256_hex(part) != kept.commitment):
        raise wrong_field("office_part", "its SHA-256 is not the one that was committed to")
    if kept.draws and not (new.reason or "").strip():
        raise wrong_field("reason", "a further draw needs one; both stay")
    seed = seed_of(new.office_part, new.public_part.strip())
    now_ms = services.clock()
    try:
        drawn = draw(_frame(services, kept), seed=seed, size=kept.size, method=kept.method)
    except BadInput as error:
        raise _wrong(error) from error
    made = DrawMade(
        at=rfc3339(now_ms),
        size=kept.size,
        draw=drawn,
        reason=new.reason if kept.draws else None,
        commitment=kept.commitment,
        office_part=new.office_part,
        public_part=new.public_part.strip(),
        public_source=new.public_source,
    )
    after = replace(kept, draws=(*kept.draws, made), commitment=new.next_commitment)
    services.register.office.put(name, after, by=caller.name, now_ms=now_ms)
    noted(services, caller, "spot_check_drawn", subject=name, now_ms=now_ms)


def _division(asked: str | None, reach: Reach) -> str | None:
    """Of whose shipments: what was asked for within reach, else the caller's only division."""
    if reach.everything:
        return asked
    if asked is None:
        if len(reach.divisions) != 1:
            raise wrong_field("division", "expected one of yours")
        return next(iter(reach.divisions))
    if not any(asked.startswith(division_prefix(one)) for one in reach.divisions):
        raise wrong_field("division", "expected one of yours, or one below it")
    return asked


def file_of(services: Services, name: str) -> SpotCheck:
    """409 where nothing was drawn yet."""
    office = services.register.office
    kept = office.newest(KeptSpotCheck, [name])[name]
    units = {one.id for made in kept.draws for one in made.draw.drawn}
    looked: list[tuple[int, Looked]] = []
    for unit in units:
        for version in office.history(KeptLook, look_name(name, unit)):
            entry = version.entry
            if isinstance(entry, KeptLook):
                at = rfc3339(version.at_ms)
                seen = Looked(
                    id=unit,
                    outcome=entry.outcome,
                    at=at,
                    by=version.by,
                    note=entry.note,
                    checklist=entry.checklist,
                )
                looked.append((version.at_ms, seen))
    looked.sort(key=lambda one: (one[0], one[1].id))
    try:
        return spot_check_of(kept, [one for _, one in looked])
    except BadInput as error:
        raise Problem(409, f"spot check {name}: {error}") from error


def _frame(services: Services, kept: KeptSpotCheck) -> Frame:
    return frame_of(frame_kept(services, kept), what="frame")


def frame_kept(services: Services, kept: KeptSpotCheck) -> bytes:
    raw = attached_bytes(services.settings.journal.directory, kept.frame_sha256)
    if raw is None:
        raise Problem(409, f"frame {kept.frame_sha256}: its bytes are gone, or are others")
    return raw


def _wrong(error: BadInput) -> Problem:
    field, _, detail = str(error).partition(": ")
    return wrong_field(field.split(" ")[0], detail or str(error))
