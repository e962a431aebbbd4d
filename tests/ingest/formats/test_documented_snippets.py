"""Every settings snippet of docs/connecting-loggers.md does what the page says it does."""

import json
import re
from pathlib import Path

import pytest

from config.settings import load_settings
from ingest.capture import meaning_of
from ingest.formats import FORMAT_NAMES
from ingest.formats.written import reading_object

PAGE = Path(__file__).parents[3] / "docs" / "connecting-loggers.md"
_CASE = re.compile(
    r"^#### (?P<title>[^\n]+)\n.*?```toml\n(?P<settings>.*?)```\n\nOn `(?P<topic>[^`]+)`[^\n]*:\n\n"
    r"```\w*\n(?P<message>.*?)```\n\nmeans\n\n```json\n(?P<meaning>.*?)```",
    re.S | re.M,
)
CASES = [match.groupdict() for match in _CASE.finditer(PAGE.read_text(encoding="utf-8"))]


def test_every_format_has_a_snippet() -> None:
    shown = {match for case in CASES for match in re.findall('format = "(.*)"', case["settings"])}
    assert shown == set(FORMAT_NAMES) - {"native"}


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_a_snippet_means_what_the_page_says(case: dict[str, str], tmp_path: Path) -> None:
    settings_file = tmp_path / "settings.toml"
    settings_file.write_text(case["settings"], encoding="utf-8")
    message = tmp_path / "message"
    message.write_text(case["message"], encoding="utf-8")
    rules = load_settings(settings_file).formats
    meaning = meaning_of(message, topic=case["topic"], rules=rules)
    assert meaning.refused == []
    assert [reading_object(reading) for reading in meaning.readings] == [
        json.loads(line) for line in case["meaning"].splitlines()
    ]
