"""Does a report still match its evidence? Every deviation has a reason code and a sentence."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.columns import in_turn
from coldwitness.api.reports.made.evidence import NO_READINGS
from coldwitness.api.reports.made.model import Evidenced, Readings, Report, Seal
from coldwitness.api.reports.made.seal import canonical_parts
from coldwitness.api.reports.made.twin import earlier_parts, read_earlier, read_json
from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.api.reports.made.written import Given, Held, Written, says
from coldwitness.api.reports.packed.attachment import attachments
from coldwitness.api.reports.packed.rejudging import (
    pack_beside,
    pack_of,
    plain_values,
    rebuilt,
    same_rules,
)
from coldwitness.api.reports.packed.witnessed import Seen
from coldwitness.config.labels import labels
from coldwitness.domain.errors import BadInput
from coldwitness.domain.text import Text
from coldwitness.judging.rulebook import Rulebook
from coldwitness.storage.decisions import Redacted
from coldwitness.storage.journal.key_history import KeyStatement, key_id, vouched_keys
from coldwitness.storage.journal.signing import ALGORITHM, signature_holds
from coldwitness.storage.witness.timestamp import Stamp

REASONS: Mapping[str, Text] = labels("verification")["reasons"]


@dataclass(frozen=True)
class Problem:
    code: str
    detail: str = ""

    def text(self, lang: Lang) -> str:
        words = tell(REASONS[self.code], lang)
        return f"{words}: {self.detail}" if self.detail else words


@dataclass(frozen=True)
class Earlier:
    """By what a report of an earlier form was made and judged."""

    schema: str
    software: str
    rules: str


@dataclass(frozen=True)
class Complete:
    """UTC days of receipt, both included, and when the last rows were counted (RFC 3339)."""

    first_day: str
    last_day: str
    until: str


@dataclass(frozen=True)
class Verified:
    """What was found. signer : id of the key that signed, None if unsigned; trusted : whether
    that key is one the caller trusts, None where the caller named none. stamp : what the time
    stamp says, None without one that fits; stamp_trusted : whether an authority that the caller
    trusts signed it, None where the caller named none."""

    kind: str
    shipment: str | None = None
    verdict: str | None = None
    problems: tuple[Problem, ...] = ()
    signer: str | None = None
    trusted: bool | None = None
    stamp: Stamp | None = None
    stamp_trusted: bool | None = None
    keys: tuple[KeyStatement, ...] = ()
    """Which keys vouched for the one that signed, as the report says."""
    complete: Complete | None = None
    """Of a package: for which days its rows are shown to be all; None where nothing shows it."""
    seen: tuple[Seen, ...] = ()
    """Of a package: heads behind its rows that the caller's witnesses saw."""
    removed: tuple[Redacted, ...] = ()
    """Of a package: orders by which messages of its rows were taken away."""
    unjudged: Earlier | None = None
    """A report of an earlier form that was not judged anew."""

    @property
    def holds(self) -> bool:
        return not self.problems


@dataclass
class Findings:
    """Problems as they are found; checks go on as far as they can.

    anew : whether a report of an earlier form is judged by this program as well; what was right
    by the program of its time may differ by the rules of reading of today.
    """

    anew: bool = False
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, detail: str = "") -> None:
        problem = Problem(code, detail)
        if problem not in self.problems:
            self.problems.append(problem)


def verify_bytes(
    data: bytes | Held,
    *,
    rulebook: Rulebook,
    trusted: Sequence[Ed25519PublicKey] = (),
    anew: bool = False,
) -> Verified:
    """Verify a report as JSON or PDF, told apart by their beginning. A page cannot be verified:
    it is drawn from the report and does not hold it."""
    found = Findings(anew=anew)
    data = Given(data) if isinstance(data, bytes) else data
    beginning = beginning_of(data)
    if beginning.startswith(b"%PDF-"):
        report = checked_pdf(data, found, rulebook=rulebook, trusted=trusted)
        return concluded("pdf", report, found, trusted)
    if beginning.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        found.add("page_not_verifiable")
        return Verified(kind="page", problems=tuple(found.problems))
    report = checked_report(data, found, rulebook=rulebook, trusted=trusted)
    return concluded("report", report, found, trusted)


def beginning_of(data: Held) -> bytes:
    """The first thousand bytes."""
    return bytes(data.read(0, 1000))


def checked_pdf(
    data: Held,
    found: Findings,
    *,
    rulebook: Rulebook,
    trusted: Sequence[Ed25519PublicKey],
    twin: Held | None = None,
    known: Evidenced | None = None,
) -> Evidenced | None:
    """known : the report that `twin` was found to be, which need not be checked again."""
    try:
        inside = attachments(data.held())
    except BadInput as error:
        found.add("not_readable", str(error))
        return None
    if len(inside) != 1:
        found.add("attachment_missing", f"{len(inside)} attachments")
        return None
    if twin is not None and known is not None and says(twin, inside[0].parts()):
        report: Evidenced | None = known
    else:
        report = checked_report(inside[0], found, rulebook=rulebook, trusted=trusted)
    if isinstance(report, Report):
        if not _draws(report, data):
            found.add("pages_differ")
    elif report is not None and found.anew:
        found.add("pages_differ", f"{report.schema}: drawn by an earlier version")
    return report


def _draws(report: Report, data: Held) -> bool:
    """Whether the report's pages, in the language the PDF says it is in, are these bytes."""
    english = re.search(rb"/Lang\(en", data.held()) is not None
    try:
        return says(data, [render_pdf(report, lang="en" if english else "zh")])
    except (BadInput, ValueError, KeyError, TypeError, IndexError):
        # A report edited out of shape cannot be drawn; then these are not its pages.
        return False


def checked_report(
    data: Held,
    found: Findings,
    *,
    rulebook: Rulebook,
    trusted: Sequence[Ed25519PublicKey],
) -> Evidenced | None:
    """The report in `data`, problems added to `found`; None if it cannot be read at all.

    Of one made before in another form what it was judged from and its result are made again, and
    only where that is asked for.
    """
    report: Evidenced
    try:
        earlier = read_earlier(data.held())
        if earlier is None:
            report = whole = read_json(data.held())
            parts = partial(canonical_parts, whole)
        else:
            report, parts = earlier, partial(earlier_parts, data.held())
        is_written_so = says(data, chain(parts(with_seal=True), [b"\n"]))
        sealed = Written(parts(with_seal=False))
    except BadInput as error:
        found.add("not_readable", str(error))
        return None
    if not is_written_so:
        found.add("not_canonical")
    _check_seal(report.seal, sealed, found, trusted)
    del sealed, parts  # judging it again needs the room
    if isinstance(report, Report) or found.anew:
        _check_conclusions(report, found, rulebook)
    return report


def _check_seal(
    seal: Seal | None, data: Written, found: Findings, trusted: Sequence[Ed25519PublicKey]
) -> None:
    """data : the bytes that the seal was made over."""
    if seal is None:
        found.add("digest_mismatch", "no seal")
        return
    if (seal.sha256, seal.sm3) != (data.sha256, data.sm3):
        found.add("digest_mismatch")
    signer = signer_of(seal)
    if seal.signature is None and seal.public_key is None and seal.algorithm is None:
        if trusted:
            found.add("signature_missing")
    elif signer is None or seal.algorithm != ALGORITHM or seal.signature is None:
        found.add("signature_invalid", "unknown algorithm or key")
    elif not signature_holds(signer, data.held(), seal.signature):
        found.add("signature_invalid")
    elif trusted and not vouched(signer, trusted, seal):
        found.add("signer_unknown", key_id(signer))


def vouched(
    signer: Ed25519PublicKey, trusted: Sequence[Ed25519PublicKey], seal: Seal | None
) -> bool:
    """Whether the key is one of these, or joined to one of them by statements in the seal."""
    keys = vouched_keys(trusted, seal.stated() if seal is not None else ())
    return key_id(signer) in {key_id(key) for key in keys}


def signer_of(seal: Seal) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal.public_key or ""))
    except ValueError:
        return None


def _check_conclusions(report: Evidenced, found: Findings, rulebook: Rulebook) -> None:
    pack = pack_of(report, rulebook)
    if pack is None:
        found.add("rules_unknown", f"{report.rules.id} {report.rules.version}")
        return
    if not same_rules(report, pack):
        found.add("rules_edited")
    try:
        pack_beside(report, rulebook)
    except BadInput as error:
        found.add("rules_unknown", str(error))
        return
    try:
        again = rebuilt(report, rulebook, pack)
    except (BadInput, ValueError, KeyError, TypeError, OverflowError) as error:
        found.add("evidence_unreadable", str(error)[:200])
        return
    there, here = (plain_values(replace(one, readings=NO_READINGS)) for one in (report, again))
    if not isinstance(report, Report):
        del there["schema"]
        for later in _LATER - there["result"].keys():
            del here["result"][later]
    for key in sorted(set(there["result"]) | set(here["result"])):
        if _same(there["result"].get(key), here["result"].get(key)):
            continue
        found.add("result_differs", key)
    for key in sorted(there):
        same = key in {"result", "rules"} or _same(there[key], here[key])
        if key == "readings":
            same = _same_readings(report.readings, again.readings)
        if not same:
            found.add("report_differs", key)


def _same_readings(one: Readings, other: Readings) -> bool:
    """Column by column: as values all of them would not fit into memory twice."""
    columns, others = (
        {
            **{f"temperature_c.{name}": values for name, values in told.temperature_c.items()},
            **{
                name: getattr(told, name)
                for name in told.__struct_fields__
                if name not in ("loggers", "temperature_c")
            },
        }
        for told in (one, other)
    )
    return (
        _same(one.loggers, other.loggers)
        and columns.keys() == others.keys()
        and all(_same_column(columns[name], others[name]) for name in columns)
    )


def _same_column(one: Sequence[object], other: Sequence[object]) -> bool:
    if len(one) != len(other):
        return False
    parts = ((list(one[rows]), list(other[rows])) for rows in in_turn(len(one)))
    return all(ours == theirs or _same(ours, theirs) for ours, theirs in parts)


_LATER = frozenset({"coverage"})
"""Parts of a result that reports of an earlier form may lack."""

NOISE = 2e-6
"""Results print six decimals, and the last may differ between processors: not a deviation."""


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON, numbers up to NOISE; 5 and 5.0 are one number, true and 1 are not."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=NOISE)
    return bool(one == other)


def concluded(
    kind: str,
    report: Evidenced | None,
    found: Findings,
    trusted: Sequence[Ed25519PublicKey],
) -> Verified:
    signer = signer_of(report.seal) if report is not None and report.seal is not None else None
    known = None
    if signer is not None and trusted:
        known = vouched(signer, trusted, report.seal if report is not None else None)
    earlier = None
    if report is not None and not isinstance(report, Report) and not found.anew:
        rules = f"{report.rules.id} {report.rules.version}"
        earlier = Earlier(report.schema, report.origin.software, rules)
    return Verified(
        kind=kind,
        unjudged=earlier,
        shipment=report.shipment if report is not None else None,
        verdict=report.decision.verdict if report is not None else None,
        problems=tuple(found.problems),
        signer=key_id(signer) if signer is not None else None,
        trusted=known,
        keys=report.seal.stated() if report is not None and report.seal is not None else (),
    )
