"""Whatever characters stand in what was accepted, there is a report in every form, and none of them
is obeyed."""

import copy
import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.twin import render_json
from coldwitness.cli.main import main
from coldwitness.domain.errors import BadInput
from coldwitness.domain.visible import is_seen
from coldwitness.ingest.manifests import parse_manifest
from tests.reports.extremes import RULEBOOK, judged_report
from tests.reports.shipments import MANIFEST, at

NASTY = (
    *("\x00", "\x07", "\x1b[31m", "\x1b]0;x\x07", "\r", "\n", "\x7f", "\x85", "\u00ad"),
    *(
        "\u200b",
        "\u200f",
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\ufffd",
        "\uffff",
    ),
    *("\ue000", "\U000e0041", "\U0010ffff", "\U0001f9ca", "\U00020bb7", "e\u0301\u0301"),
    *(
        "ع",
        "ไ",
        "<script>",
        "&amp;",
        "]]>",
        "${x}",
        "{{7*7}}",
        "=1+1",
        "-2+3",
        "@SUM(A1)",
        "'",
        '"',
    ),
    *("\\", "%s"),
)
PLACES: Mapping[str, tuple[str | int, ...]] = {
    "seller": ("seller", "name"),
    "courier": ("courier", "name"),
    "platform": ("delivery", "platform"),
    "drug": ("items", 0, "name"),
    "batch": ("items", 0, "batch"),
    "holder": ("items", 0, "holder"),
    "dosage form": ("items", 0, "dosage_form"),
    "strength": ("items", 0, "strength"),
    "other goods": ("items", 1, "name"),
    "origin": ("origin", "name"),
    "destination": ("destination", "name"),
    "site": ("sites", 0, "name"),
    "order": ("order", "number"),
    "seal": ("seal", "number"),
    "agreement": ("agreement", "number"),
    "model": ("box", "model"),
}
texts = st.lists(st.sampled_from(NASTY) | st.characters() | st.text("胰岛素A1 ", max_size=40)).map(
    "".join
)


def declared(said: Mapping[str, str]) -> dict[str, Any]:
    """The manifest of the golden shipment with these texts in their places."""
    made: dict[str, Any] = copy.deepcopy(MANIFEST)
    site = {"name": "站", "lat": 36.81, "lon": 118.25, "radius_m": 80, "role": "transfer"}
    made |= {"sites": [site], "order": {}, "seal": {}, "agreement": {}}
    for place, text in said.items():
        *above, last = PLACES[place]
        here: Any = made
        for step in above:
            here = here[step]
        here[last] = text
    return made


def accepted(said: Mapping[str, str]) -> dict[str, Any]:
    """What the door takes of it; texts that it refuses are no matter of reports."""
    kept: dict[str, str] = {}
    for place, text in said.items():
        try:
            json.dumps(text, ensure_ascii=False).encode()
            parse_manifest(declared({place: text}), classes=RULEBOOK.classes)
        except (BadInput, UnicodeEncodeError):
            continue
        kept[place] = text
    return declared(kept)


def unseen(page: str) -> set[str]:
    return {f"{ord(char):04X}" for char in page if not is_seen(char)}


def whole_in_every_form(said: dict[str, Any]) -> None:
    minutes = np.arange(0.0, 60.0, 5.0)
    probes = {"drug": np.where(minutes > 20, 9.5, 5.0)}
    made = judged_report(minutes, probes, **said)
    assert json.loads(render_json(made))["schema"]
    for lang in ("zh", "en"):
        page = render_html(made, lang=lang)
        assert unseen(page) == set()
        assert "<script" not in page
        page.encode()
    assert render_pdf(made, lang="zh").startswith(b"%PDF")


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(sorted(PLACES)), texts, min_size=1, max_size=6))
def test_drawn_texts_in_any_field_come_to_a_report_in_every_form(said: dict[str, str]) -> None:
    whole_in_every_form(accepted(said))


def test_the_door_takes_most_of_these_texts() -> None:
    """Else the tests here would show nothing."""
    taken = [text for text in NASTY if declared({}) != accepted({"drug": f"胰岛素{text}"})]
    assert len(taken) >= 0.9 * len(NASTY)


def test_each_nasty_text_in_every_field_at_once() -> None:
    whole_in_every_form(accepted(dict.fromkeys(PLACES, "胰".join(NASTY))))


@pytest.mark.parametrize("name", ["岛" * 4000, "W" * 4000, "胰岛素 " * 1000])
def test_very_long_names(name: str) -> None:
    whole_in_every_form(accepted({"drug": name, "seller": name, "site": name}))


def test_what_is_not_seen_is_of_every_kind_that_commands() -> None:
    kinds = {unicodedata.category(chr(code)) for code in range(0x110000) if not is_seen(chr(code))}
    assert kinds == {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_package_comes_of_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the journal on, by the commands an office runs."""
    said = accepted(dict.fromkeys(PLACES, "药".join(NASTY)))
    (tmp_path / "m.json").write_text(json.dumps(said))
    lines = [
        {"shipment": said["id"], "logger": "LG-7F01", "seq": n, "box": "BX-0042"}
        | {"time": at(n), "temperature": {"drug": 5.0}, "courier": "ql-express"}
        for n in range(10)
    ]
    (tmp_path / "r.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "cw.toml").write_text(
        f'[journal]\ndirectory = "{tmp_path}/j"\n[store]\nembedded_file = "{tmp_path}/t.sqlite"\n'
        f'register_url = "sqlite:///{tmp_path}/r.sqlite"\narchive_directory = "{tmp_path}/a"\n'
    )
    config = ["--config", str(tmp_path / "cw.toml")]
    files = [str(tmp_path / "m.json"), str(tmp_path / "r.ndjson")]
    assert main([*config, "import", *files]) == 0, capsys.readouterr().err
    package = str(tmp_path / "p.zip")
    assert main([*config, "report", said["id"], "--package", package]) == 0, capsys.readouterr().err
    assert main(["verify", package]) in (0, 3), capsys.readouterr().out
