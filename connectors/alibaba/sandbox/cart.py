"""What a buyer wants to order, checked by the platform's rules and priced (alibaba.md section 8). The price is the platform's own: none is sent."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.alibaba.sandbox.errors import BusinessError
from connectors.alibaba.sandbox.offers import PUBLISHED, Offer, Spec
from connectors.alibaba.sandbox.reading import long
from connectors.alibaba.sandbox.sellers import SELLERS, Seller
from connectors.kit.sandbox.steering import Json

MOST_SPECS = 50
FLOWS = ("general", "fenxiao", "saleproxy", "paired", "repurchase", "boutiquefenxiao", "boutiquepifa")
TRADE_TYPES = ("assureTrade", "alipay", "period", "assure", "creditBuy", "bank", "631staged", "37staged")
NO_STOCK = "500_004"
Find = Callable[[int], Offer | None]


@dataclass(frozen=True)
class Wanted:
    """One line of the cart, of a published offer. price: fen per unit."""

    offer: Offer
    spec: Spec | None
    quantity: int
    price: int = 0

    @property
    def amount(self) -> int:
        return self.price * self.quantity

    @property
    def in_stock(self) -> bool:
        return self.quantity <= (self.offer.stock if self.spec is None else self.spec.stock)


@dataclass(frozen=True)
class Group:
    """What becomes one order. freight: fen."""

    seller: Seller
    lines: tuple[Wanted, ...]
    freight: int

    @property
    def goods(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        return self.goods + self.freight


def checked(rows: Sequence[Json], find: Find) -> list[Wanted]:
    """Lines with their prices. Raises BusinessError for the first rule that is broken; stock is not looked at."""
    if not rows or len(rows) > MOST_SPECS:
        raise BusinessError("400", f"商品种类必须为1到{MOST_SPECS}种: cargoParamList")
    wanted = [_wanted(row, find) for row in rows]
    if len({(line.offer.id, line.spec.spec_id if line.spec else "") for line in wanted}) != len(wanted):
        raise BusinessError("400", "商品规格重复: cargoParamList")
    if len({line.offer.seller for line in wanted}) > 1:
        raise BusinessError("500_002", "一个订单只能包含一个卖家的商品")
    units = Counter[int]()
    for line in wanted:
        units[line.offer.id] += line.quantity
    priced = [_priced(line, units[line.offer.id]) for line in wanted]
    seller = SELLERS[wanted[0].offer.seller]
    if sum(line.amount for line in priced) < seller.smallest_order:
        raise BusinessError("500_009", "订单金额低于卖家最小批发金额")
    return priced


def check_stock(lines: Sequence[Wanted]) -> None:
    for line in lines:
        if not line.in_stock:
            raise BusinessError(NO_STOCK, "库存不足")


def grouped(lines: Sequence[Wanted], *, split: bool = False) -> list[Group]:
    """One order, or several where the seller's offers lie in different places; freight is of the whole and stands at the first.
    split: in two, whatever the offers say."""
    seller = SELLERS[lines[0].offer.seller]
    parts: dict[str, list[Wanted]] = {}
    for number, line in enumerate(lines):
        parts.setdefault(line.offer.group or f"{number % 2 if split else 0}", []).append(line)
    freight = seller.freight_of(sum(line.amount for line in lines))
    return [Group(seller, tuple(part), 0 if at else freight) for at, part in enumerate(parts.values())]


def check_flow(flow: str, trade_type: str, related: Callable[[], bool]) -> None:
    """related: whether all offers have a relation to the buyer."""
    if flow not in FLOWS:
        raise BusinessError("400", "flow invalid")
    if trade_type and trade_type not in TRADE_TYPES:
        raise BusinessError("400", f"not support tradeType:{trade_type[:40]}")
    if flow == "saleproxy" and not related():
        raise BusinessError("500_007", "不存在代销关系")


def _wanted(row: Json, find: Find) -> Wanted:
    offer = find(long(row.get("offerId"), "cargoParamList.offerId"))
    if offer is None or offer.status != PUBLISHED:
        raise BusinessError("500_001", "商品不支持在线交易")
    quantity, spec_id = row.get("quantity"), row.get("specId")
    if isinstance(quantity, float) and quantity.is_integer():
        quantity = int(quantity)
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 0 < quantity < 10**9:
        raise BusinessError("400", "商品数量无效: quantity")
    if spec_id is None:
        if offer.specs:
            raise BusinessError("500_002", "商品规格缺失: specId")
        return Wanted(offer, None, quantity)
    spec = offer.spec(spec_id) if isinstance(spec_id, str) else None
    if spec is None:
        raise BusinessError("500_003", "规格不属于该商品")
    return Wanted(offer, spec, quantity)


def _priced(line: Wanted, units: int) -> Wanted:
    """units: of all specs of the offer, by which its price steps and its least number go."""
    offer, price = line.offer, line.offer.price(line.spec, units)
    if price <= 0:
        raise BusinessError("500_008", "商品价格为0")
    if units < offer.minimum:
        raise BusinessError("500_005", "购买数量低于最小起订量")
    if offer.batch and line.quantity % offer.batch:
        raise BusinessError("500_006", "购买数量不符合混批规则")
    return Wanted(offer, line.spec, line.quantity, price)
