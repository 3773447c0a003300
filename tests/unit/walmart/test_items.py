"""One item at Walmart: there, not there, or not known (INV-4, ERR-3)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from connectors.kit.errors import ConnectorError, DataError, TransientError
from connectors.kit.http import Answer
from connectors.kit.http_errors import Asked
from connectors.walmart.client import WalmartClient
from connectors.walmart.items import get_item


class Answers:
    """A client that gives one answer."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def call(self, *args: Any, **kwargs: Any) -> tuple[Answer, Any]:
        if isinstance(self._answer, ConnectorError):
            raise self._answer
        return Answer(200, {}, b"", Asked("get item", "walmart.example", True)), self._answer


async def asked(answer: Any) -> Any:
    return await get_item(cast("WalmartClient", Answers(answer)), "A-1")


async def test_an_item_is_the_one_of_this_very_sku() -> None:
    found = await asked({"ItemResponse": [{"sku": "A-11"}, {"sku": "A-1", "wpid": "W"}]})
    assert found.text("wpid") == "W"
    assert await asked({"ItemResponse": [{"sku": "A-11"}]}) is None


async def test_walmart_saying_that_there_is_none_is_an_answer() -> None:
    assert await asked(DataError("404", code="CONTENT_NOT_FOUND")) is None


async def test_an_empty_list_is_believed_where_its_number_says_the_same() -> None:
    assert await asked({"ItemResponse": [], "totalItems": 0}) is None
    for more in ({}, {"totalItems": 1}, {"totalItems": "many"}):
        with pytest.raises(TransientError, match="expected an item"):
            await asked({"ItemResponse": [], **more})


@pytest.mark.parametrize(
    "answer",
    [
        None, {}, [], "A-1", {"ItemResponse": None}, {"ItemResponse": "A-1"}, {"ItemResponse": {"value": 3}}, {"ItemResponse": [3]},
        {"ItemResponse": [{}]}, {"ItemResponse": [{"sku": None, "wpid": "W"}]}, {"ItemResponse": [{"sku": ["A-1"]}]},
        {"ItemResponse": [{"sku": "A-1", "publishedStatus": ["PUBLISHED"]}]}, {"ItemResponse": [{"sku": "A-1", "lifecycleStatus": {}}]},
        {"ItemResponse": [{"sku": "A-11"}, "A-1"]}, {"ItemResponse": [{"sku": "A-1", "publishedStatus": True}]},
    ],
)  # fmt: skip
async def test_a_damaged_answer_is_no_answer(answer: Any) -> None:
    """ERR-2, PRC-1: taken for "there is none", an item would be set up again, with a price of ours."""
    with pytest.raises(TransientError):
        await asked(answer)


async def test_a_refusal_with_a_code_is_what_it_says() -> None:
    with pytest.raises(DataError):
        await asked(DataError("400", code="INVALID_REQUEST"))
