"""In every format names map to probes for a logger, for its model, and for a whole rule; each
documented message is read under the same names said in each of the three places."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.ingest.decoded_file import decode_file
from tests.ingest.formats.test_documented_snippets import CASES

_NO_NAMES = ("box", "courier", "model")


def names_of(rule: dict[str, Any]) -> tuple[str | None, dict[str, str], dict[str, str]]:
    """(logger, its entry's box, courier and model, all names the rule maps)."""
    loggers = rule.get("loggers", {})
    logger = next(iter(loggers), None)
    entry = loggers.get(logger, {})
    said = {key: value for key, value in entry.items() if key in _NO_NAMES}
    names = {key: value for key, value in entry.items() if key not in _NO_NAMES}
    for part in (rule.get("probes", {}), *rule.get("models", {}).values()):
        names |= part
    return logger, said, names


@pytest.mark.parametrize("place", ["rule", "model", "logger"])
@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_names_map_wherever_the_settings_say_them(
    case: dict[str, str], place: str, tmp_path: Path
) -> None:
    (written,) = tomllib.loads(case["settings"])["formats"]
    logger, said, names = names_of(written)
    expected = [json.loads(line) for line in case["meaning"].splitlines()]
    logger = logger or expected[0]["logger"]
    model = said.get("model", "any-model")
    # The widest place also says something else, which the narrower one must win over.
    wrong = dict.fromkeys(names, "goods") if len(names) == 1 else {}
    rule = FormatRule(
        topic=written["topic"],
        format=written["format"],
        probes=names if place == "rule" else wrong,
        models={model: names} if place == "model" else {},
        loggers={logger: said | {"model": model} | (names if place == "logger" else {})},
    )
    message = tmp_path / "message"
    message.write_text(case["message"], encoding="utf-8")
    meaning = decode_file(message, topic=case["topic"], rules=[rule])
    assert meaning.refused == []
    assert [reading.temperature_c for reading in meaning.readings] == [
        reading["temperature"] for reading in expected
    ]
