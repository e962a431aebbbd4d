"""A headless Chromium for tests; a machine without it fails, naming the package to install."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pylopdf_fonts_zh_cn
import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium; playwright's own is never downloaded."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is missing: install it with `apt-get install chromium`")
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=FLAGS,
            env={**os.environ, "FONTCONFIG_FILE": str(_with_chinese_fonts(Path(folder)))},
        )
        try:
            yield browser
        finally:
            browser.close()


def _with_chinese_fonts(folder: Path) -> Path:
    """A font configuration with Chinese glyphs, whatever fonts the machine has."""
    fonts = Path(pylopdf_fonts_zh_cn.sans_path()).parent
    file = folder / "fonts.conf"
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<dir>{fonts}</dir><cachedir>{folder}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return file
