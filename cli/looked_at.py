"""What `coldwitness doctor` found of one thing."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing looked at. mend: what to do about it, "" if it is well."""

    part: str
    state: Literal["ok", "warning", "failure"]
    text: str
    mend: str = ""
