"""What is found out on the way of a purchase order to its orders, for the buyer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.alibaba import purchase_compare
from connectors.alibaba.purchase_answers import Created
from connectors.alibaba.purchase_lookup import Standing
from connectors.alibaba.purchase_plan import PurchasePart, problem
from connectors.alibaba.purchase_results import Placed
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.purchase_words import words_for
from schemas.records import PurchaseOrder, ResultDifference, ResultProblem


@dataclass
class Told:
    """wrote: whether anything was made now."""

    order: PurchaseOrder
    account: str
    placed: list[Placed] = field(default_factory=list)
    differences: list[ResultDifference] = field(default_factory=list)
    problems: list[ResultProblem] = field(default_factory=list)
    wrote: bool = False

    def adopt(self, standing: Standing, purchases: AlibabaPurchases) -> None:
        """Orders that were there."""
        self.placed += standing.placed
        self.problems += standing.problems
        self.differences += standing.differences
        if standing.placed and not standing.differences:
            orders = [one.order for one in standing.placed]
            self.differences += purchase_compare.after(standing.part.wanted, orders, purchases)

    def take(self, part: PurchasePart, made: Created, purchases: AlibabaPurchases) -> None:
        """Orders that were made now, and what was left out of them."""
        self.wrote = True
        left_out = {(one.offer_id, one.spec_id): one.said for one in made.failed}
        had = [one for one in part.wanted if one.spec not in left_out]
        for one in part.wanted:
            if (said := left_out.get(one.spec)) is not None:
                self.problems += [problem(words_for(said), line=line, code=said.code) for line in one.lines]
        line_ids = [line_id for one in had for line_id in one.line_ids]
        alone = len(made.orders) == 1
        self.placed += [Placed(order, part.reference, line_ids if alone else ()) for order in made.orders]
        self.differences += purchase_compare.after(had, made.orders, purchases)


def known_orders(known: str, standings: Sequence[Standing]) -> set[str]:
    """Numbers of orders that were made for it: `known` by the pipeline, separated by commas, and what stands there."""
    return {*known.split(","), *(order.order_id for one in standings for order in one.orders)}
