"""The sandbox's state in one place. Knows nothing of HTTP."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connectors.alibaba.sandbox.desk import Desk
from connectors.alibaba.sandbox.grants import ACCESS, CODE, REFRESH, Grant, Grants
from connectors.alibaba.sandbox.moments import DAY
from connectors.alibaba.sandbox.offer_generator import make_offers
from connectors.alibaba.sandbox.offer_mix import DEFAULT as OFFER_MIX
from connectors.alibaba.sandbox.offer_store import OfferStore
from connectors.alibaba.sandbox.order_store import OrderStore
from connectors.alibaba.sandbox.parcels import ParcelStore
from connectors.alibaba.sandbox.parts import Part
from connectors.alibaba.sandbox.settings import Buyer, SandboxSettings
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.journal import Journal
from connectors.kit.sandbox.steering import Json

Clock = Callable[[], float]
DATABASE_FILE = "alibaba-sandbox.sqlite3"
_FOREVER = 100 * 365 * DAY


# Tells a buyer's app something: (app key, message type, data, bizKey, epoch seconds).
Tell = Callable[[str, str, Json, str, float], None]


class World:
    """One sandbox: buyers, tokens, and what its parts hold. `clock` gives epoch seconds; `ahead` is added to it, so that a running sandbox
    can be moved into the future."""

    def __init__(self, settings: SandboxSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.ahead = 0.0
        self.buyers: dict[str, Buyer] = {buyer.app_key: buyer for buyer in settings.buyers}
        self.database = Database(settings.data_dir, DATABASE_FILE)
        self.grants = Grants(self.database)
        self.journal = Journal(self.database)
        self.offers = OfferStore(self.database)
        self.orders = OrderStore(self.database)
        self.parcels = ParcelStore(self.database)
        self.desk = Desk(self)
        self.parts: list[Part] = []
        # Whether an injected fault strikes what the sandbox does by itself; set when the app is put together.
        self.strikes: Callable[[str], bool] = _never
        # Sends a push message; set by the part that does.
        self.tell: Tell = _silent
        self._fill()

    def now(self) -> float:
        """The time, after all that was due by then has happened."""
        now = self.clock() + self.ahead
        for part in self.parts:
            part.advance(now)
        return now

    def close(self) -> None:
        self.database.close()

    def change_buyer(self, app_key: str, **fields: Any) -> Buyer:
        """A withdrawn permission takes every token with it."""
        changed = self.buyers[app_key] = replace(self.buyers[app_key], **fields)
        if not changed.authorised:
            self.grants.revoke_all(app_key, ACCESS, REFRESH, CODE)
        return changed

    def refused(self, account: str, operation: str, code: str) -> None:
        """Notes what an API refused, for the ledger."""
        self.journal.wrote(account, code, operation, self.clock() + self.ahead, refused=True)

    def reset(self) -> None:
        self.database.clear()
        self.ahead = 0.0
        self.buyers = {buyer.app_key: buyer for buyer in self.settings.buyers}
        self._fill()

    def rng(self, *purpose: str) -> random.Random:
        return random.Random(":".join((str(self.settings.seed), *purpose)))

    def _fill(self) -> None:
        """What is there from the start; what a data folder holds already stays as it is."""
        now = self.clock() + self.ahead
        with self.database.transaction():
            for offer in make_offers(self.settings.offers, self.settings.seed, OFFER_MIX, now):
                if self.offers.get(offer.id) is None:
                    self.offers.put(offer)
        for buyer in self.buyers.values():
            for text, kind, life in (
                (buyer.refresh_token, REFRESH, self.settings.refresh_days * DAY),
                (buyer.static_token, ACCESS, _FOREVER),
            ):
                if text and not self.grants.known(text):
                    self.grants.keep(Grant(text, buyer.app_key, kind, now + life))


def _silent(account: str, kind: str, data: Json, key: str, at: float) -> None:
    """Nobody listens."""


def _never(kind: str) -> bool:
    return False
