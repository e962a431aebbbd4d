"""The site of the docs: all its links lead somewhere, and nothing of it lies elsewhere."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from docs.site.staged import DeadLink, stage, with_links_of_the_site
from docs.site.two_languages import pairs
from tests.browser import chromium

ROOT = Path(__file__).parents[2]
LOOKED_AT = ("index", "index.zh", "tutorial.zh", "judgements", "reference/settings")
WIDTHS_PX = (1280, 360)


def _built(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As `make docs` does it, in a process of its own: Sphinx's imports warn of themselves."""
    return subprocess.run(
        [sys.executable, "-m", "docs.site.build", "--out", str(folder / "site"), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(300)  # 15 s of processor time
def test_every_link_of_the_site_leads_somewhere_and_its_pages_ask_nothing_of_others(
    tmp_path: Path,
) -> None:
    # One test for both: the pages are read once.
    links = _built(tmp_path, "--links")
    assert (links.returncode, links.stderr) == (0, "")
    written = _built(tmp_path, *LOOKED_AT)
    assert written.returncode == 0, written.stderr
    with chromium() as browser:
        for width in WIDTHS_PX:
            for name in LOOKED_AT:
                page = browser.new_page(viewport={"width": width, "height": 900})
                _looks_right(page, tmp_path / "site", name, width_px=width)
                page.close()
        found = _found_by_searching(browser.new_page(), tmp_path / "site", "脱离冷链")
        assert "tutorial.zh.html" in found
        assert "reference/settings.html" not in found


def _found_by_searching(page: Page, site: Path, words: str) -> list[str]:
    """Addresses that the site's own search gives, opened as a file."""
    page.goto(f"{(site / 'search.html').as_uri()}?q={quote(words)}")
    page.wait_for_function("document.querySelectorAll('#search-results li a').length > 0")
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('#search-results li a')].map((a) => a.getAttribute('href'))"
    )
    return [address.partition("#")[0] for address in found]


def _looks_right(page: Page, site: Path, name: str, *, width_px: int) -> None:
    """Nothing asked of elsewhere, no script's mistake, nothing wider than the screen, its language
    told."""
    asked: list[str] = []
    mistakes: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    file = site / f"{name}.html"
    page.goto(file.as_uri())
    page.wait_for_load_state("load")
    assert [url for url in asked if not url.startswith((site.as_uri(), "data:"))] == []
    assert mistakes == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px, name
    chinese = name.endswith(".zh")
    assert page.evaluate("document.documentElement.lang") == ("zh-CN" if chinese else "en")
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|srcset)=["'](?:https?:)?//""", text)
    assert not re.search(r"""<link[^>]+href=["'](?:https?:)?//""", text)


def test_a_link_to_a_file_that_is_gone_is_told_before_the_site_is_built(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "page.md"
    page.write_text(
        "[here](page.md) `[code](gone.md)`\n\n```\n[code](gone.md)\n```\n[gone](gone.md)"
    )
    with pytest.raises(DeadLink, match=r"docs/page\.md: gone\.md: expected a file"):
        stage(tmp_path / "out", reference={}, root=tmp_path)
    page.write_text("[out](../../elsewhere.md)")
    with pytest.raises(DeadLink, match="elsewhere"):
        stage(tmp_path / "out", reference={}, root=tmp_path)


def test_a_file_that_a_page_links_to_comes_along(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "broker.conf").write_text("listener 8883\n")
    (tmp_path / "README.md").write_text("# first")
    page = tmp_path / "docs" / "page.md"
    page.write_text("[it](../deploy/broker.conf) [top](../README.md#first)")
    text = with_links_of_the_site(page, root=tmp_path, folder=tmp_path / "out")
    assert text == "[it](files/deploy/broker.conf) [top](index.md#first)"
    assert (tmp_path / "out/files/deploy/broker.conf").read_text() == "listener 8883\n"


def test_a_line_that_ends_inside_a_chinese_sentence_makes_no_blank(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "page.zh.md"
    page.write_text("配送箱，\n药品\n温度 8\n度\n\n- 一\n- 二\n", encoding="utf-8")
    text = with_links_of_the_site(page, root=tmp_path, folder=tmp_path / "out")
    assert text == "配送箱，药品温度 8\n度\n\n- 一\n- 二\n"


@pytest.mark.parametrize("link", ["other.md", "page.md#no-such-heading", "#no-such-heading"])
def test_a_link_to_no_page_or_heading_is_an_error_of_the_build(tmp_path: Path, link: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.md").write_text("# Site\n\n```{toctree}\npage\n```\n")
    (source / "page.md").write_text(f"# Page\n\n[it]({link}) and [itself](page.md#page)\n")
    code = (
        "import sys; from pathlib import Path; from docs.site.build import build;"
        "sys.exit(build(Path('out'), source=Path('source'), doctrees=Path('trees'),"
        " builder='dummy'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert link.rpartition("#")[2].removesuffix(".md") in done.stderr


def test_chinese_is_searched_by_pairs_of_characters() -> None:
    assert pairs("冷链证据 journal") == ["冷链", "链证", "证据", "journal"]
    assert pairs("箱 BX-0042，疑似") == ["箱", "BX", "0042", "疑似"]
