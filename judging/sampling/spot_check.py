"""A spot check as a file: its draw, and what was looked at; nothing in it is ever replaced."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from coldwitness.domain.errors import BadInput
from coldwitness.domain.spot_checks import Draw, DrawMade, KeptSpotCheck, Looked, Method
from coldwitness.judging.sampling.draws import draw
from coldwitness.judging.sampling.estimates import Estimate, estimate
from coldwitness.judging.sampling.frames import Frame
from coldwitness.judging.sampling.tickets import sha256_hex


class SpotCheck(Struct, frozen=True, kw_only=True):
    """The last of `draws` counts, and of each id the last of `looked`; all stay."""

    schema: Literal["coldwitness.spot_check/1"] = "coldwitness.spot_check/1"
    seed_sha256: str
    draws: tuple[DrawMade, ...]
    looked: tuple[Looked, ...] = ()

    @property
    def draw(self) -> Draw:
        return self.draws[-1].draw

    def outcomes(self) -> dict[str, Looked]:
        """By id, of those that the last draw drew."""
        drawn = {one.id for one in self.draw.drawn}
        return {one.id: one for one in self.looked if one.id in drawn}


def seed_of(office_part: str | None, public_part: str | None) -> str:
    """The seed of both parts: one that neither office nor firm can choose, and the office's."""
    return "; ".join(part for part in (public_part, office_part) if part)


def spot_check_of(kept: KeptSpotCheck, looked: Sequence[Looked]) -> SpotCheck:
    """One that the office's register keeps, as the file that anybody can verify. Raises BadInput
    where nothing was drawn yet."""
    if not kept.draws:
        raise BadInput("nothing was drawn yet")
    return SpotCheck(
        seed_sha256=sha256_hex(kept.draws[-1].draw.seed), draws=kept.draws, looked=tuple(looked)
    )


def in_order(check: SpotCheck) -> list[bool]:
    """Whether it was found, in the order of the tickets up to the first that nobody looked at: what
    the sequential stop goes by. What was dropped counts as found."""
    outcomes, seen = check.outcomes(), []
    for one in check.draw.drawn:
        if one.id not in outcomes:
            break
        seen.append(outcomes[one.id].outcome != "nothing_found")
    return seen


def read_spot_check(raw: bytes, *, what: str) -> SpotCheck:
    try:
        return msgspec.json.decode(raw, type=SpotCheck)
    except msgspec.MsgspecError as error:
        raise BadInput(f"{what}: not a spot check: {error}") from error


def drawn_anew(
    before: SpotCheck | None,
    frame: Frame,
    *,
    seed: str,
    size: int,
    method: Method,
    at: str,
    reason: str | None,
) -> SpotCheck:
    """A first draw, or a further one beside those before it, which needs a reason."""
    made = DrawMade(
        at=at,
        size=size,
        draw=draw(frame, seed=seed, size=size, method=method),
        reason=reason,
    )
    if before is None:
        return SpotCheck(seed_sha256=sha256_hex(seed), draws=(made,))
    if reason is None or not reason.strip():
        raise BadInput("reason: a further draw needs one; both stay in the file")
    return replace(before, seed_sha256=sha256_hex(seed), draws=(*before.draws, made))


def looked_at(check: SpotCheck, looked: Looked) -> SpotCheck:
    """With what was seen of one. Raises BadInput for what was not drawn, or dropped without a
    reason."""
    if looked.id not in {one.id for one in check.draw.drawn}:
        raise BadInput(f"id {looked.id!r}: was not drawn")
    known = check.outcomes().get(looked.id)
    if (looked.outcome == "dropped" or known is not None) and not looked.note.strip():
        raise BadInput("note: expected a reason for what is dropped or recorded again")
    return replace(check, looked=(*check.looked, looked))


def differences(check: SpotCheck, frame: Frame) -> list[str]:
    """What does not follow from frame, seed and method, in words; none: everything does."""
    found = []
    if check.draw.frame_sha256 != frame.sha256:
        found.append(f"frame: SHA-256 is {frame.sha256}, the draw names {check.draw.frame_sha256}")
    for number, made in enumerate(check.draws, start=1):
        part = made.office_part
        if made.commitment is not None and (part is None or sha256_hex(part) != made.commitment):
            found.append(f"draw {number}: the office's part is not the one it had committed to")
        if part is not None and made.draw.seed != seed_of(part, made.public_part):
            found.append(f"draw {number}: the seed is not of the parts that are named")
    if check.seed_sha256 != sha256_hex(check.draw.seed):
        found.append("seed: is not the one whose SHA-256 the file gives")
    for number, made in enumerate(check.draws, start=1):
        if made.draw.frame_sha256 != frame.sha256:
            continue
        again = draw(frame, seed=made.draw.seed, size=made.size, method=made.draw.method)
        if again != made.draw:
            found.append(f"draw {number}: frame, seed and method draw others")
    return found


def estimate_of(check: SpotCheck, frame: Frame) -> Estimate | None:
    """Of all in the frame; None until everything that was drawn was looked at. What was dropped
    counts as found: it must not make a share smaller."""
    outcomes: Mapping[str, Looked] = check.outcomes()
    if len(outcomes) < len(check.draw.drawn):
        return None
    results = {name: one.outcome != "nothing_found" for name, one in outcomes.items()}
    return estimate(frame, check.draw, results)
