"""What the formats declare of themselves agrees: with their modules, each other and the page."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.formats import WireFormat, every_format, wire_format
from coldwitness.ingest.formats.wire_format import ByBytes, ByJson

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
FORMATS = list(every_format().values())
_TABLE = re.compile(r"^## Wire formats\n\n[^\n]+\n\|[-|]+\|\n(?P<rows>(?:\|.*\n)+)", re.M)


def page_rows() -> dict[str, list[str]]:
    """Name -> the usual topics its row of the page shows, their braces filled."""
    table = _TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert table is not None
    cells = [row.strip("|").split("|") for row in table["rows"].splitlines()]
    return {
        row[0].strip(" `"): [
            re.sub(r"\{\w+\}", "a", topic).replace("[/a]", "")
            for topic in re.findall("`([^`]+)`", row[1])
            if not topic.startswith("…")
        ]
        for row in cells
    }


@pytest.mark.parametrize("declared", FORMATS, ids=lambda declared: declared.name)
def test_a_format_is_found_under_the_name_of_its_module(declared: WireFormat) -> None:
    module = import_module(f"coldwitness.ingest.formats.{declared.name}")
    assert declared is module.FORMAT is wire_format(declared.name)


@pytest.mark.parametrize(
    "name", ["natve", "", "naming", "native.decode", "../native", "wire_format"]
)
def test_what_declares_no_format_is_unknown(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown; known: chirpstack_v4, influx_line, native, "):
        wire_format(name)


def test_the_first_sample_of_a_format_is_on_a_usual_topic_of_no_other() -> None:
    for declared in FORMATS:
        topic = declared.samples[0][0]
        fitting = [other.name for other in FORMATS if other.usual_topics.fits(topic)]
        assert fitting == [declared.name]


def test_no_two_signs_of_one_kind_have_the_same_priority() -> None:
    topics = [declared.usual_topics.priority for declared in FORMATS]
    looks = [look for declared in FORMATS for look in declared.looks]
    json = [look.priority for look in looks if isinstance(look, ByJson)]
    binary = [look.priority for look in looks if isinstance(look, ByBytes)]
    for priorities in (topics, json, binary):
        assert len(set(priorities)) == len(priorities)


def test_the_page_lists_every_format_with_topics_that_tell_it() -> None:
    rows = page_rows()
    assert set(rows) == set(every_format())
    for name, topics in rows.items():
        for topic in topics:
            assert every_format()[name].usual_topics.fits(topic), (name, topic)


def test_a_service_loads_the_formats_of_its_settings_alone() -> None:
    """cbor2, and every other format's module, is not imported for a courier of native messages."""
    code = (
        "import sys; from coldwitness.ingest.routes import Routes; Routes();"
        "print('coldwitness.ingest.formats.native' in sys.modules,"
        " 'coldwitness.ingest.formats.senml' in sys.modules, 'cbor2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]
