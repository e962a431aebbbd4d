"""What the title of a column means: its name, and the unit that stands in it.

Titles as spreadsheets and the programs of common loggers write them, in English and Chinese:
`Temperature (°C)`, `temperature_f`, `温度(℃)`, `Humidity [%RH]`.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from coldwitness.domain.errors import BadInput
from coldwitness.domain.tracks import FloatArray
from coldwitness.ingest.formats.plausible import NOT_EVEN_FAHRENHEIT

_UNIT = r"[°º]\s*[CFK]|℃|℉|[CFK]|celsius|fahrenheit|kelvin"
_IN_BRACKETS = re.compile(rf"(.*?)\s*[(（\[]\s*({_UNIT}|%\s*RH|%)\s*[)）\]]", re.I)
_AT_THE_END = re.compile(r"(.*?)[\s/]*([°º]\s*[CF]|℃|℉)", re.I)
_SUFFIX = re.compile(
    r"(.*?(?:temp|temperature|value|drug|coolant|ambient|goods)[.\d]*)_([cfk])", re.I
)
_KNOWN: Mapping[str, str] = {
    "c": "C", "℃": "C", "celsius": "C", "cel": "C", "degc": "C", "摄氏度": "C",
    "f": "F", "℉": "F", "fahrenheit": "F", "degf": "F", "华氏度": "F",
    "k": "K", "kelvin": "K", "%": "%RH", "%rh": "%RH", "rh": "%RH", "rh%": "%RH",
}  # fmt: skip


def name_and_unit(title: str) -> tuple[str, str | None]:
    """The name in small letters, and C, F, K or %RH where the title says it."""
    bare = title.strip().strip('"').strip()
    for form in (_IN_BRACKETS, _AT_THE_END, _SUFFIX):
        found = form.fullmatch(bare)
        if found is not None:
            return found[1].strip().lower() or "temperature", unit_of(found[2])
    return bare.lower(), None


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
    return _KNOWN.get(re.sub(r"[\s°º]", "", text.lower()))


def in_celsius(values: FloatArray, unit: str) -> FloatArray:
    """(n,) values in C, F or K -> °C; NaN stays, and what a full register says becomes NaN."""
    if unit == "C":
        return values
    values = np.where(np.isin(values, list(NOT_EVEN_FAHRENHEIT)), np.nan, values)
    converted = (values - 32.0) / 1.8 if unit == "F" else values - 273.15
    return np.asarray(np.round(converted, 6), dtype=np.float64)
