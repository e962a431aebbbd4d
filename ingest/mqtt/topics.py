"""MQTT topic filters: do they name a topic?"""

from collections.abc import Sequence


def matches(topic_filter: str, topic: str) -> bool:
    """MQTT 5, section 4.7: `+` is one level, a last `#` is any number of levels, and wildcards
    at the first level do not match topics that begin with `$`.

    >>> matches("v3/+/devices/#", "v3/app/devices/a/up"), matches("a/#", "a"), matches("+", "$x")
    (True, True, False)
    """
    if topic.startswith("$") and topic_filter[:1] in ("+", "#"):
        return False
    return _levels_match(topic_filter.split("/"), topic.split("/"))


def _levels_match(wanted: Sequence[str], levels: Sequence[str]) -> bool:
    for index, level in enumerate(wanted):
        if level == "#":
            return index == len(wanted) - 1
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


def is_topic_filter(text: str) -> bool:
    """True if a broker accepts it as a subscription: wildcards stand alone, `#` last, no NUL."""
    levels = text.split("/")
    if not text or "\x00" in text or len(text.encode()) > 65_535:
        return False
    if "#" in levels[:-1]:
        return False
    return all(level in ("+", "#") or not set(level) & {"+", "#"} for level in levels)
