"""How fast the page of a shipment is, on the server and in a browser, and what a first load weighs.

    python -m benchmarks.pages [--readings 300 1000 20000] [--repeat 7]

A whole server with SQLite stores and a headless Chromium on this machine, over loopback. For each
number of readings (drug and outside, a minute apart, positions with each): the server's time for
the page, of which nothing is kept from before, and for the course that its script then asks for
(median of the repetitions, HTTP included), the bytes of a first load as they are sent, the time
from the course's arrival to the drawn curve, and the time from following the link to the drawn
curve. Prints a Markdown table.
"""

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Response

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Reading
from tests.api.world import MINUTE, T0, World, manifest, running_world
from tests.browser import chromium

DRAWN_AFTER_COURSE = """() => {
  const [course] = performance.getEntriesByType("resource")
    .filter(one => one.name.includes("/course"));
  return Number(document.getElementById("course").dataset.drawn) - course.responseEnd;
}"""


def delivered(world: World, readings: int) -> str:
    """A shipment with so many readings that was too warm for a while."""
    name = f"ZB-{readings}"
    end = rfc3339(T0 + (readings - 1) * MINUTE)  # over: a page on the way listens without end
    papers = manifest(name, delivered_at=end)
    world.client.put(f"/v1/shipments/{name}", json=papers).raise_for_status()
    told = [
        Reading(
            logger=f"LG-{name}",
            time_ms=T0 + n * MINUTE,
            seq=n,
            temperature_c={
                "drug": round(5 + 2.5 * math.sin(n / 90) + 0.2 * math.sin(n * 1.7), 2),
                "ambient": round(21 + 4 * math.sin(n / 400), 1),
            },
            shipment=name,
            courier="ql-express",
            box=f"BX-{name}",
            lat_deg=36.8 + 0.001 * abs(n % 60 - 30),  # to and fro: it stands nowhere
            lon_deg=118.3,
        )
        for n in range(readings)
    ]
    world.store.append(told, [one.time_ms + 500 for one in told])
    world.register.custody.note_seen({name: "ql-express"})
    world.judge.judge_now([name])
    return name


def asked_for_s(world: World, path: str) -> tuple[float, float]:
    """One request: by the clock, and of the processor (the server runs in this process, the
    client's own few milliseconds are in it)."""
    begun, began = time.perf_counter(), time.process_time()
    world.get(path, headers={"Accept-Encoding": "gzip"}).raise_for_status()
    return time.perf_counter() - begun, time.process_time() - began


def page_and_course_s(world: World, name: str, repeat: int) -> tuple[str, str]:
    """The page and the course after it, as often as told, after once that is not counted."""
    taken = []
    for _ in range(repeat + 1):
        world.clock.now_ms += MINUTE  # nothing of the last visit is kept
        taken.append(
            asked_for_s(world, f"/shipments/{name}?lang=zh")
            + asked_for_s(world, f"/shipments/{name}/course?columns=1280")
        )
    page_s, page_cpu_s, course_s, course_cpu_s = map(
        statistics.median, zip(*taken[1:], strict=True)
    )
    return f"{page_s:.3f} ({page_cpu_s:.3f})", f"{course_s:.3f} ({course_cpu_s:.3f})"


def in_browser(browser: Browser, address: str) -> tuple[int, float, float]:
    """Bytes of a first load, seconds from course to curve, and from the link to the curve."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    page.goto(address)
    page.wait_for_selector("#course[data-drawn]")
    sent = sum(answer.request.sizes()["responseBodySize"] for answer in answers)
    after_course_s = page.evaluate(DRAWN_AFTER_COURSE) / 1000
    whole_s = float(page.get_attribute("#course", "data-drawn") or "nan") / 1000
    page.close()
    return sent, after_course_s, whole_s


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--readings", type=int, nargs="+", default=[300, 1000, 20000])
    options.add_argument("--repeat", type=int, default=7)
    asked = options.parse_args()
    titles = ("page [s] (CPU)", "course [s] (CPU)", "first load [kB]", "drawn after [s]")
    print(f"| readings | {' | '.join(titles)} | in all [s] |")
    print("|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_world(Path(folder)) as world,
        chromium() as browser,
    ):
        for readings in asked.readings:
            name = delivered(world, readings)
            page_s, course_s = page_and_course_s(world, name, asked.repeat)
            seen = [
                in_browser(browser, f"{world.server.url}/shipments/{name}?lang=zh")
                for _ in range(3)
            ]
            sent, drawn_s, whole_s = (statistics.median(one) for one in zip(*seen, strict=True))
            print(
                f"| {readings:,} | {page_s} | {course_s} | {sent / 1000:.0f} "
                f"| {drawn_s:.3f} | {whole_s:.2f} |"
            )


if __name__ == "__main__":
    main()
