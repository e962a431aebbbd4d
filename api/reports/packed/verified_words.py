"""What `verify` found, in words: as the command prints it and a transfer package keeps it."""

from dataclasses import asdict

from coldwitness.api.reports.made.wording import STATUS_WORDS, Lang, tell
from coldwitness.api.reports.packed.verification import Verified
from coldwitness.config.labels import labels
from coldwitness.domain.instants import rfc3339

_WORDS = labels("verification")["words"]


def verified_lines(file: str, found: Verified, *, vouched: bool, lang: Lang) -> list[str]:
    """One line of yes or no, and what belongs to it. file : as what was verified is called.
    vouched : whether somebody vouches for the key that signed."""
    if not found.holds:
        head = f"✗ {file}: {_say('differs', lang)}"
        return [head, *(f"    {p.code}: {p.text(lang)}" for p in found.problems)]
    words = STATUS_WORDS.get(found.verdict or "")
    verdict = tell(words, lang) if words is not None else "—"
    key = "holds" if found.unjudged is None else "sealed"
    said = _say(key, lang, shipment=found.shipment, verdict=verdict)
    lines = [f"✓ {file}: {said}", f"    {_signature_words(found, vouched, lang)}"]
    if found.unjudged is not None:
        lines.append(f"    {_say('unjudged', lang, **asdict(found.unjudged))}")
    if found.kind == "package":
        lines.append(f"    {_complete_words(found, lang)}")
        lines += [
            "    "
            + _say(
                "witnessed",
                lang,
                witness=one.witness,
                days=f"{one.worker} {one.day}",
                at=rfc3339(one.at_s * 1000),
            )
            for one in found.seen
        ]
        lines += [
            "    "
            + _say(
                "removed",
                lang,
                row=f"{one.worker} {one.row}",
                at=rfc3339(one.at_ms),
                ordered_by=one.ordered_by,
                reason=one.reason,
            )
            for one in found.removed
        ]
        lines.append(f"    {_stamp_words(found, lang)}")
    return lines


def _complete_words(found: Verified, lang: Lang) -> str:
    if found.complete is None:
        return _say("not_complete", lang)
    return _say("complete", lang, **asdict(found.complete))


def _stamp_words(found: Verified, lang: Lang) -> str:
    if found.stamp is None:
        return _say("no_stamp", lang)
    key = "stamp_trusted" if found.stamp_trusted else "stamp_unchecked"
    return _say(key, lang, at=found.stamp.at, serial=found.stamp.serial)


def _signature_words(found: Verified, vouched: bool, lang: Lang) -> str:
    if found.signer is None:
        return _say("not_signed", lang)
    if found.trusted:
        key = "signed_trusted"
    elif vouched:
        key = "signed_own"
    else:
        key = "signed_unknown"
    return _say(key, lang, signer=found.signer)


def _say(key: str, lang: Lang, **values: object) -> str:
    return tell(_WORDS[key], lang).format(**values)
