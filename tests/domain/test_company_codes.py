"""Where a credit code or a division code cannot be right is told by its place."""

import pytest

from coldwitness.domain.company_codes import credit_code_mistake, division_code_mistake


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("91350100M000100Y43", None),  # the example of GB 32100-2015
        ("91350100M000100Y44", 18),
        ("91350100M000100Y4", 18),
        ("91350100M000100Y433", 19),
        ("91350100M000I00Y43", 13),
        ("9135A100M000100Y43", 5),
        ("91350100m000100Y43", 9),
        ("", 1),
    ],
)
def test_a_credit_code_is_wrong_at_its_first_wrong_sign(code: str, place: int | None) -> None:
    assert credit_code_mistake(code) == place


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("370305", None),
        ("370300", None),
        ("370000", None),
        ("110101", None),
        ("371202", None),  # a county until 2018
        ("810000", None),
        ("37030", 6),
        ("3703055", 7),
        ("37O305", 3),
        ("990305", 1),
        ("", 1),
        ("379905", 3),
        ("370399", 5),
        ("810001", 5),
        ("810100", 3),
    ],
)
def test_a_division_code_is_wrong_at_its_first_wrong_sign(code: str, place: int | None) -> None:
    assert division_code_mistake(code) == place
