"""How the pages write what only they show."""

import pytest

from coldwitness.api.pages.shown import ahead


@pytest.mark.parametrize(
    ("between_s", "zh", "en"),
    [
        ((-1144.0, -696.4), "−19 分 04 秒 … −11 分 36 秒", "−19 min 04 s … −11 min 36 s"),
        ((-0.4, 2.0), "0 秒 … +2 秒", "0 s … +2 s"),
        ((3.0, 3.2), "+3 秒", "+3 s"),
    ],
)
def test_a_clock_s_offset_is_told_in_words_with_its_sign(
    between_s: tuple[float, float], zh: str, en: str
) -> None:
    assert (ahead(between_s, "zh"), ahead(between_s, "en")) == (zh, en)
