"""Where a unified social credit code or a division code cannot be right."""

from functools import lru_cache

from stdnum import numdb

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z; a sign's place is its value."""
_PROVINCES = frozenset(
    str(number)
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 82),
    )
    for number in range(first, last + 1)
)
"""First two digits of GB/T 2260."""


def credit_code_mistake(code: str) -> int | None:
    """Place, from 1, of the first sign of a unified social credit code that cannot be right; the
    check sign's where only the sum does not fit; None: it is well formed.

    Source: GB 32100-2015: 17 signs and a check sign, sum of value times 3^(place - 1) modulo 31;
    places 3 to 8 are a division code.
    """
    return _credit_code_mistake(code[:19])


@lru_cache(maxsize=4096)
def _credit_code_mistake(code: str) -> int | None:
    """Of a code without what follows its 19th sign: a fleet names the same few companies."""
    for place, sign in enumerate(code[:18], start=1):
        if sign not in _SIGNS or (3 <= place <= 8 and not sign.isdigit()):
            return place
    if len(code) != 18:
        return min(len(code), 18) + 1
    total = sum(_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return None if _SIGNS[-total % 31] == code[17] else 18


def division_code_mistake(code: str) -> int | None:
    """Place, from 1, of the first sign of a division code that cannot be right; None: it is one.

    Six digits of GB/T 2260, today's or earlier ones: a wrong province is a mistake at place 1, a
    wrong prefecture at 3, a wrong county at 5. Source: the tables of python-stdnum.
    """
    for place, sign in enumerate(code[:6], start=1):
        if not ("0" <= sign <= "9"):
            return place
    if len(code) != 6:
        return min(len(code), 6) + 1
    if code[:2] not in _PROVINCES:
        return 1
    if not _is_division(f"{code[:4]}00"):
        return 3
    return None if _is_division(code) else 5


@lru_cache(maxsize=4096)
def _is_division(code: str) -> bool:
    """Taiwan, Hong Kong and Macao have one code each, without parts."""
    if code[:2] in ("71", "81", "82"):
        return code.endswith("0000")
    return any("county" in told for _, told in numdb.get("cn/loc").info(code))
