"""Which characters the report's fonts can draw; what they cannot is an error, never a blank."""

import struct
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pylopdf_fonts_zh_cn

from coldwitness.domain.errors import BadInput

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


def require_drawable(text: str, *, fonts: Iterable[Path] = (SANS, SERIF)) -> None:
    """Raises BadInput naming the first character that one of the fonts lacks."""
    wanted = {ord(c) for c in set(text)} - {0x0A, 0x09}
    for font in fonts:
        missing = sorted(wanted - drawable(font))
        if missing:
            shown = ", ".join(f"{chr(c)!r} (U+{c:04X})" for c in missing[:5])
            raise BadInput(f"report: the font {font.stem} has no glyph for {shown}")
