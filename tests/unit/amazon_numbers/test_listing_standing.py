"""Where a listing stands in the marketplaces it was sent to (PRD-4)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.amazon.listing_standing import standings, words, worst
from connectors.kit.errors import DataError
from connectors.kit.outgoing.publication import Status
from connectors.kit.reading import Reader

DE, FR = "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
BOTH = ["BUYABLE", "DISCOVERABLE"]


def item(statuses: dict[str, list[str]], *issues: dict[str, Any]) -> Reader:
    summaries = [{"marketplaceId": place, "status": found} for place, found in statuses.items()]
    return Reader({"summaries": summaries, "issues": [{"severity": "ERROR", **one} for one in issues]})


@pytest.mark.parametrize(
    ("found", "standing", "comes_to"),
    [
        (item({DE: BOTH, FR: BOTH}), ["published", "published"], "published"),
        (item({DE: BOTH}), ["published", "processing"], "processing"),  # not there yet
        (item({DE: BOTH}, {"marketplaceIds": [FR]}), ["published", "failed"], "failed"),  # and never will be
        (item({DE: BOTH}, {}), ["published", "processing"], "processing"),  # may be about the one that is there
        (item({}), ["processing", "processing"], "processing"),
        (item({}, {}), ["failed", "failed"], "failed"),
        (item({}, {"marketplaceIds": [DE]}), ["failed", "processing"], "failed"),
    ],
)
def test_each_marketplace_stands_for_itself_and_the_worst_is_what_it_comes_to(
    found: Reader, standing: list[str], comes_to: str
) -> None:
    seen = standings(found, (DE, FR))
    assert [seen[place].value for place in (DE, FR)] == standing
    assert worst(seen).value == comes_to


@pytest.mark.parametrize(
    "summaries", [None, {"value": 3}, "many", [{"status": BOTH}], [{"marketplaceId": DE, "status": "BUYABLE"}]]
)
def test_a_damaged_answer_is_no_standing(summaries: Any) -> None:
    """Taken for a listing without any status, it would be an exception about an item that sells."""
    for tell in (standings, words):
        with pytest.raises(DataError, match="summaries"):
            tell(Reader({"summaries": summaries}))


def test_nothing_known_is_being_worked_on() -> None:
    assert worst({}) is Status.PROCESSING


def test_the_words_tell_the_countries_where_they_differ() -> None:
    assert words(item({DE: BOTH, FR: BOTH})) == "BUYABLE,DISCOVERABLE"
    assert words(item({DE: BOTH, "XX": []})) == "DE BUYABLE,DISCOVERABLE; XX none"
    assert words(item({DE: BOTH}), (DE, FR)) == "DE BUYABLE,DISCOVERABLE; FR none"
    assert words(item({})) == ""
