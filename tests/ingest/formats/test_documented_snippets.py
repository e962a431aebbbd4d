"""Every settings snippet of docs/connecting-loggers.md does what the page says it does."""

import json
import re
from pathlib import Path

import pytest

from coldwitness.config.settings import load_settings
from coldwitness.ingest.decoded_file import decode_bytes, decode_file
from coldwitness.ingest.files import NAMED_READERS, reader_for
from coldwitness.ingest.formats import every_format
from coldwitness.ingest.formats.written import reading_object

PAGE = Path(__file__).parents[3] / "docs" / "connecting-loggers.md"
_CASE = re.compile(
    r"^#### (?P<title>[^\n]+)\n.*?```toml\n(?P<settings>.*?)```\n\nOn `(?P<topic>[^`]+)`[^\n]*:\n\n"
    r"```\w*\n(?P<message>.*?)```\n\nmeans\n\n```json\n(?P<meaning>.*?)```",
    re.S | re.M,
)
_EXPORT = re.compile(
    r"^#### (?P<title>[^\n]+)\n(?:(?!^#### ).)*?`(?P<name>[^`\n]+)`:\n\n"
    r"```\n(?P<body>(?:(?!```).)*)```\n\n"
    r"```\n(?P<command>coldwitness decode [^\n]*)\n```\n\nprints\n\n```json\n(?P<meaning>.*?)```",
    re.S | re.M,
)
_PUBLISHED = re.compile(
    r"^mosquitto_pub [^`]*?-t (?P<topic>\S+) -m \\\n\s*'(?P<message>.*?)'$", re.M
)
TEXT = PAGE.read_text(encoding="utf-8")
CASES = [match.groupdict() for match in _CASE.finditer(TEXT)]
EXPORTS = [match.groupdict() for match in _EXPORT.finditer(TEXT)]


def test_every_format_has_a_snippet() -> None:
    shown = {match for case in CASES for match in re.findall('format = "(.*)"', case["settings"])}
    assert shown == set(every_format()) - {"native"}


def test_no_snippet_of_the_page_escapes_these_tests() -> None:
    assert len(CASES) == TEXT.count("\nmeans\n")
    assert len(EXPORTS) == TEXT.count("\nprints\n")
    titles = [case["title"] for case in (*CASES, *EXPORTS)]
    assert sorted(set(titles)) == sorted(re.findall("^#### (.*)$", TEXT, re.M))


def test_the_native_message_of_the_page_needs_no_settings() -> None:
    (published,) = [match.groupdict() for match in _PUBLISHED.finditer(TEXT)]
    meaning = decode_bytes(published["message"].encode(), topic=published["topic"])
    assert meaning.refused == []
    assert [reading_object(reading) for reading in meaning.readings] == [
        json.loads(published["message"]) | {"courier": "ql-express", "box": "BX-0042"}
    ]


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_a_snippet_means_what_the_page_says(case: dict[str, str], tmp_path: Path) -> None:
    settings_file = tmp_path / "settings.toml"
    settings_file.write_text(case["settings"], encoding="utf-8")
    message = tmp_path / "message"
    message.write_text(case["message"], encoding="utf-8")
    rules = load_settings(settings_file).formats
    meaning = decode_file(message, topic=case["topic"], rules=rules)
    assert meaning.refused == []
    assert [reading_object(reading) for reading in meaning.readings] == [
        json.loads(line) for line in case["meaning"].splitlines()
    ]


def test_every_kind_of_export_has_a_snippet(tmp_path: Path) -> None:
    kinds = set()
    for case in EXPORTS:
        path = tmp_path / case["name"]
        path.write_text(case["body"], encoding="utf-8")
        kinds.add(reader_for(path))
    assert kinds == set(NAMED_READERS)


@pytest.mark.parametrize("case", EXPORTS, ids=[case["title"] for case in EXPORTS])
def test_an_export_means_what_the_page_says(case: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / case["name"]
    path.write_text(case["body"], encoding="utf-8")
    *words, file = case["command"].split()[2:]
    assert file == case["name"]
    asked = dict(zip(words[::2], words[1::2], strict=True))
    assert set(asked) <= {"--timezone", "--format"}
    meaning = decode_file(path, timezone=asked.get("--timezone"), format_name=asked.get("--format"))
    assert meaning.refused == []
    assert [reading_object(reading) for reading in meaning.readings] == [
        json.loads(line) for line in case["meaning"].splitlines()
    ]
