"""What a list says of a result; the JSON around it is passed over unread."""

from msgspec import Struct

from coldwitness.domain.words import CertaintyWord


class FindingInShort(Struct, frozen=True):
    """A finding without its times, numbers and words."""

    kind: str
    subtype: str
    certainty: CertaintyWord


class ExtremesInShort(Struct, frozen=True):
    """Of the drug probe [°C]; None: nothing was measured."""

    min_c: float | None
    max_c: float | None


class ResultInShort(Struct, frozen=True):
    """Fields as those of `CheckResult`."""

    findings: tuple[FindingInShort, ...]
    metrics: ExtremesInShort
