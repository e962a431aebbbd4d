"""Where the settings let one application alone speak: there its names tell loggers apart."""

from collections.abc import Sequence

from coldwitness.config.settings import FormatRule
from coldwitness.ingest.formats import wire_format


def sole_namespaces(rules: Sequence[FormatRule]) -> frozenset[str]:
    """Topic filters of rules that name their application, where no rule before reads another for a
    courier that both may speak for: a rule that is added behind changes no logger's id.

    rules : of formats that are known.
    """
    sole: list[str] = []
    read: list[tuple[str, str, set[str | None]]] = []
    for rule in rules:
        level = wire_format(rule.format).namespace_level
        if level is None:
            continue
        levels = rule.topic.split("/")
        name = levels[level] if level < len(levels) else "#"
        couriers = {entry.get("courier", rule.courier) for entry in rule.loggers.values()}
        couriers.add(rule.courier)
        met = any(
            its == rule.format and other != name and couriers & known for its, other, known in read
        )
        if not met and name not in ("+", "#"):
            sole.append(rule.topic)
        read.append((rule.format, name, couriers))
    return frozenset(sole)
