"""Which keys and texts of a manifest are a person's data: refused, never kept, never repeated."""

import itertools
import re
from functools import lru_cache
from typing import Literal

from coldwitness.ingest.personal_forms import form_in, form_of_code

Told = Literal["text", "code", "none"]

_PERSON_WORDS = {
    "consignee", "recipient", "receiver", "addressee", "patient", "contact", "surname",
    "phone", "telephone", "tel", "mobile", "cellphone", "handphone", "msisdn", "wechat", "email",
    "address", "addr", "street", "passport", "idcard", "birthday", "birthdate", "firstname",
    "lastname", "fullname", "realname", "username", "customer", "buyer", "purchaser",
    "shoujianren", "shouhuoren", "xingming", "dianhua", "shouji", "dizhi", "shenfenzheng",
    "huanzhe",
}  # fmt: skip
_PERSON_WORD_PAIRS = {
    "id card", "id number", "id no", "identity number", "identity no", "identity card",
    "identity id", "national id", "citizen id", "person name", "personal name", "first name",
    "last name", "full name", "real name", "family name", "given name",
}  # fmt: skip
_JOINED_PAIRS = {pair.replace(" ", "") for pair in _PERSON_WORD_PAIRS}
_NOT_PERSONAL = {"mac", "ip"}
"""`mac_address` and `ip_address` are a device's, not a person's."""
_PERSON_CHINESE = (
    "收件", "收货", "收貨", "患者", "病人", "姓名", "名字", "电话", "電話", "手机", "手機", "联系",
    "聯繫", "聯絡", "地址", "住址", "身份证", "身份證", "身分證", "证件号", "护照", "微信", "邮箱",
    "顾客", "客户", "买家", "买方", "购药人", "用药人", "签收人", "取药人", "家庭", "门牌", "街道",
    "生日", "出生",
)  # fmt: skip
_NO_TEXT_KEYS = {
    "id", "model", "trace_code", "approval_number", "division", "storage", "category",
    "compartment", "role", "datum", "mode", "register", "url", "secret", "sha256", "sm3", "officer",
}  # fmt: skip
"""Ids and codes with forms of their own, and what is checked elsewhere."""
_CODE_KEYS = {"number", "batch", "licence", "uscc", "expires", "serial", "source_number"}
_TIME_KEY = re.compile(r".*_(?:at|until|on|ms|s)|time|from|to|start|end")
_KEPT_CHARS = 64
"""Longer keys are judged each time, so that no sender fills the memory with them."""
_SHOWN_CHARS = 40
_HOLDING = (dict, list)
"""Written once: `dict | list` beside each value took longer than all else that is asked of it."""


def personal_data_at(value: object) -> str | None:
    """Path of the first key that holds a person's data, or None.

    A key counts by its words in English, pinyin or Chinese at any depth; a text counts if it holds
    a telephone or identity number, an e-mail or a street address (`personal_forms`). The value
    itself is never returned.
    """
    below = _below(value)
    return None if below is None else f"${below}"


def _below(value: object) -> str | None:
    """The path from this value on; nothing is written of the many keys that are a person's not."""
    if isinstance(value, dict):
        for key, inner in value.items():
            names_a_person, told = _meant(key) if len(key) <= _KEPT_CHARS else _meaning(key)
            if isinstance(inner, str):
                if names_a_person or _holds_a_form(inner, told):
                    return f".{key[:_SHOWN_CHARS]}"
            elif names_a_person and inner is not None:
                return f".{key[:_SHOWN_CHARS]}"
            elif isinstance(inner, _HOLDING) and (below := _within(inner, told)) is not None:
                return f".{key[:_SHOWN_CHARS]}{below}"
    elif isinstance(value, list):
        return _within(value, "text")
    return None


def _within(value: object, told: Told) -> str | None:
    """told : what the texts of a list are, by the key that it stands under."""
    if isinstance(value, dict):
        return _below(value)
    for index, inner in enumerate(value if isinstance(value, list) else ()):
        if isinstance(inner, str):
            if _holds_a_form(inner, told):
                return f"[{index}]"
        elif isinstance(inner, _HOLDING) and (below := _within(inner, told)) is not None:
            return f"[{index}]{below}"
    return None


def _holds_a_form(text: str, told: Told) -> bool:
    if told == "none":
        return False
    return (form_of_code(text) if told == "code" else form_in(text)) is not None


def _meaning(key: str) -> tuple[bool, Told]:
    """Whether a key names a person's data, and what a text under it is: free, a code, or of a form
    of its own."""
    name = key.lower()
    told: Told = "text"
    if name in _NO_TEXT_KEYS or _TIME_KEY.fullmatch(name):
        told = "none"
    elif name in _CODE_KEYS:
        told = "code"
    return _names_a_person(key), told


_meant = lru_cache(maxsize=4096)(_meaning)
"""Manifests of a fleet have the same few dozen keys: each is judged once."""


def _names_a_person(key: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", key)]
    if "address" in words and not _NOT_PERSONAL.isdisjoint(words):
        return False
    single = {word.removesuffix("s") for word in words} | set(words)
    pairs = {f"{first} {second}" for first, second in itertools.pairwise(words)}
    return (
        not single.isdisjoint(_PERSON_WORDS)
        or not pairs.isdisjoint(_PERSON_WORD_PAIRS)
        or not single.isdisjoint(_JOINED_PAIRS)
        or any(word in key for word in _PERSON_CHINESE)
    )


def personal_number_at(value: object) -> str | None:
    """Path of the first text with a telephone or identity number or an e-mail in it, whatever its
    key is called; None where there is none. Firms have addresses, so these count not."""
    return _number_below(value, "text", "$")


def _number_below(value: object, told: Told, path: str) -> str | None:
    if isinstance(value, str):
        if told == "none":
            return None
        form = form_of_code(value) if told == "code" else form_in(value)
        return path if form not in (None, "address") else None
    if isinstance(value, dict):
        found = (
            _number_below(inner, _meaning(key)[1], f"{path}.{key[:_SHOWN_CHARS]}")
            for key, inner in value.items()
        )
    elif isinstance(value, list):
        found = (_number_below(one, told, f"{path}[{i}]") for i, one in enumerate(value))
    else:
        return None
    return next((one for one in found if one is not None), None)


def holds_a_number_of_a_person(value: object) -> bool:
    """Whether a text holds a form of a person's data: a number, an e-mail, a street address."""
    return isinstance(value, str) and form_in(value) is not None
