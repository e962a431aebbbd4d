"""Which characters the report's fonts can draw; one they cannot is printed as its code.

So are control characters and those that turn the direction of writing: a name that hides or
reorders part of itself is shown as it is, not obeyed.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pylopdf_fonts_zh_cn

from coldwitness.domain.errors import BadInput
from coldwitness.domain.visible import code_of, is_seen

SANS = Path(pylopdf_fonts_zh_cn.sans_path())
SERIF = Path(pylopdf_fonts_zh_cn.serif_path())


@lru_cache
def drawable(font: Path) -> frozenset[int]:
    """Code points of a font's Unicode map (OpenType `cmap`, format 12).

    Raises BadInput for a font without such a map, as one with all of Chinese has.
    """
    data = font.read_bytes()
    tables = struct.unpack_from(">H", data, 4)[0]
    for i in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * i)
        if tag == b"cmap":
            return frozenset(_full_map(data, offset, font))
    raise BadInput(f"font {font.name}: no cmap table")


def _full_map(data: bytes, cmap: int, font: Path) -> Iterable[int]:
    count = struct.unpack_from(">H", data, cmap + 2)[0]
    for i in range(count):
        _, _, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * i)
        if struct.unpack_from(">H", data, cmap + offset)[0] != 12:
            continue
        groups = struct.unpack_from(">I", data, cmap + offset + 12)[0]
        for group in range(groups):
            first, last, _ = struct.unpack_from(">III", data, cmap + offset + 16 + 12 * group)
            yield from range(first, last + 1)
        return
    raise BadInput(f"font {font.name}: no full Unicode map")


def with_codes(text: str, *, fonts: tuple[Path, ...] = (SANS, SERIF)) -> str:
    """`text` with `[U+1F9CA]` for each character that a font lacks or that is not seen."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_signs_of(fonts))


class _Signs(dict[int, int | str]):
    """As what a character is printed, for `str.translate`: asked once for each that is drawn, as a
    report asks for each of its texts. The others are not kept: there are a million of them."""

    def __init__(self, fonts: tuple[Path, ...]) -> None:
        super().__init__({ord("\n"): ord("\n")})
        self._drawable = frozenset.intersection(*(drawable(font) for font in fonts))

    def __missing__(self, point: int) -> int | str:
        char = chr(point)
        if point not in self._drawable or not is_seen(char):
            return code_of(char)
        self[point] = point
        return point


@lru_cache
def _signs_of(fonts: tuple[Path, ...]) -> _Signs:
    return _Signs(fonts)
