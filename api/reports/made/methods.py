"""How it was judged and what the method cannot see, in plain words with the numbers in force."""

from coldwitness.api.reports.made.model import Terms
from coldwitness.api.reports.made.wording import both, quantity, told
from coldwitness.config.rules import RulePack
from coldwitness.domain.text import Text
from coldwitness.judging.words.figures import decimal, duration


def methods_of(terms: Terms, pack: RulePack) -> tuple[Text, ...]:
    """One text a point; numbers are those this shipment was judged by."""
    return (
        told("methods.limits", error=_uncertainty(terms)),
        told(
            "methods.unseen",
            interval=duration(terms.recording_interval_s),
            slew=quantity(terms.slew_max_c_per_min, "°C/min"),
        ),
        both("methods.unseen_is_neither"),
        told("methods.stops", dwell=duration(pack.numbers.dwell_limit_s)),
        both("methods.separation"),
        both("methods.mean_kinetic"),
        both("methods.distance"),
    )


def _uncertainty(terms: Terms) -> Text:
    if terms.accuracy_c is not None:
        return told("methods.error_declared", error=decimal(terms.accuracy_c))
    return told(
        "methods.error_of_pack",
        warm=decimal(terms.accuracy_above_zero_c),
        cold=decimal(terms.accuracy_below_zero_c),
    )
