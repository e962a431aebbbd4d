"""What the title of a column means: its name, the unit and the zone that stand in it, and whether
it is a time or a temperature under a name of its maker's.

Titles as spreadsheets and the programs of common loggers write them, in English and Chinese:
`Temperature (°C)`, `temperature_f`, `温度(℃)`, `Temp, °F (S/N: 12)`, `Date Time, GMT+08:00`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache

import numpy as np

from coldwitness.domain.errors import BadInput
from coldwitness.domain.tracks import FloatArray
from coldwitness.ingest.formats.name_words import is_no_measurement
from coldwitness.ingest.formats.plausible import NOT_EVEN_FAHRENHEIT

_UNIT = (
    r"[°º]\s*[CFK]|deg(?:rees?)?[ _.]?[CF]|[CFK]|celsius|fahrenheit|kelvin|摄氏度?|华氏度?|"
    r"%\s*RH|RH\s*%|%"
)
_IN_BRACKETS = re.compile(rf"(.*?)[\s,;/]*[(\[]\s*({_UNIT})\s*[)\]](.*)", re.I)
_SIGN = re.compile(r"(.*?)[\s,;/_]*([°º]\s*[CFK]|%\s*RH|RH\s*%)(?![A-Za-z])(.*)", re.I)
_BEHIND = re.compile(
    r"(.*?(?:temp|temperature|value|drug|coolant|ambient|goods)[.\d]*)[\s_]"
    r"(celsius|fahrenheit|kelvin|deg[ _]?[cf]|[cfk])",
    re.I,
)
_CAPITAL = re.compile(r"(.*(?:[Tt]emp|[Tt]emperature))([CFK])")
_WORD_ALONE = re.compile(r"(celsius|fahrenheit|kelvin)", re.I)
_CHINESE = re.compile(r"(华氏|摄氏)(温度.*)")
_SERIALS = re.compile(r"\s*[(\[][^()\[\]]*(?:S/N|SN)\s*:[^()\[\]]*[)\]]", re.I)
"""What HOBOware writes of logger and sensor behind a title."""
_KNOWN: Mapping[str, str] = {
    "c": "C", "celsius": "C", "cel": "C", "degc": "C", "degreesc": "C", "degreec": "C",
    "f": "F", "fahrenheit": "F", "degf": "F", "degreesf": "F", "degreef": "F",
    "摄氏度": "C", "摄氏": "C", "华氏度": "F", "华氏": "F",
    "k": "K", "kelvin": "K", "%": "%RH", "%rh": "%RH", "rh": "%RH", "rh%": "%RH",
}  # fmt: skip
_ZONE = re.compile(
    r"\s*[,(\[]?\s*(?:(?:UTC|GMT)\s*(?:([+-])(\d{1,2}):?(\d{2})?)?|(北京时间|CST\+8))\s*[)\]]?\s*$",
    re.I,
)
_TIME = re.compile(
    r"(?:date|datum)[ \-_/]*(?:time|zeit)|(?:local|recorded|logged|sample|reading)[ _]?(?:time|at)|"
    r"timestamp(?: for sample frequency .*)?|time ?stamp|_time|日期/?时间|时间戳|.*时间"
)
_NO_TIME = re.compile(
    r"开始|结束|起始|终止|持续|运行|间隔|上传|接收|创建|更新|入库|"
    r"导出|打印|报告|下载|生成"
)
"""Words of times that are not a row's own: of the trip, of the platform."""
_TEMPERATURE = re.compile(r"temp|celsius|fahrenheit|温度|室温|气温")
_NUMBERED = re.compile(
    r"(?:t|ch|channel|probe|sensor|reading|通道|探头|测点|c:|celsius|fahrenheit|internal|external)"
    r"[ _.#-]*\d{0,2}|\[\d+\]"
)


@lru_cache(maxsize=4096)
def name_and_unit(title: str) -> tuple[str, str | None]:
    """The name in small letters, and C, F, K or %RH where the title says it."""
    bare = _plain(title)
    for form in (_IN_BRACKETS, _SIGN):
        found = form.fullmatch(bare)
        if found is not None:
            rest = f"{found[1].strip()} {found[3].strip(' ,;/')}".strip()
            return rest.lower() or "temperature", unit_of(found[2])
    for form in (_BEHIND, _CAPITAL):
        found = form.fullmatch(bare)
        if found is not None:
            return found[1].strip().lower(), unit_of(found[2])
    found = _CHINESE.fullmatch(bare)
    if found is not None:
        return found[2], unit_of(found[1])
    return bare.lower(), unit_of(bare) if _WORD_ALONE.fullmatch(bare) else None


def name_and_zone(title: str) -> tuple[str, tzinfo | None]:
    """The name in small letters, and the zone of its times where the title says one."""
    bare = _plain(title)
    found = _ZONE.search(bare)
    if found is None or not bare[: found.start()].strip():
        return bare.lower(), None
    name = bare[: found.start()].strip(" ,(").lower()
    if found[4] is not None:
        return name, timezone(timedelta(hours=8))
    if found[1] is None:
        return name, UTC
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if ahead >= timedelta(hours=24):
        return bare.lower(), None
    return name, timezone(ahead if found[1] == "+" else -ahead)


def is_time(name: str) -> bool:
    """True for what loggers' programs call the time of a row; small letters, without zone."""
    return _TIME.fullmatch(name) is not None and _NO_TIME.search(name) is None


def is_temperature(title: str) -> bool:
    """True for what loggers' programs call a temperature: by its word, or by its unit. A set point,
    a limit or a dew point is none."""
    name, unit = name_and_unit(title)
    if unit == "%RH" or is_no_measurement(_plain(title)):
        return False
    by_unit = unit is not None and (name == "temperature" or _NUMBERED.fullmatch(name))
    return bool(by_unit) or _TEMPERATURE.search(_plain(title).lower()) is not None


def renames_of(said: Sequence[str]) -> dict[str, str]:
    """What `--column TITLE=NAME` says: title in small letters -> our name. Raises BadInput."""
    renames = {}
    for one in said:
        title, equals, name = one.rpartition("=")
        if not equals or not title.strip() or not name.strip():
            raise BadInput(f"--column {one[:60]!r}: expected TITLE=NAME, such as 时间=time")
        renames[title.strip().strip('"').lower()] = name.strip().lower()
    return renames


def renamed(header: Sequence[str], renames: Mapping[str, str]) -> list[str]:
    """The header with the titles that `renames` knows called as it says; units in titles stay."""
    result = []
    for title in header:
        bare = title.strip().strip("\ufeff").strip('"').strip()
        name, unit = name_and_unit(bare)
        ours = renames.get(bare.lower(), renames.get(name))
        said = f"{ours} ({unit})" if ours is not None and unit is not None else ours
        result.append(title if said is None else said)
    return result


def unit_of(text: str) -> str | None:
    """C, F, K or %RH as people write them; None for anything else."""
    return _KNOWN.get(re.sub(r"[\s°º_.]", "", unicodedata.normalize("NFKC", text).lower()))


def in_celsius(values: FloatArray, unit: str) -> FloatArray:
    """(n,) values in C, F or K -> °C; NaN stays, and what a full register says becomes NaN."""
    if unit == "C":
        return values
    values = np.where(np.isin(values, list(NOT_EVEN_FAHRENHEIT)), np.nan, values)
    converted = (values - 32.0) / 1.8 if unit == "F" else values - 273.15
    return np.asarray(np.round(converted, 6), dtype=np.float64)


def _plain(title: str) -> str:
    """Without quotes, marks and serial numbers; ℃ and （ in their plain form."""
    bare = unicodedata.normalize("NFKC", title.strip().strip("\ufeff").strip('"').strip())
    return _SERIALS.sub("", bare).strip()
