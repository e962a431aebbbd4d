"""What relies on the inside of paho-mqtt stands in one file; a new paho is tried there alone."""

import re
from importlib import metadata
from pathlib import Path

from paho.mqtt import client as mqtt

ROOT = Path(__file__).parents[3]
LINK = ROOT / "ingest" / "mqtt" / "paho_link.py"
_USED = re.compile(r"(?:self|client)\.(_\w+)")


def privates_of_paho() -> set[str]:
    """Private names of paho's client: methods, and what its constructor sets."""
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    return {name for name in {*dir(mqtt.Client), *vars(made)} if re.match(r"_[a-z]", name)}


def test_only_the_link_touches_privates_of_paho() -> None:
    privates = privates_of_paho()
    for path in [*ROOT.glob("ingest/**/*.py"), *ROOT.glob("simulators/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        if path != LINK and "paho" in text:
            foreign = re.findall(r"\b(?:client|mqtt)\.(_[a-z]\w*)", text)
            assert not set(foreign) & privates, path


def test_the_link_names_in_its_docstring_what_it_relies_on() -> None:
    text = LINK.read_text(encoding="utf-8")
    docstring, code = text.split('"""')[1], text.split('"""', 2)[2]
    relied_on = set(_USED.findall(code)) & privates_of_paho()
    assert relied_on == set(re.findall(r"`(_\w+)`", docstring))


def test_paho_is_one_that_was_tried() -> None:
    """pyproject bounds paho below the first version whose inside nobody looked at."""
    wanted = re.search(r'"paho-mqtt([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert wanted is not None
    assert wanted[1] == ">=2.1,<2.3"
    assert metadata.version("paho-mqtt").split(".")[:2] in (["2", "1"], ["2", "2"])
