"""`coldwitness case` and `logistics-request`: forms, packages and receipts from the stores."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import docx
import pytest

from coldwitness.cli.main import main
from tests.api.world import WARM, manifest, running_world


@dataclass
class Stored:
    """A clue in the stores, and the settings that name them."""

    clue: str
    config: str

    def run(self, *arguments: str) -> int:
        return main(["--config", self.config, *arguments])


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    folder = tmp_path_factory.mktemp("case")
    with running_world(folder) as world:
        drug = {"name": "胰岛素", "category": "drug", "storage": "refrigerated", "batch": "B1"}
        world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", items=[drug]))
        world.send("ZB-1", WARM)
        clue = world.get("/v1/clues").json()["items"][-1]["clue"]["id"]
    config = folder / "settings.toml"
    config.write_text(
        f"""[store]
embedded_file = "{folder / "telemetry.sqlite"}"
register_url = "sqlite:///{folder / "register.sqlite"}"
[journal]
directory = "{folder / "journal"}"
[report]
office = "示例市市场监督管理局"
"""
    )
    return Stored(clue, str(config))


def test_forms_and_their_templates(
    stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "forms")
    asked = ["case", "forms", stored.clue, "-o", out, "--form", "4", "--form", "12"]
    assert stored.run(*asked, "--type", "document_number=示市监移〔2026〕1号") == 0
    assert "待填" in capsys.readouterr().out
    names = sorted(path.name for path in Path(out).iterdir())
    assert names == [
        "04-案件移送函.docx",
        "04-案件移送函.pdf",
        "12-电子数据证据提取笔录.docx",
        "12-电子数据证据提取笔录.pdf",
    ]
    letter = docx.Document(str(Path(out) / "04-案件移送函.docx"))
    assert "示市监移〔2026〕1号" in [one.text for one in letter.paragraphs]
    template = tmp_path / "12.docx"
    assert stored.run("case", "template", "12", "-o", str(template)) == 0
    texts = [
        cell.text
        for table in docx.Document(str(template)).tables
        for cell in table.columns[1].cells
    ]
    assert any("{{ verified }}" in text for text in texts)
    assert stored.run(*asked, "--type", "nobody=x") == 2
    assert stored.run(*asked, "--type", "x") == 2
    assert stored.run("case", "forms", "CL-none", "-o", out) == 2
    assert stored.run("case", "template", "2", "-o", str(template)) == 2


def test_the_transfer_package_from_the_stores(stored: Stored, tmp_path: Path) -> None:
    file = tmp_path / "transfer.zip"
    assert stored.run("case", "package", stored.clue, "-o", str(file)) == 0
    with zipfile.ZipFile(file) as package:
        names = set(package.namelist())
    assert {"index.html", "clue.json", "ZB-1/report.pdf", "ZB-1/readings.ndjson"} <= names
    assert "ZB-1/evidence.zip" not in names, "there is no key to sign with"


def test_logistics_information_on_request(
    stored: Stored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.zip"
    asked = ["logistics-request", "示药监调〔2026〕3号", "--asked-by", "示例省药监局"]
    assert stored.run(*asked, "--batch", "B1", "-o", str(file)) == 0
    assert "1 单" in capsys.readouterr().out
    with zipfile.ZipFile(file) as package:
        receipt = json.loads(package.read("receipt.json"))
    assert receipt["number"] == "示药监调〔2026〕3号"
    assert "ZB-1/readings.ndjson" in [one["name"] for one in receipt["files"]]
    assert stored.run(*asked, "--batch", "B9", "-o", str(file)) == 2
    assert stored.run(*asked, "-o", str(file)) == 2, "a scope that says nothing"
    assert stored.run(*asked, "--from", "x", "-o", str(file)) == 2
