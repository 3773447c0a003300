"""One item at Walmart: there, not there, or not known (INV-4, ERR-3)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from connectors.kit.errors import ConnectorError, DataError
from connectors.walmart.client import WalmartClient
from connectors.walmart.items import get_item


class Answers:
    """A client that gives one answer."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def call(self, *args: Any, **kwargs: Any) -> tuple[None, Any]:
        if isinstance(self._answer, ConnectorError):
            raise self._answer
        return None, self._answer


async def asked(answer: Any) -> Any:
    return await get_item(cast("WalmartClient", Answers(answer)), "A-1")


async def test_an_item_is_the_one_of_this_very_sku() -> None:
    found = await asked({"ItemResponse": [{"sku": "A-11"}, {"sku": "A-1", "wpid": "W"}]})
    assert found.text("wpid") == "W"
    assert await asked({"ItemResponse": [{"sku": "A-11"}]}) is None


async def test_walmart_saying_that_there_is_none_is_an_answer() -> None:
    assert await asked(DataError("404", code="CONTENT_NOT_FOUND")) is None


async def test_a_refusal_with_a_code_is_what_it_says() -> None:
    with pytest.raises(DataError):
        await asked(DataError("400", code="INVALID_REQUEST"))
