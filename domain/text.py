"""What is said in two languages."""

import msgspec


class Text(msgspec.Struct, frozen=True):
    """The same in Chinese and in English."""

    zh: str
    en: str
