"""Time out of range and its bounds, as reports and pages print it: never a value outside them."""

from coldwitness.api.reports.made.wording import Lang, duration, say

Bounds = tuple[float | None, float | None] | None


def time_out(known_s: float | None, bounds: Bounds, lang: Lang) -> tuple[str, str]:
    """Time out of range and what bounds it. The known time counts no unseen time, the bounds do:
    where it is less than the least, the least is what is said, never a value outside its bounds."""
    least_s = None if bounds is None else bounds[0]
    if known_s is None or least_s is None or known_s >= least_s:
        return duration(known_s, lang), least_most(bounds, lang)
    seen = say("decision.in_known_time", lang, known=duration(known_s, lang))
    told = least_most(bounds, lang)
    return (
        say("decision.at_least", lang, least=duration(least_s, lang)),
        f"{told}{say('semicolon', lang)}{seen}" if known_s > 0 else told,
    )


def least_most(bounds: Bounds, lang: Lang) -> str:
    """`least … most …` of a pair of seconds, "" where there is none and where both are 0."""
    if bounds is None or None in bounds or not any(bounds):
        return ""
    least, most = (duration(bound, lang) for bound in bounds)
    if least == most:
        return say("decision.least_and_most_same", lang, least=least)
    return say("decision.least_and_most", lang, least=least, most=most)
