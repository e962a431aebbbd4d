"""Forms of a clue as documents that open, with little left to type; and the transfer package."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from html import unescape
from pathlib import Path

import docx
import pytest
from msgspec.structs import replace
from pypdf import PdfReader
from python_calamine import load_workbook

from coldwitness.api.forms.document import form_docx
from coldwitness.api.forms.fields import form_fields
from coldwitness.api.forms.made import made_form
from coldwitness.api.forms.sheet import form_pdf
from coldwitness.api.http.forms import known_clue, records_of
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.case_forms import NUMBERS, TYPED_MOST, load_form, load_forms
from coldwitness.config.settings import FormSettings, JournalSettings, ReportSettings, Settings
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.forms import FormFields
from coldwitness.domain.probe_challenges import ChallengeDecision, ProbeChallenge
from coldwitness.domain.reach import EVERYTHING
from coldwitness.storage.journal import signer_of
from tests.api.world import T0, WARM, World, manifest, running_world
from tests.forbidden_words import FORBIDDEN

BLANK = re.compile("＿+")
SELLER = {"name": "示例<大>药房 & 连锁", "uscc": "91370305MA3ABCDE1X", "division": "370305"}


@dataclass
class Case:
    world: World
    clue: str
    own: Path
    fields: FormFields

    def form(self, number: int, kind: str, typed: dict[str, str] | None = None) -> bytes:
        address = f"/v1/clues/{self.clue}/forms/{number}.{kind}"
        if typed is None:
            answer = self.world.get(address)
        else:
            answer = self.world.client.post(address, json={"typed": typed})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].startswith("attachment")
        return answer.content


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("forms")
    settings = Settings(
        journal=JournalSettings(directory=folder / "journal"),
        report=ReportSettings(office="示例市市场监督管理局"),
        forms=FormSettings(directory=folder / "own"),
    )
    signer_of(settings.journal, "package")
    with running_world(folder, settings=settings) as world:
        world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", seller=SELLER))
        world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", seller=SELLER, due_at=None))
        world.send("ZB-1", WARM)
        clue = world.get("/v1/clues").json()["items"][-1]["clue"]["id"]
        kept = known_clue(world.services, clue, reach=EVERYTHING)
        records = records_of(world.services, kept, reach=EVERYTHING)
        fields = form_fields(kept, records, office="示例局", maker="鲁C-0101", now_ms=T0)
        yield Case(world, clue, folder / "own", fields)


def text_of(document: bytes) -> str:
    """All that stands in a document, table cells included."""
    opened = docx.Document(io.BytesIO(document))
    texts = [one.text for one in opened.paragraphs]
    for table in opened.tables:
        texts += [cell.text for row in table.rows for cell in row.cells]
    return "\n".join(texts)


def test_the_eight_forms_are_there_and_leave_at_most_five_fields_to_type() -> None:
    forms = load_forms()
    assert tuple(forms) == NUMBERS == (1, 4, 9, 11, 12, 15, 17, 33)
    assert all(len(form.typed) <= TYPED_MOST == 5 for form in forms.values())
    for form in forms.values():
        for title in form.titles().values():
            assert title.en.isascii(), "an office's own may say it in one language, ours in both"
            assert title.en != title.zh
    for form in forms.values():
        assert set(form.typed) <= set(form.names()), form.number


@pytest.mark.parametrize("number", NUMBERS)
def test_a_form_opens_says_what_it_is_and_has_blanks_only_to_type(case: Case, number: int) -> None:
    form = load_forms()[number]
    text = text_of(form_docx(form, case.fields, {}))
    signed = [label for part in form.parts for label in getattr(part, "labels", ())]
    assert len(BLANK.findall(text)) == len(form.typed) + len(signed)
    assert "{" not in text
    drawn = PdfReader(io.BytesIO(form_pdf(made_form(form, case.fields, {}), now_ms=T0)))
    for said in (text, "".join(page.extract_text() for page in drawn.pages)):
        assert "样式待与官方范本核对" in said
        assert "疑似、待核查" in said
        assert form.title.zh in said
        assert not [word for word in FORBIDDEN if word in said]


def test_what_the_program_knows_is_filled_in(case: Case) -> None:
    assert case.form(1, "docx") == case.form(1, "docx"), "the same gives the same bytes"
    source = text_of(case.form(1, "docx"))
    for said in ("监测发现", "示例<大>药房 & 连锁", "91370305MA3ABCDE1X", "临淄区市场监督管理局"):
        assert said in source, said
    assert "15 个工作日" in source
    taken = text_of(case.form(12, "docx"))
    for name in ("readings.ndjson", "manifest-v1.json", "manifest-v2.json"):
        assert f"ZB-1/{name}" in taken, name
    assert "重新判定一致" in taken
    assert "制作方法" in taken
    letter = text_of(case.form(4, "docx"))
    assert "示例市市场监督管理局" in letter
    assert sum(len(one) == 64 for one in re.findall(r"\b[0-9a-f]{64}\b", letter)) >= 8, "both"


def test_what_is_typed_stands_there_and_nothing_else_may_be(case: Case) -> None:
    typed = {"document_number": "临市监<移>〔2026〕第12号", "contact": "张 & 李"}
    text = text_of(case.form(4, "docx", typed))
    assert "临市监<移>〔2026〕第12号" in text
    assert "张 & 李" in text
    whole = PdfReader(io.BytesIO(case.form(4, "pdf", typed))).pages[0].extract_text()
    assert "〔2026〕第12号" in whole.replace(" ", "")
    address = f"/v1/clues/{case.clue}/forms/4.docx"
    answer = case.world.client.post(address, json={"typed": {"office": "x"}})
    assert answer.status_code == 422
    assert case.world.get(f"/v1/clues/{case.clue}/forms/2.pdf").status_code == 404


def test_numbers_are_written_as_the_office_writes_them(case: Case) -> None:
    form, fields = (
        load_forms()[15],
        replace(case.fields, number_pattern="示市监〔2026〕第{number}号"),
    )
    assert "示市监〔2026〕第7号" in text_of(form_docx(form, fields, {"document_number": "7"}))
    assert "示市监〔2026〕第＿＿＿＿＿＿号" in text_of(form_docx(form, fields, {}))
    kept = Settings(forms=FormSettings(number="示市监〔{year}〕第{number}号"))
    assert kept.forms.number is not None
    with pytest.raises(ValueError, match="number"):
        FormSettings(number="示市监〔2026〕")


def test_what_a_challenged_probe_showed_stands_in_the_record_of_the_spot(case: Case) -> None:
    challenge = ProbeChallenge(
        id="PC-1",
        shipment="ZB-1",
        probe="drug",
        action="warm",
        started_ms=T0,
        ordered_ms=T0 + 600_000,
        until_ms=T0 + 840_000,
        by="鲁C-0101",
    )
    register = case.world.register
    assert register.challenges.start(challenge)
    before = text_of(case.form(9, "docx"))
    assert "未记录测点现场核验" in before
    decision = ChallengeDecision(
        outcome="alive",
        decided_ms=T0 + 800_000,
        step_c=7.0,
        stepped_ms=T0 + 610_000,
        disturbed_to_ms=T0 + 700_000,
        readings=4,
    )
    register.challenges.decide(challenge, decision)
    told = text_of(case.form(9, "docx"))
    assert "鲁C-0101 对测点 drug 加温核验：读数有响应；偏离原趋势 7.0 °C" in told
    assert "09:10:00 12.0 °C" in told, "its curve"


def test_an_office_s_own_file_takes_the_place_of_ours(case: Case) -> None:
    case.own.mkdir()
    document = docx.Document()
    document.add_paragraph("本局样式 {{ clue }} {{ spot }}")
    document.save(str(case.own / "12.docx"))
    text = text_of(case.form(12, "docx", {"spot": "现场"}))
    assert text == f"本局样式 {case.clue} 现场"
    assert case.world.get(f"/v1/clues/{case.clue}/forms").json()["items"][4]["own"] is True
    drawn = PdfReader(io.BytesIO(case.form(12, "pdf"))).pages[0].extract_text()
    assert "样式待与官方范本核对" in drawn, "the PDF is still of our parts"
    address = f"/v1/clues/{case.clue}/forms/12.docx"
    for text in ("{{ nobody }}", "{{ clue.__class__.__mro__ }}", "{% if %}"):
        document = docx.Document()
        document.add_paragraph(text)
        document.save(str(case.own / "12.docx"))
        answer = case.world.get(address)
        assert answer.status_code == 409, text
        assert "template" in answer.json()["detail"]
    (case.own / "12.docx").write_bytes(b"PK no document")
    assert case.world.get(address).status_code == 409
    (case.own / "12.docx").unlink()
    parts = 'number = 12\ntitle = { zh = "本局笔录", en = "ours" }\n[[parts]]\ntype = "text"\n'
    (case.own / "12.toml").write_text(parts + 'text = "{matter}"\n', encoding="utf-8")
    drawn = PdfReader(io.BytesIO(case.form(12, "pdf"))).pages[0].extract_text()
    assert "样式待与官方范本核对" not in drawn
    assert "本局笔录" in drawn
    (case.own / "12.toml").unlink()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('text = "{nobody}"', "no field 'nobody'"),
        ('text = "{a}{b}{c}{d}{e}{f}"', "at most 5"),
        ('txt = "x"', "unknown key 'txt'"),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_its_key(
    tmp_path: Path, more: str, said: str
) -> None:
    typed = "".join(f'{name} = "x"\n' for name in "abcdef") if "{a}" in more else ""
    head = 'number = 1\ntitle = { zh = "一", en = "one" }\n'
    file = tmp_path / "1.toml"
    text = f'{head}[typed]\n{typed}[[parts]]\ntype = "text"\n{more}\n'
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_form(file)


def test_the_transfer_package_opens_offline_and_holds(case: Case) -> None:
    answer = case.world.get(f"/v1/clues/{case.clue}/transfer-package", timeout=60.0)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        files = {name: package.read(name) for name in package.namelist()}
    contents = json.loads(files["contents.json"])
    listed = {one["name"]: one for one in contents["files"]}
    assert {
        "clue.json",
        "01-案件移送函.docx",
        "01-案件移送函.pdf",
        "02-电子数据证据提取笔录.docx",
        "02-电子数据证据提取笔录.pdf",
        "ZB-1/report.pdf",
        "ZB-1/readings.ndjson",
        "ZB-1/manifest-v1.json",
        "ZB-1/manifest-v2.json",
        "ZB-1/verify.log",
        "ZB-1/evidence.zip",
    } <= listed.keys()
    assert files.keys() - listed.keys() == {"index.html", "contents.json", "00-卷内文件目录.pdf"}
    for name, one in listed.items():
        assert one["sha256"] == sha256(files[name]).hexdigest()
    assert files["ZB-1/verify.log"].decode().startswith("✓ evidence.zip")
    assert verify_any(files["ZB-1/evidence.zip"], rulebook=case.world.services.rulebook).holds
    assert len(files["ZB-1/readings.ndjson"].splitlines()) == len(WARM)
    page = files["index.html"].decode()
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    assert set(links) == listed.keys(), "and nothing of elsewhere"
    assert "src=" not in page


def test_other_matters_go_to_the_department_in_charge(case: Case) -> None:
    address = f"/v1/clues/{case.clue}/forms/4.docx"
    letter = text_of(case.world.get(f"{address}?matter=postal").content)
    assert letter.splitlines()[3] == "邮政管理部门："
    assert "第三十七条" in letter
    assert case.world.get(f"{address}?matter=weather").status_code == 422
    page = case.world.get(f"/clues/{case.clue}?lang=en").text
    assert "transfer-package?matter=crime" in page
    case.world.clock.now_ms += 4 * 365 * 86_400_000
    assert case.world.get(f"{address}?matter=postal").status_code == 422, "no longer in force"
    case.world.clock.now_ms -= 4 * 365 * 86_400_000


def test_the_page_of_a_clue_leads_to_its_forms_and_the_list_is_a_workbook(case: Case) -> None:
    for lang, said in (("zh", "案件来源登记表"), ("en", "register of the source of a case")):
        text = case.world.get(f"/clues/{case.clue}?lang={lang}").text
        assert said in text
        for number in NUMBERS:
            assert f"/v1/clues/{case.clue}/forms/{number}.docx" in text
        assert "transfer-package" in text
    assert case.world.get("/clues/CL-none").status_code == 404
    body = case.world.get("/clues?format=xlsx").content
    rows = load_workbook(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == case.clue
    assert rows[1][1] == "ZB-1"
    assert "示例<大>药房 & 连锁" in str(rows[1][7])
    csv = case.world.get("/clues?format=csv&lang=en").content
    assert csv.startswith(b"\xef\xbb\xbf")
    assert case.clue.encode() in csv
