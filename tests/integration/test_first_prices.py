"""PRC-1: processes that list products know what the pricing stage decided, on a real broker, whichever of them starts first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from streams.first_prices import FirstPriceTable
from streams.phases import Phase
from tests.integration.test_price import Shop, shop
from tests.waiting import until

__all__ = ["shop"]  # the fixture


@contextlib.contextmanager
def table(shop: Shop) -> Iterator[FirstPriceTable]:
    """Of a process that starts now."""
    on = shop.settings.model_copy(update={"phases": {"walmart": {"main": {"prices": Phase.ON}}}})
    made = FirstPriceTable(on, shop.codec)
    try:
        made.start()
        yield made
    finally:
        made.close()


def asked(found: FirstPriceTable, sku: str) -> str:
    price = found.price_of("walmart", "main", sku)
    return price["amount"] if price else ""


async def test_what_is_decided_is_known_to_who_runs_and_to_who_starts_later(shop: Shop) -> None:
    """A large change takes the price away until a person has spoken; then there is the new one."""
    with table(shop) as runs:
        assert asked(runs, shop.sku) == ""
        shop.set_price("10.00")
        await shop.work()
        until(lambda: asked(runs, shop.sku) == "10.00", "the first price is known")
        shop.set_price("15.00")
        await shop.work()
        until(lambda: asked(runs, shop.sku) == "", "nothing is decided while a person is asked")
        shop.set_price("10.50")
        await shop.work()
        until(lambda: asked(runs, shop.sku) == "10.50", "the next price is known")
        with table(shop) as later:
            assert asked(later, shop.sku) == "10.50"


async def test_nothing_is_read_where_no_prices_are_switched_on(shop: Shop) -> None:
    """OPS-7, and no start is kept waiting for it."""
    shop.set_price("10.00")
    await shop.work()
    made = FirstPriceTable(shop.settings, shop.codec)
    made.start()
    assert asked(made, shop.sku) == ""
    made.close()
