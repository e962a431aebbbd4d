"""How it was judged and what the method cannot see, in plain words with the numbers in force."""

from coldwitness.api.reports.made.model import Terms
from coldwitness.api.reports.made.wording import decimal, duration, quantity
from coldwitness.config.rules import RulePack
from coldwitness.domain.text import Text


def methods_of(terms: Terms, pack: RulePack) -> tuple[Text, ...]:
    """One text a point; numbers are those this shipment was judged by."""
    error = _uncertainty(terms)
    interval_s, dwell_s = terms.recording_interval_s, pack.numbers.dwell_limit_s
    slew = quantity(terms.slew_max_c_per_min, "°C/min")
    return (
        Text(
            "限值含端点。读数在限值以内即视为在范围内；"
            f"超出限值但不超过测量误差（{error.zh}）的，只记为“可能”。",
            "Limits are inclusive. A reading inside counts as inside; one beyond a limit by no "
            f"more than the sensor's uncertainty ({error.en}) is only “possible”.",
        ),
        Text(
            f"相邻读数间隔不超过 {duration(interval_s, 'zh')} 的，其间温度按直线变化计算，"
            "越限时刻由直线求出；更长的间隔为未监测时段，"
            f"其间温度只按箱体最快变温 {slew} 给出可能范围，不作猜测。",
            f"Between readings no further apart than {duration(interval_s, 'en')} temperature is "
            "taken as linear and crossings are interpolated; longer steps are unseen time, in "
            f"which temperature is only bounded by the fastest change of the box, {slew}.",
        ),
        Text(
            "未监测时段既不作为合格依据，也不作为问题依据。",
            "Unseen time neither acquits nor accuses.",
        ),
        Text(
            f"停留超过 {duration(dwell_s, 'zh')}（本局设定，非法规）且不在发货点、"
            "收货点及登记站点的，列为疑似暂存；没有其他佐证时只是“很可能”。",
            f"A stop longer than {duration(dwell_s, 'en')} (the bureau's setting, not law) away "
            "from origin, destination and registered sites is suspected storage; uncorroborated "
            "it is “probable”.",
        ),
        Text(
            "隔离状况由药品舱温度随蓄冷剂、其他货物变化的快慢推断，不是直接测量，"
            "结论最多为“很可能”，须开箱或查装箱记录核实。",
            "Separation is inferred from how fast the drug space follows coolant and goods; it is "
            "not measured, at most “probable”, and needs a look into the box or the packing "
            "record.",
        ),
        Text(
            "平均动力学温度仅供了解程度，不能抵消超限，也不反映冻结。",
            "The mean kinetic temperature is for information; it excuses no excursion and hides "
            "freezing.",
        ),
        Text(
            "里程按定位点连线计算，未定位时段的路程与停留无法看到。",
            "Distance follows the positions; what happened without a position cannot be seen.",
        ),
    )


def _uncertainty(terms: Terms) -> Text:
    if terms.accuracy_c is not None:
        stated = decimal(terms.accuracy_c)
        return Text(f"±{stated} °C，运单申报", f"±{stated} °C, declared")
    warm, cold = decimal(terms.accuracy_above_zero_c), decimal(terms.accuracy_below_zero_c)
    return Text(
        f"0 °C 及以上 ±{warm} °C，0 °C 以下 ±{cold} °C",
        f"±{warm} °C from 0 °C up, ±{cold} °C below",
    )
