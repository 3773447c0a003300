"""Raw `quant` -> canonical `stock_level` (INV-2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader
from connectors.odoo.capture_mapping.raw import ZERO, amount, decimal_text, epoch, opened, sku_key, whole
from schemas.records import KitComponent, StockLevel, StockOrder, WarehouseStock

DONE, CANCELLED = "done", "cancel"


def to_stock_level(payload: bytes, account: str) -> Sequence[Canonical]:
    """Quantities by warehouse, and what each marketplace order takes of the SKU. Raises DataError."""
    raw = opened(payload)
    product = raw["product"].an_object()
    sku, key = sku_key(product)
    components = [_component(one) for one in raw.children("components")]
    level: StockLevel = {
        "key": key,
        "sku": sku,
        "product_id": whole(product, "id"),
        "version": whole(raw, "version"),
        "read_at": epoch(whole(raw, "read_at"), raw["read_at"]),
        "active": raw.flag("active"),
        "category": product.text("category"),
        "kit": bool(components),
        "locations": [_warehouse(one) for one in raw.children("stock")],
        "orders": _orders(raw.children("moves"), {one["sku"]: one for one in components}, raw),
        "components": components,
    }
    return (Canonical("stock_level", key, level["version"], level),)


def _warehouse(one: Reader) -> WarehouseStock:
    return {
        "warehouse": one.text("warehouse"),
        "on_hand": decimal_text(amount(one, "on_hand")),
        "reserved": decimal_text(amount(one, "reserved")),
    }


def _component(one: Reader) -> KitComponent:
    return {"sku": one.text("sku"), "quantity": decimal_text(amount(one, "quantity"))}


class _Sum:
    """Of the moves of one order (and, of a kit, of one component)."""

    __slots__ = ("cancelled", "demanded", "done", "reserved")

    def __init__(self) -> None:
        self.demanded = self.reserved = self.done = self.cancelled = ZERO

    def add(self, move: Reader) -> None:
        """`quantity` of an open move is what is reserved, of a done one what left."""
        demanded, quantity = amount(move, "demanded"), amount(move, "quantity")
        match move.text("state"):
            case "cancel":
                self.cancelled += demanded
                self.demanded += demanded
            case "done":
                self.done += quantity
                self.demanded += quantity  # a rest that was not sent has a move of its own, or was dropped
            case _:
                self.reserved += quantity
                self.demanded += demanded

    @property
    def values(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        return self.demanded, self.reserved, self.done, self.cancelled


def _orders(moves: Iterable[Reader], parts: dict[str, KitComponent], raw: Reader) -> list[StockOrder]:
    shares = {whole(one, "product_id"): amount(one, "quantity") for one in raw.children("components")} if parts else {}
    sums: dict[str, dict[int, _Sum]] = {}
    for move in moves:
        # Of a plain product all moves add up, whatever line they are of; of a kit, each component by itself.
        product = whole(move, "product_id") if shares else 0
        sums.setdefault(move.needed_text("order_key"), {}).setdefault(product, _Sum()).add(move)
    found: list[StockOrder] = []
    for order_key, by_product in sums.items():
        demanded, reserved, done, cancelled = _of_kits(by_product, shares) if shares else by_product[0].values
        found.append(
            {
                "order_key": order_key,
                "demanded": decimal_text(demanded),
                "reserved": decimal_text(reserved),
                "done": decimal_text(done),
                "cancelled": decimal_text(cancelled),
            }
        )
    return found


def _of_kits(by_product: dict[int, _Sum], shares: dict[int, Decimal]) -> tuple[Decimal, ...]:
    """How many whole kits the components make: the scarcest decides. A component without a move took nothing."""
    parts = [(by_product.get(product, _Sum()).values, share) for product, share in shares.items() if share > 0]
    if not parts:
        return ZERO, ZERO, ZERO, ZERO
    return tuple(min(values[at] / share for values, share in parts).quantize(Decimal("0.000001")) for at in range(4))
