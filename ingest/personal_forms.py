"""Forms in which a person's data stand in a free text: telephone and identity numbers, e-mail, a
street address with its number; in digits of any width, script and spacing.

A name alone no program can tell from a firm's. Numbers of our own (ids, trace codes, credit codes)
are not looked at; in a code such as an order's number a form counts only where it is the whole.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Form = Literal["telephone", "identity", "e-mail", "address"]
MASK = "＊＊＊"
_KEPT_CHARS = 120
"""Longer texts are read each time, so that no sender fills the memory with them."""
_PART_CHARS, _OVERLAP_CHARS = 2_000, 200
"""Long texts are read in parts, so that none can be made that takes long."""
_CHINESE_DIGITS = {ord(sign): str(value) for value, sign in enumerate("〇一二三四五六七八九")}
_CHINESE_DIGITS |= {ord("零"): "0", ord("幺"): "1", ord("两"): "2", ord("○"): "0"}
_CHINESE_DIGITS |= {ord(sign): str(value) for value, sign in enumerate("零壹贰叁肆伍陆柒捌玖")}
_CHINESE_RUN = re.compile(r"(?:[〇零○幺两一二三四五六七八九壹贰叁肆伍陆柒捌玖][^\w]{0,2}){7,}")
"""Shorter ones are words: 三九, 八一路."""
_BETWEEN = r"[\s\-_.·•‧・—–―()\[\]/,、，。*~|]{0,3}"
"""What people put between the digits of a number."""


def _digits(*parts: str) -> str:
    return _BETWEEN.join(parts)


_MOBILE = re.compile(
    rf"(?<![\d.])(?:(?:\+|00)?86{_BETWEEN})?{_digits('1', '[3-9]', *[chr(92) + 'd'] * 9)}(?!\d)"
)
_LANDLINE = re.compile(
    rf"(?<![\d.])(?:(?:\+|00)?86{_BETWEEN})?\(?0(?:10|2\d|[3-9]\d\d)\)?{_BETWEEN}"
    rf"{_digits('[2-8]', *[chr(92) + 'd'] * 6)}(?:{_BETWEEN}\d)?(?!\d)"
)
_DAY_OF_BIRTH = [r"[01]", r"\d", r"[0-3]", r"\d"]
_IDENTITY_18 = re.compile(
    rf"(?<![\dA-Za-z])"
    rf"{_digits('[1-8]', *[chr(92) + 'd'] * 5, '(?:1[89]|20)', *[chr(92) + 'd'] * 2)}{_BETWEEN}"
    rf"{_digits(*_DAY_OF_BIRTH, *[chr(92) + 'd'] * 3, '[0-9Xx]')}(?![\dA-Za-z])"
)
_IDENTITY_15 = re.compile(
    rf"(?<![\dA-Za-z.])"
    rf"{_digits('[1-8]', *[chr(92) + 'd'] * 5, *[chr(92) + 'd'] * 2, *_DAY_OF_BIRTH)}{_BETWEEN}"
    rf"{_digits(*[chr(92) + 'd'] * 3)}(?![\dA-Za-z])"
)
_E_MAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9][\w.%+-]{0,63}\s{0,2}(?:@|\(at\)|\[at\])\s{0,2}[\w-]{1,63}"
    r"(?:\s?\.\s?[\w-]{1,63}){1,4}",
    re.ASCII,
)
_SHOP = r"(?!\s*(?:店|分店|门店|药店|药房|大药房|药局|连锁|厅|柜|线|库|仓|门|院))"
"""A firm's branch is often named by its street and number."""
_ADDRESS = re.compile(
    rf"[\u4e00-\u9fff](?:路|街|道|巷|弄|胡同|里)(?:[东南西北中]段?)?\s*\d{{1,5}}\s*(?:[-—]\s*\d+\s*)?"
    rf"(?:号|號|弄){_SHOP}"
    r"|(?:小区|花园|家园|公寓|新村|社区|苑|府|城|湾|庭|院|村|庄|屯|组)\s*\d{1,4}\s*(?:号楼|号院|栋|幢|#)"
    r"|\d{1,4}\s*(?:栋|幢|号楼|號樓|#楼)\s*(?:\d|[一二三四五六七八九十东西])"
    r"|\d{1,3}\s*单元(?!格|门)"
    rf"|(?<![\d.])\d{{3,4}}\s*(?:室|户)(?!温|外|内){_SHOP}"
    r"|\b\d{1,5}\s+(?:[A-Z][a-z]+\s+){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr)\b"
    r"|\b(?:Room|Rm|Apartment|Apt|Flat)\.?\s*\d{2,5}[A-Z]?\b"
)
_FREE: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("identity", _IDENTITY_18),
    ("identity", _IDENTITY_15),
    ("telephone", _MOBILE),
    ("telephone", _LANDLINE),
    ("e-mail", _E_MAIL),
    ("address", _ADDRESS),
)
_LATEST_BIRTH = 2020
"""In a code later years are the date of an order: 370305 20261121 0001."""


def form_in(text: str) -> Form | None:
    """The first such form in a free text, None where there is none."""
    return _form_in(text) if len(text) <= _KEPT_CHARS else _looked_for(text)


def form_of_code(code: str) -> Form | None:
    """The form that a code (an order's number, a batch, a seal's) is as a whole: nothing but a
    telephone number, an e-mail or an identity number of right check digit."""
    return _form_of_code(code) if len(code) <= _KEPT_CHARS else _looked_for_as_a_whole(code)


def _looked_for_as_a_whole(code: str) -> Form | None:
    plain, _ = _plain(code.strip())
    if _MOBILE.fullmatch(plain) or (_LANDLINE.fullmatch(plain) and not plain.isdigit()):
        return "telephone"
    if _E_MAIL.search(plain):
        return "e-mail"
    if _IDENTITY_18.fullmatch(plain):
        digits = re.sub(r"[^\dXx]", "", plain)
        if _check_digit_fits(digits) and int(digits[6:10]) <= _LATEST_BIRTH:
            return "identity"
    return None


def masked(text: str) -> str:
    """The text with each such form replaced; the same where there is none."""
    if len(text) > _PART_CHARS:
        parts = range(0, len(text), _PART_CHARS)
        return "".join(masked(text[at : at + _PART_CHARS]) for at in parts)
    plain, places = _plain(text)
    spans = sorted(match.span() for _, pattern in _FREE for match in pattern.finditer(plain))
    out, at = [], 0
    for start, end in spans:
        first, last = places[start], places[end - 1] + 1
        if last <= at:
            continue
        out += [text[at : max(first, at)], MASK]
        at = last
    return "".join([*out, text[at:]])


def _looked_for(text: str) -> Form | None:
    for at in range(0, max(1, len(text)), _PART_CHARS - _OVERLAP_CHARS):
        plain, _ = _plain(text[at : at + _PART_CHARS])
        for form, pattern in _FREE:
            if pattern.search(plain):
                return form
    return None


_form_in = lru_cache(maxsize=16_384)(_looked_for)
"""Names of firms, drugs and places are few and come again with each manifest."""
_form_of_code = lru_cache(maxsize=4_096)(_looked_for_as_a_whole)
"""So do credit codes, licences and batches."""


def _plain(text: str) -> tuple[str, list[int]]:
    """Every digit as ASCII, compatibility forms as their plain ones, what is not seen left out;
    and of each sign the place in `text` that it came from."""
    if text.isascii():
        return text, list(range(len(text)))
    signs: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        if unicodedata.category(sign) in ("Cf", "Mn", "Me"):
            continue
        digit = unicodedata.digit(sign, None)
        for plain in str(digit) if digit is not None else unicodedata.normalize("NFKC", sign):
            signs.append(plain)
            places.append(place)
    plain = "".join(signs)
    plain = _CHINESE_RUN.sub(lambda run: run[0].translate(_CHINESE_DIGITS), plain)
    return plain, places


def _check_digit_fits(digits: str) -> bool:
    """GB 11643: MOD 11-2 over the seventeen digits before."""
    total = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(digits[:17]))
    return "10X98765432"[total % 11] == digits[17].upper()
