"""The two order feeds: "acknowledgement", which cancels, and payment adjustment, which refunds (amazon.md section 6)."""

from collections import Counter
from decimal import Decimal, InvalidOperation

from connectors.amazon.sandbox import lifecycle, money
from connectors.amazon.sandbox.feeds import Result, Submitted
from connectors.amazon.sandbox.flat_file import Record, RecordError, processed
from connectors.amazon.sandbox.marketplaces import MARKETPLACES, Marketplace
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.store import StoredOrder
from connectors.amazon.sandbox.world import World
from connectors.kit.sandbox.page import Table
from connectors.kit.sandbox.steering import FORM_ERRORS, Json

CANCEL_TYPE = "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA"
REFUND_TYPE = "POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA"
CANCEL_COLUMNS = ("order-id", "cancellation-reason-code", "amazon-order-item-code")
_COMMON_REASONS = (
    "NoInventory",
    "GeneralAdjustment",
    "CarrierCreditDecision",
    "RiskAssessmentInformationNotValid",
    "CarrierCoverageFailure",
    "CustomerReturn",
)
CANCEL_REASONS = (
    *_COMMON_REASONS,
    "ShippingAddressUndeliverable",
    "CustomerExchange",
    "BuyerCanceled",
    "MerchandiseNotReceived",
    "PricingError",
)
REFUND_REASONS = (
    *_COMMON_REASONS,
    "CouldNotShip",
    "DifferentItem",
    "Abandoned",
    "CustomerCancel",
    "PriceError",
    "ProductOutofStock",
    "CustomerAddressIncorrect",
    "Exchange",
    "Other",
    "TransactionRecord",
)
# Column with an amount -> (breakdown it is taken from, whether it is the tax on it). The promotions are what the buyer does
# not get back of a discount, so they count against the price.
ADJUSTMENTS = {
    "item-price-adj": ("ITEM", False),
    "item-tax-adj": ("ITEM", True),
    "shipping-price-adj": ("SHIPPING", False),
    "shipping-tax-adj": ("SHIPPING", True),
    "gift-wrap-price-adj": ("GIFT_WRAP", False),
    "gift-wrap-tax-adj": ("GIFT_WRAP", True),
}
PROMOTIONS = ("item-promotion-adj", "ship-promotion-adj")
REFUND_COLUMNS = (
    "order-id",
    "order-item-id",
    "adjustment-reason-code",
    "currency",
    *ADJUSTMENTS,
    "item-promotion-adj",
    "item-promotion-id",
    "ship-promotion-adj",
    "ship-promotion-id",
    "quantity-cancelled",
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS refunds (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, order_id TEXT NOT NULL, item_id TEXT NOT NULL, reason TEXT NOT NULL,
  parts TEXT NOT NULL, minor INTEGER NOT NULL, feed_id TEXT NOT NULL, at REAL NOT NULL);
"""


class OrderFeeds(Part):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        world.database.create(_SCHEMA, ("refunds",))
        world.feeds.register(CANCEL_TYPE, self.cancel)
        world.feeds.register(REFUND_TYPE, self.refund)

    def cancel(self, feed: Submitted) -> Result:
        def act(record: Record) -> None:
            reason = _one_of(record, "cancellation-reason-code", CANCEL_REASONS)
            order, item = self._order(feed, record), record["amazon-order-item-code"]
            with self._noted(feed, order, "cancel"):
                body = lifecycle.cancel(order.body, [item] if item else (), "MERCHANT", reason)
                self.world.save(order, body, feed.at, "cancel")

        return processed(feed, CANCEL_COLUMNS, CANCEL_COLUMNS, "amazon-order-item-code", act)

    def refund(self, feed: Submitted) -> Result:
        def act(record: Record) -> None:
            reason = _one_of(record, "adjustment-reason-code", REFUND_REASONS)
            order = self._order(feed, record)
            with self._noted(feed, order, "refund"):
                self._refund(feed, order, record, reason)

        return processed(feed, REFUND_COLUMNS[:4], REFUND_COLUMNS, "order-item-id", act)

    def refunds(self, account: str, order_id: str = "") -> list[Json]:
        """Those of an order, or all; amounts in the currency's smallest unit."""
        sql = "SELECT order_id, item_id, reason, parts, minor, feed_id, at FROM refunds WHERE account = ?"
        values = (account, order_id) if order_id else (account,)
        rows = self.world.database.execute(f"{sql} AND order_id = ?" if order_id else sql, values)
        names = ("orderId", "orderItemId", "reason", "parts", "minor", "feedId", "at")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def snapshot(self, account: str, now: float) -> Json:
        return {"refunds": self.refunds(account)}

    def tables(self, account: str) -> list[Table]:
        rows = [
            (one["orderId"], one["orderItemId"], one["reason"], one["parts"]) for one in self.refunds(account)[-50:]
        ]
        columns = ("Order", "Item", "Reason", "Amounts")
        return [Table(f"Refunds of {account}", columns, rows[::-1], "", "No refunds yet.")]

    def _refund(self, feed: Submitted, order: StoredOrder, record: Record, reason: str) -> None:
        item = lifecycle.item_of(order.body, record["order-item-id"])
        place = MARKETPLACES[order.marketplace]
        if record["currency"] != place.currency:
            raise RecordError("18028", f"currency: {place.currency} is the order's.")
        if not item["fulfillment"]["quantityFulfilled"]:
            raise RecordError("18014", "Nothing of the item is shipped; cancel it instead.")
        amounts = {name: _amount(record, name, place) for name in (*ADJUSTMENTS, *PROMOTIONS) if record[name]}
        if not any(amounts.get(name) for name in ADJUSTMENTS):
            raise RecordError("18015", "No amount to refund.")
        self._check_left(order, item, amounts, place)
        total = sum(amounts.get(name, 0) for name in ADJUSTMENTS) - sum(amounts.get(name, 0) for name in PROMOTIONS)
        parts = " ".join(f"{name}={amount}" for name, amount in sorted(amounts.items()))
        values = (feed.account, order.id, item["orderItemId"], reason, parts, total, feed.feed_id, feed.at)
        sql = "INSERT INTO refunds (account, order_id, item_id, reason, parts, minor, feed_id, at) VALUES (?,?,?,?,?,?,?,?)"
        self.world.database.execute(sql, values)

    def _check_left(self, order: StoredOrder, item: Json, amounts: dict[str, int], place: Marketplace) -> None:
        """No kind may be given back more often than it was paid."""
        given: Counter[str] = Counter()
        for one in self.refunds(order.account, order.id):
            if one["orderItemId"] == item["orderItemId"]:
                for part in one["parts"].split():
                    name, _, amount = part.partition("=")
                    given[name] += int(amount)
        paid = _paid(item, place)
        for name, amount in amounts.items():
            if name in ADJUSTMENTS and given[name] + amount > paid[ADJUSTMENTS[name]]:
                left = Decimal(paid[ADJUSTMENTS[name]] - given[name]).scaleb(-place.digits)
                raise RecordError("18027", f"{name}: at most {left} can be given back.")

    def _order(self, feed: Submitted, record: Record) -> StoredOrder:
        found = self.world.store.get(feed.account, record["order-id"], feed.at)
        if found is None:
            raise RecordError("18010", "order-id: no such order.")
        if found.fulfilled_by != "MERCHANT":
            raise RecordError("18011", "Orders fulfilled by Amazon cannot be changed.")
        return found

    def _noted(self, feed: Submitted, order: StoredOrder, operation: str) -> "_Noted":
        return _Noted(self.world, feed, order, operation)


class _Noted:
    """Writes down whether what is done inside was carried out or refused."""

    def __init__(self, world: World, feed: Submitted, order: StoredOrder, operation: str) -> None:
        self._world, self._feed, self._order, self._operation = world, feed, order, operation

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        refused = error is not None
        self._world.journal.wrote(self._order.account, self._order.id, self._operation, self._feed.at, refused=refused)
        if isinstance(error, FORM_ERRORS):
            raise RecordError("8541", "The order is damaged.") from error


def _paid(item: Json, place: Marketplace) -> Counter[tuple[str, bool]]:
    """What was paid for an item by (kind, whether it is the tax), in the smallest unit."""
    paid: Counter[tuple[str, bool]] = Counter()
    for breakdown in item.get("proceeds", {}).get("breakdowns", []):
        if breakdown["type"] == "TAX":
            for detail in breakdown.get("detailedBreakdowns", []):
                paid[detail["subtype"], True] += money.minor(detail["value"], place)
        elif breakdown["type"] != "DISCOUNT":
            paid[breakdown["type"], False] += money.minor(breakdown["subtotal"], place)
    return paid


def _amount(record: Record, name: str, place: Marketplace) -> int:
    try:
        value = Decimal(record[name]).scaleb(place.digits)
    except InvalidOperation as error:
        raise RecordError("18026", f"{name}: a decimal number is expected.") from error
    if value < 0 or value != int(value):
        raise RecordError("18026", f"{name}: not negative, with at most {place.digits} decimals.")
    return int(value)


def _one_of(record: Record, name: str, allowed: tuple[str, ...]) -> str:
    if record[name] not in allowed:
        raise RecordError("18025", f"{name}: one of {', '.join(allowed)} is expected.")
    return record[name]
