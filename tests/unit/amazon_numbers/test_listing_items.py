"""Listings as they are shown, and what Amazon says to a write: 200 is no success (ERR-3)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.amazon import errors
from connectors.amazon.listing_items import REFUSED, Shown, shown_in, submission_in, taken
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader
from tests.unit.amazon_numbers.samples import CA, US, Json, listing, summary


def issue(code: str = "99022", severity: str = "ERROR", *fields: str, **more: Any) -> Json:
    return {
        "code": code,
        "severity": severity,
        "message": "does not fit",
        "attributeNames": list(fields),
        "categories": [],
        **more,
    }


def answer(status: str, *issues: Json) -> Json:
    return {"sku": "S-1", "status": status, "submissionId": "sub-1", "issues": list(issues)}


@pytest.mark.parametrize("status", ["ACCEPTED", "VALID"])
def test_what_amazon_took_is_taken_whatever_it_warns_of(status: str) -> None:
    found = taken(submission_in(answer(status, issue(severity="WARNING"))), "patch")
    assert (found.status, found.id) == (status, "sub-1")


@pytest.mark.parametrize("status", ["INVALID", "INVALID_STATE", "invalid"])
def test_invalid_within_200_is_a_failure_that_tells_its_issues(status: str) -> None:
    wrong = answer(status, issue("1", "WARNING"), issue("90220", "ERROR", "purchasable_offer"))
    with pytest.raises(DataError, match=r"INVALID.*: 90220 .purchasable_offer: does not fit.; 1") as raised:
        taken(submission_in(wrong), "patchListingsItem")
    assert raised.value.code == REFUSED
    assert not errors.is_missing(raised.value)


def test_a_sku_the_catalogue_does_not_have_is_missing() -> None:
    """INV-4: it waits for its listing instead of going to a person."""
    with pytest.raises(DataError) as raised:
        taken(submission_in(answer("INVALID", issue("13013"))), "patchListingsItem")
    assert errors.is_missing(raised.value)


@pytest.mark.parametrize("content", [None, [], {}, {"sku": "S-1", "status": None}])
def test_an_answer_without_a_status_is_none(content: Any) -> None:
    with pytest.raises(DataError):
        submission_in(content)


def test_words_that_could_name_a_person_are_left_out() -> None:
    """SEC-3"""
    with pytest.raises(DataError) as raised:
        taken(submission_in(answer("INVALID", issue(message="ask canary@example.com"))), "patchListingsItem")
    assert "canary" not in str(raised.value)


def test_a_listing_is_read_with_all_that_decides() -> None:
    whole = listing(
        places=(US, CA),
        issues=[issue("18155", "ERROR", "purchasable_offer"), issue("2", "WARNING", "purchasable_offer")],
    )
    found = shown_in(Reader(whole))
    assert (found.sku, found.asin, found.product_type, found.quantity) == ("S-1", "B000000001", "LUGGAGE", 5)
    assert (found.marketplaces, found.statuses) == ((US, CA), frozenset({"BUYABLE"}))
    assert [one.code for one in found.errors_on("purchasable_offer")] == ["18155"]
    assert found.errors_on("fulfillment_availability") == ()


def test_a_field_inside_an_attribute_is_that_attributes_error() -> None:
    found = shown_in(Reader(listing(issues=[issue("99022", "ERROR", "purchasable_offer.our_price")])))
    assert [one.code for one in found.errors_on("purchasable_offer")] == ["99022"]


@pytest.mark.parametrize(
    "whole",
    [
        {"sku": "S-1"},
        {"sku": "S-1", "summaries": [], "attributes": {}, "fulfillmentAvailability": [], "issues": []},
        {
            "sku": "S-1",
            "summaries": [summary(asin=None, productType="")],
            "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT"}],
        },
    ],
)
def test_what_is_not_told_is_not_known(whole: Json) -> None:
    found: Shown = shown_in(Reader(whole))
    assert (found.asin, found.quantity, found.by_amazon, found.offers) == ("", None, False, ())


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"sku": None},
        {"sku": "S-1", "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": "many"}]},
        {"sku": "S-1", "summaries": "none"},
    ],
)
def test_a_listing_that_makes_no_sense_is_wrong_data(broken: Json) -> None:
    with pytest.raises(DataError):
        shown_in(Reader(broken))
