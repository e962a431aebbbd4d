"""The page of one shipment: its curve, its way, its papers, drawn with and without script."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Response

from coldwitness.api.http import shipments
from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.shipments import evidence_now
from coldwitness.api.pages.app_files import STATIC
from coldwitness.api.pages.course import Course
from coldwitness.api.reports.drawn.recent import RecentDrawings
from coldwitness.api.reports.made.reasons import worst_first
from coldwitness.config.map_links import load_map_links, map_links
from coldwitness.domain.columns import take
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.grants import Grant
from coldwitness.domain.reading import Reading
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.run import Judged
from tests.api.world import MINUTE, T0, World, manifest, running_world

TAKEN = [5.0] * 20 + [6.0, 7.0, 8.5, 12.0] + [14.0] * 16 + [7.0] * 8
"""Of `ZB-1`, a minute each; twelve minutes are missing after the first ten."""
MISSING = 12
PAPERS: dict[str, Any] = {
    "seller": {"name": "临淄齐安药店", "division": "370305"},
    "items": [{"name": "胰岛素", "batch": "B2166437", "storage": "refrigerated"}],
    "order": {"number": "DD-7781"},
    "origin": {"lat": 36.8, "lon": 118.3, "name": "发货药店"},
    "destination": {"lat": 36.83, "lon": 118.33, "name": "3 号楼"},
    "sites": [{"lat": 36.81, "lon": 118.31, "name": "中转站", "max_minutes": 15}],
}
FIRST_LOAD_BYTES_MAX = 200_000


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("shipment")) as world:
        declared(world, "ZB-1")
        yield world


def declared(world: World, shipment: str) -> None:
    told = manifest(shipment, **PAPERS)
    assert world.client.put(f"/v1/shipments/{shipment}", json=told).is_success
    world.event(shipment, "packed", 0)
    readings = []
    for n, drug_c in enumerate(TAKEN):
        minute = n if n < 10 else n + MISSING
        standing = 0.01 * min(n, 12) / 12 if n < 30 else 0.01 + 0.02 * (n - 30) / 18
        readings.append(
            Reading(
                logger=f"LG-{shipment}",
                time_ms=T0 + minute * MINUTE,
                seq=minute,
                temperature_c={"drug": drug_c, "ambient": 21.0},
                shipment=shipment,
                courier="ql-express",
                box=f"BX-{shipment}",
                lat_deg=36.8 + standing,
                lon_deg=118.3 + standing,
                lid_open=n in (22, 23),
            )
        )
    world.store.append(readings, [reading.time_ms + 500 for reading in readings])
    world.register.custody.note_seen({shipment: "ql-express"})
    world.event(shipment, "delivered", len(TAKEN) + MISSING)
    world.judge.judge_now([shipment])


def course(world: World, shipment: str = "ZB-1", **asked: Any) -> Course:
    answer = world.get(f"/shipments/{shipment}/course", params=asked)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Course)


def test_the_course_has_every_probe_and_draws_nothing_across_a_gap(shown: World) -> None:
    drawn = course(shown)
    assert [probe.title for probe in drawn.probes] == ["药品", "箱外环境"]
    assert (drawn.low_c, drawn.high_c) == (2.0, 8.0)
    drug = drawn.probes[0]
    hole = drug.value_c.index(None)
    assert drug.time_s[hole + 1] - drug.time_s[hole - 1] == (MISSING + 1) * 60
    (unseen,) = [one for one in drawn.unseen if one.end_s - one.start_s > 600]
    assert unseen.end_s - unseen.start_s == pytest.approx((MISSING + 1) * 60)
    (corners,) = [one for one in drawn.possible if len(one) == 4]
    assert max(c for _, c in corners) > 6.0, "what was possible within the gap"
    assert [(one.number, one.weighs) for one in drawn.episodes] == [(1, True)]
    assert len(drawn.lid_open) == 1
    assert drawn.stops
    assert drawn.way is not None
    assert "中转站" in drawn.way.svg
    assert len(drawn.way.places) == len(TAKEN)


def test_thinned_to_a_screen_a_curve_keeps_its_extremes(world: World) -> None:
    temperatures = [5.0 + 0.01 * (n % 7) for n in range(6000)]
    temperatures[4321], temperatures[17] = 31.25, -4.5
    world.send("ZB-LONG", temperatures, step_ms=10_000, judge=False)
    for columns in (50, 300, 2000):
        (drug,) = course(world, "ZB-LONG", columns=columns).probes
        values = [value for value in drug.value_c if value is not None]
        assert (min(values), max(values)) == (-4.5, 31.25)
        assert len(values) <= 4 * (columns + 1)
    start = T0 / 1000 + 43_000
    (near,) = course(world, "ZB-LONG", **{"from": start, "to": start + 600}).probes
    assert len(near.time_s) >= 60, "a part is drawn with all its readings"
    assert 31.25 in near.value_c


def test_a_range_that_is_none_and_columns_that_are_too_many_are_harmless(shown: World) -> None:
    assert course(shown, **{"from": 9e9, "to": 1}).probes
    assert shown.get("/shipments/ZB-1/course?columns=100000").status_code == 422
    assert shown.get("/shipments/ZB-1/course?from=nan&to=nan").status_code in (200, 422)
    assert shown.get("/shipments/ZB-404/course").status_code == 404


def test_the_page_tells_papers_events_and_stops_without_any_script(shown: World) -> None:
    text = shown.get("/shipments/ZB-1?lang=zh").text
    for told in ("B2166437", "临淄齐安药店", "DD-7781", "BX-ZB-1", "装箱", "签收", "发货药店"):
        assert told in text
    assert "3 号楼" not in text, "the door may be somebody's home"
    stops = text.partition('class="lines stops"')[2].partition("</table>")[0]
    assert "geo:36.8" in stops
    assert "coordinate=gaode" in stops
    rows = re.findall(r"<tr><th scope=\"row\">P\d.*?</tr>", stops, re.DOTALL)
    ends = [row for row in rows if "收货点" in row]
    assert all("geo:" not in row for row in ends)


def test_findings_stand_worst_first(shown: World) -> None:
    result = shown.register.results.of("ZB-1")
    assert result is not None
    ordered = worst_first(result.findings)
    assert len(ordered) > 1
    assert ordered[0].subtype == "above_range"
    assert worst_first(tuple(reversed(result.findings)))[0].subtype == "above_range"
    text = shown.get("/shipments/ZB-1?lang=zh").text
    assert text.index("高于上限") < text.index('id="course"'), "the reason stands before the curve"


def loaded(page: Page, address: str) -> list[Response]:
    answers: list[Response] = []

    def note(answer: Response) -> None:  # a bound method cannot be wrapped by the library
        answers.append(answer)

    page.on("response", note)
    page.goto(address)
    page.wait_for_selector("#course[data-drawn]")
    return answers


@pytest.mark.parametrize(("lang", "width"), [("zh", 360), ("en", 1280)])
def test_the_curve_is_drawn_and_its_cursor_is_linked_with_the_place(
    browser: Browser, shown: World, lang: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    answers = loaded(page, f"{shown.server.url}/shipments/ZB-1?lang={lang}")
    assert all(answer.url.startswith(shown.server.url) for answer in answers)
    sent = sum(answer.request.sizes()["responseBodySize"] for answer in answers)
    assert sent <= FIRST_LOAD_BYTES_MAX
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#legend span").count() == 2
    dot = page.locator("#way svg > circle").last
    assert dot.get_attribute("visibility") == "hidden"
    page.locator("#curve").focus()
    page.keyboard.press("End")
    last = (page.text_content("#at") or "", dot.get_attribute("cx"))
    page.keyboard.press("Home")
    first = (page.text_content("#at") or "", dot.get_attribute("cx"))
    assert dot.get_attribute("visibility") == "visible"
    assert "5.0 °C" in first[0]
    assert "7.0 °C" in last[0]
    assert first[1] != last[1], "the place moves with the cursor"
    assert wrong == []
    page.close()


def test_a_part_of_the_curve_is_enlarged_and_left_again(browser: Browser, shown: World) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    loaded(page, f"{shown.server.url}/shipments/ZB-1?lang=zh")
    box = page.locator("#curve .u-over").bounding_box()
    assert box is not None
    assert page.is_hidden("#whole")
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 70, steps=4)
    with page.expect_response(lambda answer: "from=" in answer.url):
        page.mouse.up()
    page.click("#whole")
    page.wait_for_selector("#whole", state="hidden")
    page.close()


def test_page_and_course_rest_on_one_run_until_anything_is_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared(world, "ZB-1")
    runs: list[str] = []
    judge = shipments.judge_shipments

    def counted(evidence: Evidence, **by: Any) -> list[Judged]:
        runs.extend(evidence.shipments)
        return judge(evidence, **by)

    monkeypatch.setattr(shipments, "judge_shipments", counted)
    page = "/shipments/ZB-1?lang=zh"
    assert world.get(page).is_success
    before = course(world)
    assert runs == ["ZB-1"]
    late = Reading(
        logger="LG-ZB-1",
        time_ms=T0 + 15 * MINUTE,  # in the hole
        seq=15,
        temperature_c={"drug": 19.0, "ambient": 21.0},
        shipment="ZB-1",
        courier="ql-express",
        box="BX-ZB-1",
    )
    world.store.append([late], [late.time_ms + 500])
    after = course(world)
    assert runs == ["ZB-1"] * 2
    assert 19.0 not in before.probes[0].value_c
    assert 19.0 in after.probes[0].value_c
    world.event("ZB-1", "handed_over", 3)
    assert "交接" in world.get(page).text
    changed = manifest("ZB-1", **PAPERS, note="x")
    assert world.client.put("/v1/shipments/ZB-1", json=changed).is_success
    course(world)
    assert runs == ["ZB-1"] * 4
    world.clock.now_ms += 5_001  # the hour counts for what is on its way
    course(world)
    assert runs == ["ZB-1"] * 5


def test_drawings_are_kept_of_few_readings_and_the_oldest_goes_first(world: World) -> None:
    declared(world, "ZB-1")
    world.get("/shipments/ZB-1")
    evidence = evidence_now(world.services, "ZB-1")
    drawing = world.services.drawings.of(evidence)
    assert drawing is not None
    recent = RecentDrawings()
    for n in range(1_500):
        recent.keep(replace(evidence, shipments=(f"ZB-{n}",)), drawing)
    assert len(recent) * (len(evidence.readings) + 100) <= 100_000
    assert recent.of(replace(evidence, shipments=("ZB-0",))) is None
    assert recent.of(replace(evidence, shipments=("ZB-1499",))) is drawing
    many = take(evidence.readings, np.zeros(100_000, dtype=np.int64))
    recent.keep(replace(evidence, readings=many), drawing)
    assert recent.of(replace(evidence, readings=many)) is None, "a long one is judged each time"


def test_without_any_script_curve_and_way_are_pictures(browser: Browser, shown: World) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{shown.server.url}/shipments/ZB-1?lang=zh")
    pictures = page.locator("img.picture")
    assert pictures.count() == 2
    for n in range(2):
        picture = pictures.nth(n)
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        assert box is not None
        assert box["height"] > 100
        assert picture.get_attribute("alt")
    context.close()
    assert shown.get("/shipments/ZB-1/curve.svg").headers["content-type"] == "image/svg+xml"


OPEN_PARTS = "all => all.filter(one => one.open).map(one => one.parentElement.id)"


def test_with_one_hand_on_a_phone_the_long_parts_are_folded_and_a_thumb_opens_them(
    browser: Browser, shown: World
) -> None:
    phone = browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(f"{shown.server.url}/shipments/ZB-1?lang=zh")
    phone.wait_for_selector("#course[data-drawn]")
    parts = phone.locator("details.part")
    assert parts.evaluate_all(OPEN_PARTS) == []
    assert phone.evaluate("document.documentElement.scrollHeight") <= 6 * 740
    phone.locator(".skip").focus()
    phone.keyboard.press("Enter")
    assert parts.evaluate_all(OPEN_PARTS) == [], "to the text is to none of its parts"
    at = phone.locator(".jump").bounding_box()
    assert at is not None
    assert at["y"] + at["height"] == 740, "where the thumb is"
    for link, part in (("要求", "lines"), ("处理", "officers")):
        phone.locator(".jump").get_by_text(link, exact=True).click()
        assert part in parts.evaluate_all(OPEN_PARTS)
        head = phone.locator(f"#{part}").bounding_box()
        assert head is not None
        assert -1 < head["y"] < 740 - at["height"], "its head is in sight"
    phone.goto(f"{shown.server.url}/shipments/ZB-1?lang=zh#evidence")
    phone.reload()
    assert parts.evaluate_all(OPEN_PARTS) == ["evidence"]
    phone.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(parts.evaluate_all(OPEN_PARTS)) == parts.count()
    phone.close()


def test_on_paper_the_whole_curve_is_seen(browser: Browser, shown: World) -> None:
    """A sheet is narrower than the window, and nothing draws the curve anew for it."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{shown.server.url}/shipments/ZB-1?lang=zh")
    page.wait_for_selector("#course[data-drawn]")
    page.emulate_media(media="print")
    page.eval_on_selector("#course", "one => { one.style.width = '600px'; }")
    drawn = page.locator("#curve canvas").bounding_box()
    assert drawn is not None
    assert 400 < drawn["width"] <= 600
    assert page.locator("#curve-keys").is_hidden()
    page.close()


@pytest.mark.parametrize(("width", "script"), [(360, False), (1280, True)])
def test_on_a_desk_and_without_script_all_parts_are_open(
    browser: Browser, shown: World, width: int, script: bool
) -> None:
    size = {"width": width, "height": 740}
    context = browser.new_context(viewport=size, java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{shown.server.url}/shipments/ZB-1?lang=zh")
    parts = page.locator("details.part")
    assert parts.count() > 4
    assert len(parts.evaluate_all(OPEN_PARTS)) == parts.count()
    context.close()


def test_on_the_way_curve_and_findings_follow_without_a_reload(
    browser: Browser, live_world: World
) -> None:
    live_world.client.put("/v1/shipments/ZB-9", json=manifest("ZB-9"))
    live_world.send("ZB-9", [5.0] * 20)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    loaded(page, f"{live_world.server.url}/shipments/ZB-9?lang=zh")
    page.wait_for_selector("#live[data-state=on]")
    page.evaluate("window.stayed = true")
    live_world.send("ZB-9", [13.0] * 10, start_ms=T0 + 20 * MINUTE)
    page.wait_for_selector("#sheet.breach")
    assert "高于上限" in (page.text_content("#found-here") or "")
    assert page.evaluate("window.stayed") is True
    page.close()


def test_who_need_not_know_the_door_is_shown_no_way_and_another_s_is_404(world: World) -> None:
    shown = world  # keys close the door of a world to everybody else
    declared(shown, "ZB-1")
    assert shown.client.put(
        "/v1/shipments/ZB-1", json=manifest("ZB-1", **PAPERS, delivery={"platform": "示例平台"})
    ).is_success
    keys = {}
    for name, grant in (
        ("platform", Grant("platform", platform="示例平台")),
        ("other", Grant("courier", courier="sf")),
    ):
        key = keys[name] = new_key()
        shown.register.client_keys.add(
            name, grant, digest=digest_of(key) or "", by="test", now_ms=T0
        )

    def ask(name: str, path: str) -> Any:
        return shown.get(path, headers={"Authorization": f"Bearer {keys[name]}"})

    told = msgspec.json.decode(ask("platform", "/shipments/ZB-1/course").content, type=Course)
    assert told.probes
    assert told.way is None
    assert ask("platform", "/shipments/ZB-1/way.svg").status_code == 403
    page = ask("platform", "/shipments/ZB-1").text
    assert 'id="way"' not in page
    assert "geo:" not in page
    for part in ("", "/course", "/curve.svg", "/way.svg"):
        assert ask("other", f"/shipments/ZB-1{part}").status_code == 404


def test_what_was_read_of_a_curve_stands_in_the_trail(world: World) -> None:
    world.send("ZB-1", [5.0] * 5)
    course(world)
    assert [one.action for one in world.register.audit.entries()] == ["read_curve"]


def test_the_drawing_library_is_what_its_readme_says() -> None:
    folder = STATIC / "uplot"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    digests = dict(re.findall(r"\| `(\S+)` \| `([0-9a-f]{64})` \|", readme))
    assert digests.keys() == {"uPlot.iife.min.js", "uPlot.min.css"}
    for name, digest in digests.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    version = re.search(r"uPlot (\d+\.\d+\.\d+), MIT", readme)
    assert version is not None
    assert f"(v{version[1]})" in (folder / "uPlot.iife.min.js").read_text(encoding="utf-8")[:200]
    assert "MIT License" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_each_map_application_gets_a_place_in_its_own_datum() -> None:
    links = {link.datum: link.to(lat_deg=36.8, lon_deg=118.3) for link in map_links()}
    assert links["WGS84"] == "geo:36.800000,118.300000?z=17"
    place = re.search(r"position=([\d.]+),([\d.]+)", links["GCJ02"])
    assert place is not None
    assert 0.004 < float(place[1]) - 118.3 < 0.008, "GCJ-02 lies some hundred metres off"
    assert set(links) == {"WGS84", "GCJ02", "BD09"}


@pytest.mark.parametrize("address", ["x{nothing}", "x{lat"])
def test_a_map_link_that_cannot_be_filled_in_stops_the_start(tmp_path: Any, address: str) -> None:
    file = tmp_path / "map_links.toml"
    file.write_text(
        f'[[link]]\nname = {{ zh = "图", en = "m" }}\ndatum = "WGS84"\naddress = "{address}"\n'
        'source = "x"\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match=r"map_links.toml"):
        load_map_links(file)
