"""The bench's statistics and the shape of its JSON lines. No speed is asserted anywhere."""

from __future__ import annotations

import json

import pytest

from tests.bench.figures import Measure, Series, rounded, shown, turns


def test_the_median_counts_not_the_mean() -> None:
    """One slow round (another program's) moves nothing."""
    assert Series((100.0, 1.0, 102.0)).median == 100.0
    assert Series((100.0, 1.0, 102.0, 104.0)).median == 101.0


def test_a_series_without_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        Series(())


def test_json_line_with_a_peer() -> None:
    """Keys, order and kinds are what others read: bench, ours, peer, limit, unit."""
    measure = Measure("hop_vs_quix", "records/s", 1.2, Series((30_001.4, 24_000.0, 36_000.0)), Series((20_000.0,) * 3))
    assert json.dumps(measure.as_json()) == (
        '{"bench": "hop_vs_quix", "ours": 30000.0, "peer": 20000.0, "limit": 1.2, "unit": "records/s"}'
    )


def test_json_line_without_a_peer_says_null() -> None:
    line = json.dumps(Measure("end_to_end", "s", 300.0, Series((4.25,))).as_json())
    assert line == '{"bench": "end_to_end", "ours": 4.25, "peer": null, "limit": 300.0, "unit": "s"}'


def test_rounds_are_compared_with_the_round_beside_them() -> None:
    """A machine that slows down during the run slows both: the paired ratio does not move."""
    measure = Measure("sink", "orders/s", 0.9, Series((100.0, 50.0, 10.0)), Series((200.0, 100.0, 20.0)))
    assert measure.paired == Series((0.5, 0.5, 0.5))
    assert measure.middle == (100.0, 200.0)


def test_json_tells_the_pair_whose_ratio_is_the_median() -> None:
    """Medians of each side alone may come from minutes in which the machine was another: 40/50 here, and 2 of 3 rounds say 2.0."""
    measure = Measure("hop_vs_quix", "records/s", 1.2, Series((100.0, 40.0, 20.0)), Series((50.0, 50.0, 10.0)))
    line = measure.as_json()
    assert (line["ours"], line["peer"]) == (100.0, 50.0)


def test_of_an_even_number_of_rounds_the_worse_middle_one_counts() -> None:
    measure = Measure("sink", "orders/s", 0.9, Series((1.0, 2.0, 3.0, 4.0)), Series((1.0,) * 4))
    assert measure.middle == (2.0, 1.0)


def test_rounds_must_come_in_pairs() -> None:
    with pytest.raises(ValueError, match="zip"):
        _ = Measure("sink", "orders/s", 0.9, Series((1.0, 2.0)), Series((1.0,))).paired


def test_rows_for_people() -> None:
    both = Measure("sink", "orders/s", 0.9, Series((90.0, 110.0, 100.0)), Series((100.0, 100.0, 100.0)))
    assert both.as_row() == (
        "sink", "100 (90 to 110) orders/s", "100 (100 to 100) orders/s", "1.00 (0.90 to 1.10)", "0.9 x",
    )  # fmt: skip
    alone = Measure("replay", "records/s", 1000.0, Series((990.0,)))
    assert alone.as_row() == ("replay", "990 (990 to 990) records/s", "-", "-", "1,000 records/s")


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [(27_812.4, "27,812", 27_810.0), (100.0, "100", 100.0), (99.96, "100", 99.96), (4.173, "4.17", 4.173)],
)
def test_no_more_digits_than_a_machine_repeats(value: float, text: str, number: float) -> None:
    assert shown(value) == text
    assert rounded(value) == number


def test_contenders_take_turns() -> None:
    assert turns(["a", "b", "c"], 2) == ["a", "b", "c", "a", "b", "c"]
