"""The topic table (EVT-2): every topic once, keyed topics alike, lanes apart, tiers by name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.codec import schema_names
from schemas.topics import DEFAULT_TIERS, Cleanup, Lane, deliver, parse_tier, retry, tier_name, topic_table


def test_every_topic_is_there_once_and_says_what_it_is() -> None:
    table = topic_table()
    names = [topic.name for topic in table]
    assert len(set(names)) == len(names)
    assert all(topic.about and topic.key and topic.owner for topic in table)
    assert {topic.value for topic in table} - {""} <= set(schema_names())


def test_each_lane_of_each_destination_is_a_topic_of_its_own() -> None:
    """EVT-5: critical never waits behind bulk."""
    names = {topic.name for topic in topic_table()}
    assert {deliver(system, lane) for system in ("odoo", "walmart") for lane in Lane} <= names


def test_topics_of_one_key_have_one_partition_count() -> None:
    counts = {topic.partitions for topic in topic_table(5) if topic.key == "natural key"}
    assert counts == {5}


def test_compacted_topics_keep_for_ever_and_others_end() -> None:
    for topic in topic_table():
        assert (topic.retention is None) == (topic.cleanup is Cleanup.COMPACT)


def test_the_tiers_of_err_2() -> None:
    assert [tier_name(tier) for tier in DEFAULT_TIERS] == [
        "30s", "1m", "2m", "4m", "8m", "16m", "32m", "1h", "2h", "4h", "8h", "16h", "24h",
    ]  # fmt: skip
    assert retry(timedelta(minutes=90)) == "retry.90m"


@pytest.mark.parametrize("text", ["30s", "2m", "24h", "1s"])
def test_tier_names_are_read_back(text: str) -> None:
    assert tier_name(parse_tier(text)) == text


@pytest.mark.parametrize("text", ["", "0s", "1.5m", "1d", "-1s", "s"])
def test_other_delays_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="delay"):
        parse_tier(text)
