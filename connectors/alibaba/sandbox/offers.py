"""An offer as the sandbox holds it; what the APIs show of it is made in offer_views.py. Money in fen."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectors.kit.sandbox.steering import Json

# How its price is made: 0 no SKU, by quantity; 1 per SKU; 2 SKUs, by quantity (alibaba.md section 6).
BY_QUANTITY, PER_SKU, SKUS_BY_QUANTITY = 0, 1, 2
PUBLISHED = "published"
STATUSES = (
    PUBLISHED,
    "member expired",
    "auto expired",
    "expired",
    "member deleted",
    "deleted",
    "modified",
    "new",
    "TBD",
    "approved",
    "auditing",
    "untread",
)


@dataclass(frozen=True)
class Spec:
    """attributes: (attribute id, name, value, name translated, value translated); price: fen; weight: grams."""

    sku_id: int
    spec_id: str
    price: int
    stock: int
    cargo: str
    attributes: tuple[tuple[int, str, str, str, str], ...]
    image: str = ""
    weight: int = 300


@dataclass(frozen=True)
class Offer:
    """ranges: (from so many, fen), rising; stock: where there are no specs; group: offers of one seller with different groups are split into
    several orders; traits: what is odd about it (offer_oddities.py), truth for tests; created, modified: epoch seconds."""

    id: int
    seller: str
    category: int
    subject: str
    subject_trans: str
    quote_type: int
    specs: tuple[Spec, ...]
    ranges: tuple[tuple[int, int], ...]
    created: float
    modified: float
    stock: int = 0
    unit: str = "件"
    unit_trans: str = "Piece"
    minimum: int = 1
    batch: int | None = None
    status: str = PUBLISHED
    group: str = ""
    weight: float = 0.3
    image: str = ""
    sold: int = 0
    traits: tuple[str, ...] = ()

    def spec(self, spec_id: str) -> Spec | None:
        return next((one for one in self.specs if one.spec_id == spec_id), None)

    def price(self, spec: Spec | None, quantity: int) -> int:
        """Fen per unit. quantity: of all of the offer's specs together."""
        if self.quote_type == PER_SKU and spec is not None:
            return spec.price
        fitting = [fen for start, fen in self.ranges if start <= quantity]
        return fitting[-1] if fitting else self.ranges[0][1]

    def on_sale(self) -> int:
        return sum(one.stock for one in self.specs) if self.specs else self.stock

    def moved(self, spec_id: str | None, units: int) -> "Offer":
        """With so many units more (or fewer) in stock."""
        if spec_id is None:
            return replace(self, stock=self.stock + units)
        return self.with_specs(
            replace(one, stock=one.stock + units) if one.spec_id == spec_id else one for one in self.specs
        )

    def with_specs(self, specs: Iterable[Spec]) -> "Offer":
        return replace(self, specs=tuple(specs))

    def as_json(self) -> Json:
        return asdict(self)


def offer_from(data: Json) -> Offer:
    """The other way round."""
    specs = tuple(
        Spec(**{**one, "attributes": tuple((a[0], a[1], a[2], a[3], a[4]) for a in one["attributes"])})
        for one in data["specs"]
    )
    ranges: Any = tuple((start, fen) for start, fen in data["ranges"])
    return Offer(**{**data, "specs": specs, "ranges": ranges, "traits": tuple(data["traits"])})
