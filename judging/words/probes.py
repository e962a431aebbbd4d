"""How a probe is named, and how long what it shows lasted, in the words of a result."""

from coldwitness.config.labels import labels
from coldwitness.domain.text import Text
from coldwitness.judging.words.figures import duration

_ROLES = labels("results")["roles"]
_LASTING = labels("results")["lasting"]


def probe_words(probe: str) -> Text:
    """`drug.2@B` -> `药品 2@B`; a name of no role as it is."""
    role = probe.partition("@")[0].partition(".")[0]
    known = _ROLES.get(role)
    if known is None:
        return Text(probe, probe)
    rest = probe[len(role) :]
    rest = f" {rest[1:]}" if rest.startswith(".") else rest
    return Text(f"{known.zh}{rest}", f"{known.en}{rest}")


def lasting(duration_s: object) -> Text:
    """A lone reading has no known time: that is said, not that it lasted 0 s."""
    if not isinstance(duration_s, float | int):
        return duration(None)
    if duration_s == 0:
        return _LASTING["lone"]
    length, said = duration(duration_s), _LASTING["some"]
    return Text(said.zh.format(length=length.zh), said.en.format(length=length.en))
