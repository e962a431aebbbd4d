"""The office's own map under the plan of a way: where each tile lies, and who serves it."""

import math
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser

from coldwitness.api.pages.course import Course
from coldwitness.api.pages.map_tiles import require_map, tiles_under
from coldwitness.api.reports.drawn.charts.track import Plan
from coldwitness.config.settings import MapSettings, Settings
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.map_datums import wgs84_to_gcj02
from tests.api.test_shipment_page import course, declared, loaded
from tests.api.world import World, running_world

PLACE = (36.815, 118.315)
ZOOMS = range(11, 16)


def png(red: int) -> bytes:
    """A picture of one colour, a pixel wide."""

    def part(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(bytes([0, red, 200, 120]))
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixel) + part(b"IEND", b"")


def grid(lat_deg: float, lon_deg: float, zoom: int) -> tuple[float, float]:
    """Column and row, by the formula of the OpenStreetMap wiki."""
    n, lat = 2.0**zoom, math.radians(lat_deg)
    row = (1 - math.log(math.tan(lat) + 1 / math.cos(lat)) / math.pi) / 2 * n
    return (lon_deg + 180) / 360 * n, row


def map_file(path: Path) -> Path:
    """A few kilometres about PLACE, in each zoom."""
    with closing(sqlite3.connect(path)) as made:
        made.execute(
            "CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)"
        )
        for zoom in ZOOMS:
            column, row = (int(one) for one in grid(*PLACE, zoom))
            made.executemany(
                "INSERT INTO tiles VALUES (?, ?, ?, ?)",
                [
                    (zoom, column + x, 2**zoom - 1 - (row + y), png(zoom * 10))
                    for x in range(-6, 7)
                    for y in range(-6, 7)
                ],
            )
        made.commit()
    return path


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mapped")
    own = MapSettings(file=map_file(folder / "own.mbtiles"), source="审图号 鲁S(2026)001号")
    with running_world(folder, settings=Settings(map=own)) as world:
        declared(world, "ZB-1")
        yield world


@pytest.mark.parametrize("datum", ["WGS84", "GCJ02"])
@pytest.mark.parametrize("scale", [0.05, 0.3])
def test_each_place_lies_on_its_tile_where_the_map_has_it(
    tmp_path: Path, datum: Literal["WGS84", "GCJ02"], scale: float
) -> None:
    own = MapSettings(file=map_file(tmp_path / "own.mbtiles"), datum=datum)
    plan = Plan(origin=PLACE, middle_m=(40.0, -60.0), scale=scale, width=420.0, height=300.0)
    tiles = tiles_under(plan, own)
    assert 1 <= len(tiles) <= 20
    for x, y in ((3.0, 3.0), (210.0, 150.0), (400.0, 20.0), (30.0, 290.0), (417.0, 297.0)):
        lat, lon = plan.place(x, y)
        (back,) = plan.at(lat_deg=np.array([lat]), lon_deg=np.array([lon]))
        assert back == pytest.approx((x, y), abs=1e-6)
        shown = wgs84_to_gcj02(lat, lon) if datum == "GCJ02" else (lat, lon)
        under = [t for t in tiles if t.x <= x < t.x + t.width and t.y <= y < t.y + t.height]
        (its,) = under
        zoom = int(its.href.split("/")[2])
        column, row = grid(*shown, zoom)
        assert its.href == f"/tiles/{zoom}/{int(column)}/{int(row)}"
        assert its.x + its.width * (column % 1) == pytest.approx(x, abs=0.5)
        assert its.y + its.height * (row % 1) == pytest.approx(y, abs=0.5)


def test_without_a_map_a_way_has_no_tiles_and_a_map_ends_where_it_ends(
    world: World, tmp_path: Path
) -> None:
    declared(world, "ZB-1")
    way = course(world).way
    assert way is not None
    assert way.tiles == ()
    assert world.get("/tiles/12/3394/1593").status_code == 404
    assert "不含底图" in world.get("/shipments/ZB-1?lang=zh").text
    far = Plan(origin=(0.0, 0.0), middle_m=(0, 0), scale=0.3, width=420.0, height=300.0)
    assert tiles_under(far, MapSettings(file=map_file(tmp_path / "own.mbtiles"))) == ()


def test_the_plan_is_drawn_over_the_map_without_a_request_elsewhere(
    browser: Browser, mapped: World
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    answers = loaded(page, f"{mapped.server.url}/shipments/ZB-1?lang=zh")
    page.wait_for_selector("#way image")
    page.wait_for_load_state("networkidle")
    told: Course = course(mapped)
    assert told.way is not None
    wanted = {f"{mapped.server.url}{one.href}" for one in told.way.tiles}
    assert wanted
    asked = {one.url: one for one in answers if "/tiles/" in one.url}
    assert asked.keys() == wanted
    assert {one.headers["content-type"] for one in asked.values()} == {"image/png"}
    assert all(one.url.startswith((mapped.server.url, "data:")) for one in answers)
    first = page.locator("#way svg > *").evaluate_all("all => all.map(one => one.tagName)")
    assert first.index("path") > max(n for n, name in enumerate(first) if name == "image")
    assert "审图号 鲁S(2026)001号" in (page.text_content("figure.way") or "")
    assert wrong == []
    page.close()


def test_tiles_are_for_who_may_be_here_and_outside_the_grid_there_are_none(mapped: World) -> None:
    own = mapped.services.settings.map
    assert own.file is not None
    column, row = (int(one) for one in grid(*PLACE, 12))
    kept: httpx.Response = mapped.get(f"/tiles/12/{column}/{row}")
    assert kept.content == png(120)
    assert "private" in kept.headers["cache-control"]
    for path in ("12/0/0", "22/4194303/0", "12/99999/99999"):
        assert mapped.get(f"/tiles/{path}").status_code == 404
    for path in ("23/0/0", "-1/0/0", "a/0/0", "12/4194304/0"):
        assert mapped.get(f"/tiles/{path}").status_code == 422


def test_a_file_that_is_no_map_of_pictures_stops_the_start(tmp_path: Path) -> None:
    text = tmp_path / "text.mbtiles"
    text.write_text("no database at all, and long enough to be read as one" * 20)
    vector = map_file(tmp_path / "vector.mbtiles")
    with closing(sqlite3.connect(vector)) as made:
        made.execute("UPDATE tiles SET tile_data = x'1f8b08'")
        made.commit()
    for file in (tmp_path / "absent.mbtiles", text, vector):
        with pytest.raises(ConfigError, match=r"map\.file"):
            require_map(MapSettings(file=file))
