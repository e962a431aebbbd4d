"""Links from a place to map applications, each in the datum of its own maps (`map_links.toml`)."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from coldwitness.domain.errors import ConfigError
from coldwitness.domain.map_datums import from_wgs84
from coldwitness.domain.text import Text

FILE = Path(__file__).parent / "map_links.toml"


class MapLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """address : with {lat} and {lon}, degrees in `datum`."""

    name: Text
    datum: Literal["WGS84", "GCJ02", "BD09"]
    address: str
    source: str

    def to(self, *, lat_deg: float, lon_deg: float) -> str:
        """The address of a place given in WGS84."""
        lat, lon = lat_deg, lon_deg
        if self.datum != "WGS84":
            lat, lon = from_wgs84(lat_deg, lon_deg, datum=self.datum)
        return self.address.format(lat=f"{lat:.6f}", lon=f"{lon:.6f}")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    link: tuple[MapLink, ...]


@cache
def map_links() -> tuple[MapLink, ...]:
    """Those of the program, in the order in which they are shown."""
    return load_map_links(FILE)


def load_map_links(path: Path) -> tuple[MapLink, ...]:
    """Raises ConfigError naming file and place."""
    try:
        links = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).link
        for link in links:
            link.to(lat_deg=0.0, lon_deg=0.0)
    except (OSError, ValueError, KeyError, IndexError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path.name}: {error}") from error
    return links
