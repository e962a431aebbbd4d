"""`coldwitness office`: registers filled from CSV and XLSX, in the words of either language."""

import json
from pathlib import Path

import pytest
import xlsxwriter

from coldwitness.cli.main import main
from coldwitness.storage.register import open_register

SELLER, CARRIER = "91370305000000115J", "913703030000003340"
COMPANIES = (
    "统一社会信用代码,名称,角色,行政区划代码,网售开始日期,措施,措施日期,罚款（元）,检查日期,备注\n"
    f"{SELLER},临淄康和大药房,零售企业,370305,2024-03-01,约谈,2026-03-02,,2026-03-01；2026-05-01,甲\n"
    f"{SELLER},,,,,罚款,2026-05-06,20000,,\n"
    f"{CARRIER},齐鲁同城冷链,配送企业；平台,370303,,,,,,\n"
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLDWITNESS_JOURNAL__DIRECTORY", str(tmp_path / "journal"))
    monkeypatch.setenv(
        "COLDWITNESS_STORE__REGISTER_URL", f"sqlite:///{tmp_path / 'register.sqlite'}"
    )
    return tmp_path


def office(capsys: pytest.CaptureFixture[str], *arguments: str, ends: int = 0) -> str:
    assert main(["office", *arguments]) == ends
    told = capsys.readouterr()
    return told.out if ends == 0 else told.err


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_of_companies_is_entered_once_and_a_column_adds_to_what_is_there(
    place: Path, capsys: pytest.CaptureFixture[str], encoding: str
) -> None:
    table = place / "企业.csv"
    table.write_text(COMPANIES, encoding=encoding)
    told = office(capsys, "import", "companies", str(table), "--by", "鲁C-0101")
    assert told.strip() == "companies: 2 new, 0 changed, 0 as they were"
    assert "0 new, 0 changed, 2 as" in office(capsys, "import", "companies", str(table))
    entries = {
        one["id"]: one["entry"]
        for one in map(json.loads, office(capsys, "list", "companies", "--json").splitlines())
    }
    assert entries[CARRIER]["roles"] == ["courier", "platform"]
    assert entries[SELLER]["checked_on"] == ["2026-03-01", "2026-05-01"]
    assert [(one["kind"], one["amount_yuan"]) for one in entries[SELLER]["measures"]] == [
        ("interviewed", None),
        ("fined", 20000.0),
    ]
    table.write_text(f"uscc,licence\n{SELLER},鲁CA0533001\n", encoding="utf-8")
    office(capsys, "import", "companies", str(table), "--by", "鲁C-0102")
    versions = [
        json.loads(line) for line in office(capsys, "history", "companies", SELLER).splitlines()
    ]
    assert [(one["version"], one["by"]) for one in versions] == [(1, "鲁C-0101"), (2, "鲁C-0102")]
    assert versions[1]["entry"]["licence"] == "鲁CA0533001"
    assert versions[1]["entry"]["measures"] == versions[0]["entry"]["measures"]


def test_a_workbook_of_loggers_has_a_certificate_a_row(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place / "loggers.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        titles = ("编号", "型号", "校准证书号", "校准日期", "校准有效期至")
        sheet.write_row(0, 0, titles)
        for row, (number, year) in enumerate((("JZ-1", 46082), ("JZ-2", 46447)), start=1):
            sheet.write_row(row, 0, ("LG-1", "LHT65N", number))
            sheet.write_number(row, 3, year, day)
            sheet.write_number(row, 4, year + 364, day)
    assert "devices: 1 new" in office(capsys, "import", "devices", str(path))
    (line,) = office(capsys, "list", "devices", "--json").splitlines()
    certificates = json.loads(line)["entry"]["calibrations"]
    assert [one["number"] for one in certificates] == ["JZ-1", "JZ-2"]
    assert certificates[0]["done_at"] == "2026-03-01"


@pytest.mark.parametrize(
    ("register", "text", "said"),
    [
        ("companies", "name\n甲\n", "no column names the entry"),
        ("companies", "uscc,name,roles\n91370305000000115X,甲,seller\n", "sign 18 is wrong"),
        ("companies", f"uscc,name,roles\n{SELLER},甲,药店\n", "row 2"),
        ("products", "id,贮藏条件\n国药准字S1,热\n", "storage: expected one of"),
        ("sites", "id,lat,lon,name\nT,36,118,王女士 13800138000\n", "personal data"),
        ("shelves", "id\nA\n", "expected one of"),
    ],
)
def test_a_table_with_a_mistake_enters_nothing_and_says_where(
    place: Path, capsys: pytest.CaptureFixture[str], register: str, text: str, said: str
) -> None:
    table = place / "table.csv"
    table.write_text(text, encoding="utf-8")
    told = office(capsys, "import", register, str(table), ends=2)
    assert said in told
    assert "13800138000" not in told
    kept = open_register(f"sqlite:///{place / 'register.sqlite'}")
    with kept.database.read() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM office_entries").scalar()
    kept.close()
    assert found == 0
