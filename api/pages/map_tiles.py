"""Tiles of the office's own map under the plan of a way, out of one MBTiles file.

The browser asks this server for them and nobody else. Which tiles lie under a plan is worked out
here, in the datum in which the map is drawn.
"""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
from fastapi import APIRouter
from fastapi import Path as InPath
from msgspec import Struct
from starlette.responses import Response

from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import ServicesOf
from coldwitness.api.reports.drawn.charts.track import EARTH_RADIUS_M, Plan
from coldwitness.config.settings import MapSettings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.domain.map_datums import from_wgs84, to_wgs84

router = APIRouter()

WIDTH_MIN = 150.0
"""Of a tile on a plan [user units]: of narrower ones there would be many."""
_MOST_NORTH_DEG = 85.0
"""Mercator's maps end there."""
_KINDS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
_DAY = "private, max-age=86400"
Zoom = Annotated[int, InPath(ge=0, le=22)]
Place = Annotated[int, InPath(ge=0, lt=1 << 22)]


class DrawnTile(Struct, frozen=True, kw_only=True):
    """A picture of the map and where it lies on the plan [user units]."""

    href: str
    x: float
    y: float
    width: float
    height: float


@router.get("/tiles/{zoom}/{column}/{row}")
def tile(zoom: Zoom, column: Place, row: Place, services: ServicesOf) -> Response:
    """One picture of the office's map; rows count from the north."""
    file = services.settings.map.file
    found = None if file is None else read_tile(file, zoom, column, row)
    kind = None if found is None else _kind_of(found)
    if found is None or kind is None:
        raise Problem(404, f"tile {zoom}/{column}/{row}: unknown")
    return Response(found, media_type=kind, headers={"Cache-Control": _DAY})


def require_map(settings: MapSettings) -> None:
    """Raises ConfigError where the settings name a file that is no map of pictures."""
    if settings.file is None:
        return
    try:
        with _opened(settings.file) as map_:
            first = map_.execute("SELECT tile_data FROM tiles LIMIT 1").fetchone()
    except Unavailable as error:
        raise ConfigError(f"settings: map.file: {error}") from error
    if first is None or _kind_of(first[0]) is None:
        raise ConfigError(f"settings: map.file: {settings.file}: expected PNG, JPEG or WebP tiles")


def read_tile(file: Path, zoom: int, column: int, row: int) -> bytes | None:
    """None: the map has none there. Raises Unavailable where the file cannot be read."""
    wanted = "SELECT tile_data FROM tiles WHERE zoom_level=? AND tile_column=? AND tile_row=?"
    with _opened(file) as map_:
        # MBTiles count rows from the south.
        found = map_.execute(wanted, (zoom, column, (1 << zoom) - 1 - row)).fetchone()
    return None if found is None else bytes(found[0])


def tiles_under(plan: Plan, settings: MapSettings) -> tuple[DrawnTile, ...]:
    """Those of the map that a plan needs and that are there; none without a map."""
    if settings.file is None:
        return ()
    with _opened(settings.file) as map_:
        zoom = _zoom_for(plan, map_)
        if zoom is None:
            return ()
        west, north = _column_row(*_in_datum(plan.place(0.0, 0.0), settings), zoom)
        east, south = _column_row(*_in_datum(plan.place(plan.width, plan.height), settings), zoom)
        top = (1 << zoom) - 1
        first, last = top - math.floor(south), top - math.floor(north)
        there = map_.execute(
            "SELECT tile_column, tile_row FROM tiles WHERE zoom_level = ? "
            "AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ? ORDER BY 1, 2",
            (zoom, math.floor(west), math.floor(east), first, last),
        ).fetchall()
    return tuple(_drawn(plan, zoom, column, top - row, settings) for column, row in there)


def _drawn(plan: Plan, zoom: int, column: int, row: int, settings: MapSettings) -> DrawnTile:
    corners = [to_wgs84(*_lat_lon(column + d, row + d, zoom), datum=settings.datum) for d in (0, 1)]
    (left, top), (right, bottom) = plan.at(
        lat_deg=np.array([lat for lat, _ in corners]), lon_deg=np.array([lon for _, lon in corners])
    )
    return DrawnTile(
        href=f"/tiles/{zoom}/{column}/{row}",
        x=round(left, 2),
        y=round(top, 2),
        width=round(right - left, 2),
        height=round(bottom - top, 2),
    )


def _zoom_for(plan: Plan, map_: sqlite3.Connection) -> int | None:
    """The finest of the map's whose tiles are wide enough, else its coarsest."""
    zooms = [one for (one,) in map_.execute("SELECT DISTINCT zoom_level FROM tiles ORDER BY 1")]
    around_m = 2 * math.pi * EARTH_RADIUS_M * math.cos(math.radians(plan.origin[0]))
    wide = [one for one in zooms if around_m / (1 << one) * plan.scale >= WIDTH_MIN]
    return wide[-1] if wide else (zooms[0] if zooms else None)


def _in_datum(place: tuple[float, float], settings: MapSettings) -> tuple[float, float]:
    return place if settings.datum == "WGS84" else from_wgs84(*place, datum=settings.datum)


def _column_row(lat_deg: float, lon_deg: float, zoom: int) -> tuple[float, float]:
    """Where a place lies in the grid of a zoom (Web Mercator, rows from the north)."""
    lat = math.radians(max(-_MOST_NORTH_DEG, min(_MOST_NORTH_DEG, lat_deg)))
    size = float(1 << zoom)
    down = (1 - math.asinh(math.tan(lat)) / math.pi) / 2
    return (lon_deg + 180) / 360 * size, down * size


def _lat_lon(column: float, row: float, zoom: int) -> tuple[float, float]:
    size = float(1 << zoom)
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / size))))
    return lat, column / size * 360 - 180


def _kind_of(picture: bytes) -> str | None:
    return next((kind for begin, kind in _KINDS.items() if picture.startswith(begin)), None)


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as map_:
            yield map_
    except sqlite3.Error as error:
        raise Unavailable(f"map {file}: {error}") from error
