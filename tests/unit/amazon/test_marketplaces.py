"""The table of marketplaces: no id twice, found by id and by country in either spelling."""

import pytest

from connectors.amazon.marketplaces import BY_COUNTRY, BY_ID, REGION_URLS, TABLE, marketplace_of


def test_no_marketplace_stands_twice() -> None:
    assert len(BY_ID) == len(BY_COUNTRY) == len(TABLE)
    assert {one.region for one in TABLE} == set(REGION_URLS)


@pytest.mark.parametrize(
    ("name", "country"), [("US", "US"), ("uk", "GB"), ("GB", "GB"), ("A1PA6795UKMFR9", "DE"), (" jp ", "JP")]
)
def test_by_id_and_by_country(name: str, country: str) -> None:
    found = marketplace_of(name)
    assert found is not None
    assert found.country == country


@pytest.mark.parametrize("name", ["", "XX", "A1PA6795UKMFR0"])
def test_what_is_not_in_the_table(name: str) -> None:
    assert marketplace_of(name) is None
