"""The sellers' side of offers: more of them, changes, the truth; and the messages that tell of changes."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.alibaba.sandbox import offer_changes, offer_news
from connectors.alibaba.sandbox.offer_generator import MAX_OFFERS, make_offers
from connectors.alibaba.sandbox.offer_mix import mix_from
from connectors.alibaba.sandbox.offer_views import told
from connectors.alibaba.sandbox.offers import PUBLISHED, Offer
from connectors.alibaba.sandbox.parts import Part
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import Json, NotThereError, answered, known, number

_SHOWN = 50
_OWN = {"seller": str, "minimum": int, "batch": int, "stock": int, "group": str, "subject": str}


class OffersControl(Part):
    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/offers", self.listed, methods=["GET"]),
            Route("/sandbox/offers", self.add, methods=["POST"]),
            Route("/sandbox/offers/{offer_id:int}", self.one, methods=["GET"]),
            Route("/sandbox/offers/{offer_id:int}/change", self.change, methods=["POST"]),
            Route("/sandbox/sellers", self.sellers, methods=["GET"]),
        ]

    async def listed(self, request: Request) -> Response:
        return JSONResponse([told(offer) for offer in self.world.offers.all()])

    async def one(self, request: Request) -> Response:
        return await answered(request, lambda _: told(self._offer(request)))

    async def sellers(self, request: Request) -> Response:
        """Each with all the names it goes by."""
        return JSONResponse([vars(one) for one in SELLERS.values()])

    async def add(self, request: Request) -> Response:
        return await answered(request, self._add)

    async def change(self, request: Request) -> Response:
        """{"kind": "price" | ..., ...}: offer_changes.changed."""

        def done(body: Json) -> Json:
            now, before = self.world.now(), self._offer(request)
            after = offer_changes.changed(before, body, now)
            with self.world.database.transaction():
                self._told(before, after, str(body["kind"]), now)
            return told(after)

        return await answered(request, done)

    def tables(self, account: str) -> list[Table]:
        """Once: offers are the same for all buyers."""
        if account != next(iter(self.world.buyers)):
            return []
        found = self.world.offers.all()
        rows = [
            (
                one.id,
                one.subject,
                SELLERS[one.seller].company,
                one.status,
                one.quote_type,
                len(one.specs),
                *_numbers(one),
            )
            for one in found[:_SHOWN]
        ]
        columns = (
            "Offer",
            "Subject",
            "Company",
            "Status",
            "Quote type",
            "Specs",
            "Minimum",
            "Stock",
            "Modified",
            "Traits",
        )
        return [Table("Offers", columns, rows, f"{len(found)} in all; the first {len(rows)}.")]

    def _add(self, body: Json) -> Json:
        """{"count": 20, "seed": 7, "mix": "default"}, and for all of them: seller, minimum, batch, stock, group, subject."""
        known(body, {"count", "seed", "mix", "first", *_OWN})
        now, count = self.world.now(), int(number(body, "count", 1, MAX_OFFERS, 1))
        seed, first = int(number(body, "seed", 1, 999, 1)), int(number(body, "first", 0, MAX_OFFERS, 0))
        made = make_offers(count, seed, mix_from(body.get("mix", "plain")), now, first)
        with self.world.database.transaction():
            added = [self._with(offer, body) for offer in made]
        return {"added": len(added), "offerIds": [one.id for one in added], "offers": [told(one) for one in added]}

    def _with(self, offer: Offer, body: Json) -> Offer:
        fields: dict[str, Any] = {name: kind(body[name]) for name, kind in _OWN.items() if name in body}
        if fields.get("seller", offer.seller) not in SELLERS:
            raise ValueError(f"seller: one of {', '.join(SELLERS)} is expected")
        offer = replace(offer, **fields)
        if "stock" in fields:
            offer = offer.with_specs(replace(one, stock=fields["stock"]) for one in offer.specs)
        self.world.offers.put(offer)
        return offer

    def _told(self, before: Offer, after: Offer, kind: str, now: float) -> None:
        self.world.offers.put(after)
        action = "repost" if kind == "status" and after.status == PUBLISHED else offer_changes.ACTIONS[kind]
        offer_news.tell_change(self.world, after, action, now)
        if kind == "stock":
            offer_news.keep_stock(self.world, before, after, now)

    def _offer(self, request: Request) -> Offer:
        found = self.world.offers.get(request.path_params["offer_id"])
        if found is None:
            raise NotThereError("no such offer")
        return found


def _numbers(one: Offer) -> tuple[object, ...]:
    return one.minimum, one.on_sale(), shown_time(one.modified), ", ".join(one.traits)
