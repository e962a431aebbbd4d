"""Which topics a filter names."""

import pytest

from coldwitness.ingest.mqtt.topics import matches


@pytest.mark.parametrize(
    ("topic_filter", "name", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("+/b", "a/b", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/#/c", "a/b/c", False),
    ],
)
def test_topic_filters_match_as_mqtt_says(topic_filter: str, name: str, expected: bool) -> None:
    assert matches(topic_filter, name) is expected
