"""Which keys and texts of a manifest are a person's data: refused, never kept, never repeated."""

import itertools
import re
from functools import lru_cache
from typing import Any

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
_FREE_TEXT_KEYS = {"name", "note", "notes", "remark", "platform", "comment", "备注"}
_MOBILE_NUMBER = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
_IDENTITY_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])\d{6}(?:19|20)\d\d[01]\d[0-3]\d\d{3}[\dXx](?![0-9A-Za-z])"
)
_KEPT_CHARS = 64
"""Longer keys are judged each time, so that no sender fills the memory with them."""
_SHOWN_CHARS = 40


def personal_data_at(value: Any) -> str | None:
    """Path of the first key that holds a person's data, or None.

    A key counts by its words in English, pinyin or Chinese at any depth; a free text counts
    if it holds a Chinese mobile or identity number. The value itself is never returned.
    """
    below = _below(value)
    return None if below is None else f"${below}"


def _below(value: Any) -> str | None:
    """The path from this value on; nothing is written of the many keys that are a person's not."""
    if isinstance(value, dict):
        for key, inner in value.items():
            names_a_person, free_text = _meant(key) if len(key) <= _KEPT_CHARS else _meaning(key)
            if (names_a_person and inner is not None) or (
                free_text and holds_a_number_of_a_person(inner)
            ):
                return f".{key[:_SHOWN_CHARS]}"
            if isinstance(inner, dict | list) and (below := _below(inner)) is not None:
                return f".{key[:_SHOWN_CHARS]}{below}"
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, dict | list) and (below := _below(inner)) is not None:
                return f"[{index}]{below}"
    return None


def _meaning(key: str) -> tuple[bool, bool]:
    """Whether a key names a person's data, and whether it stands for free text."""
    return _names_a_person(key), key.lower() in _FREE_TEXT_KEYS


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


def holds_a_number_of_a_person(value: Any) -> bool:
    """Whether a text holds a Chinese mobile or identity number."""
    return isinstance(value, str) and bool(
        _MOBILE_NUMBER.search(value) or _IDENTITY_NUMBER.search(value)
    )
