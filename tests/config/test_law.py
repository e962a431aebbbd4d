"""What the packs say of the law, held to the corrections of 28 November 2026, one by one."""

import datetime as dt

import pytest

from coldwitness.config.labels import labels
from coldwitness.config.rules import Requirement, RulePack, load_packs

PACKS = load_packs()
CN = next(pack for pack in PACKS if pack.id == "cn-retail-delivery")
LINES = {line.id: line for line in CN.requirements}
PLAN = [line for line in CN.requirements if line.id.startswith("LZ-PLAN-5.")]


def said(line: Requirement) -> str:
    return f"{line.title.zh} {line.source.zh} {line.article.zh if line.article else ''}"


def test_the_plans_task_is_what_the_office_looks_at_and_ended_with_its_campaign() -> None:
    assert len(PLAN) == 3
    for line in PLAN:
        assert "主要任务（五）" in said(line)
        assert "重点任务" not in said(line)
        assert line.source_kind == "inspection_focus", "never the basis of a firm's duty"
        assert line.title.zh.startswith("检查重点")
        assert line.valid_to == dt.date(2024, 10, 31)
        assert line.carried_on, "by the office's setting, switched on as shipped"
        assert "2024-10-31" in line.source.zh


def test_article_14_binds_platforms_alone() -> None:
    line = LINES["SD-IMPL-14"]
    assert (line.binds, line.duty) == ("platform", ("platform",))
    assert line.article is not None
    assert "十四" in line.article.zh
    assert [one.id for one in CN.requirements if one.binds == "platform"] == ["SD-IMPL-14"]


def test_article_30_speaks_of_online_retail_and_of_what_was_looked_at() -> None:
    title = LINES["SD-IMPL-30"].title
    assert "药品网络零售配送" in title.zh
    assert "所查" in title.zh
    assert "未查" in title.zh
    assert set(LINES["SD-IMPL-30"].questions) == {
        "range",
        "recording",
        "coolant_isolation",
        "goods_isolation",
        "storage_on_the_way",
    }


def test_storage_on_the_way_has_no_article_of_annex_6() -> None:
    line = LINES["ANNEX6-14"]
    assert line.title.zh == "途中停留与暂存"
    assert line.source_kind == "inspection_focus"
    assert "主要任务（五）" in line.source.zh
    assert "附录6（条款待核）" in line.source.zh


@pytest.mark.parametrize(
    ("id_", "paragraph", "duty"),
    [("GSP-2", "第二条第二款", "retailer"), ("GSP-3", "第三条第二款", "carrier")],
)
def test_gsp_binds_the_seller_and_reaches_who_else_transports_drugs_as_reproduced(
    id_: str, paragraph: str, duty: str
) -> None:
    line = LINES[id_]
    assert paragraph in line.source.zh
    assert "转载" in line.source.zh
    assert line.source_kind == "departmental_rule"
    assert line.duty == (duty,)
    assert line.article is None, "no official print was seen"


@pytest.mark.parametrize(
    ("id_", "item"), [("ANNEX1-02d", "四"), ("ANNEX1-02e", "五"), ("ANNEX1-02f", "六")]
)
def test_annex_1_article_2_is_printed_as_reproduced(id_: str, item: str) -> None:
    source = LINES[id_].source.zh
    assert f"附录1 第二条第（{item}）项" in source
    assert "转载" in source
    assert LINES[id_].article is None, "no official print was seen"
    assert LINES[id_].confirmed == "reproduced"


def test_order_828_is_to_be_confirmed_and_binds_from_its_day() -> None:
    line = LINES["IMPL828-44"]
    assert "待核" in line.source.zh
    assert line.source_kind == "administrative_regulation"
    assert line.valid_from == dt.date(2026, 5, 15)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_number_that_the_bureau_or_the_product_sets_claims_no_official_text(
    pack: RulePack,
) -> None:
    for name, its in pack.provenance.items():
        if its.set_by in ("bureau", "product"):
            assert its.confirmed == "setting", name
        else:
            assert its.confirmed not in ("setting", "official_text"), name


def test_annex_articles_above_2_are_not_named() -> None:
    for line in CN.requirements:
        if line.id.startswith("ANNEX"):
            assert line.article is None, line.id
            assert "条款待核" in line.source.zh, line.id


def test_a_pack_is_no_statute_and_two_signatures_are_no_evidence() -> None:
    words = " ".join(
        f"{text.zh} {text.en}" for section in labels("report").values() for text in section.values()
    )
    assert "适用起始日" in words
    assert "起施行" not in words
    assert "两名执法人员审核后方可" not in words
    assert "查证属实" in words


def test_who_limits_are_no_chinese_basis() -> None:
    types = [pack for pack in PACKS if pack.id.startswith("who-vaccine")]
    assert len(types) == 2
    for who in types:
        assert {line.source_kind for line in who.requirements} == {"international_guideline"}
        assert all(its.confirmed != "official_text" for its in who.provenance.values())
        assert who.limits is not None, "an indicator alarms at its own temperatures"
        assert "not seen" in who.limits.source
