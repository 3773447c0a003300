"""What the marketplaces of a demo have in common: a sandbox that is told what happens, and settings by the connector's name."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from streams.demo.agree import FLOWS
from streams.demo.market import Books, Control, Sold
from streams.demo.processes import Process

ACCOUNT = "demo"
# A demo does not wait: a feed or a listing is looked at at these ages, and then this often.
LADDER, THEN_SECONDS = [1, 2, 4, 8, 15, 30], 30


class Sandboxed:
    """What of `Market` is alike. `folder`: of the demo; `pictures_url`: where its pictures are served."""

    name: ClassVar[str]
    title: ClassVar[str]
    stock_cap: ClassVar[int]
    # Every published limit times this, in the sandbox and in what we allow ourselves.
    rate_factor: ClassVar[int]
    # The connector's tables for the demo's goods.
    example: ClassVar[Path]
    tells_refunds_elsewhere: ClassVar[bool] = True
    seller_refunds: ClassVar[bool] = False
    flows: ClassVar[frozenset[str]] = frozenset(FLOWS)

    def __init__(self, url: str, control: Control, folder: Path, pictures_url: str) -> None:
        self.url = url
        self._control = control
        self._folder = folder
        self._pictures_url = pictures_url

    # -- what differs

    def books(self) -> Books:
        """As `Market`."""
        raise NotImplementedError

    def _returned(self, reference: str) -> Mapping[str, Any]:
        """What the sandbox is told when the first line of an order comes back."""
        raise NotImplementedError

    def _objection(self) -> Mapping[str, Any]:
        """What the sandbox is told to take an item off sale for `REASON`."""
        raise NotImplementedError

    # -- processes

    def process(self, logs: Path, data: Path) -> Process:
        """As `Market`."""
        args = ["--port", self.url.rpartition(":")[2], "--data", str(data / self.name)]
        args += ["--rate-factor", str(self.rate_factor), *self._sandbox_args()]
        return Process(self.name, f"connectors.{self.name}.sandbox", args, {}, logs)

    def env(self) -> Mapping[str, str]:
        """As `Market`."""
        upper = self.name.upper()
        mine = {
            **{f"ACCOUNTS__{ACCOUNT.upper()}__{name}": value for name, value in self._account().items()},
            "LONGEST_WAIT_SECONDS": "2",
            "FEEDS__LADDER_SECONDS": json.dumps(LADDER),
            "FEEDS__THEN_SECONDS": str(THEN_SECONDS),
            "FEEDS__LOST_AFTER_SECONDS": "10",
            "FEEDS__GATHER_SECONDS": "1",
            **self._listings(),
            **self._more(),
        }
        found = {f"CAUSEWAY_{upper}__{name}": value for name, value in mine.items()}
        return {**found, f"CAUSEWAY_PHASES__{upper}__{ACCOUNT.upper()}__ALL": "on"}

    def _sandbox_args(self) -> Sequence[str]:
        return ()

    def _account(self) -> Mapping[str, str]:
        """The account's settings by their names."""
        raise NotImplementedError

    def _more(self) -> Mapping[str, str]:
        """The connector's other settings."""
        raise NotImplementedError

    def _listings(self) -> dict[str, str]:
        """Products: the example tables, pictures by the demo's own server, the rhythm of a demo."""
        values = {f"VALUES__{file.stem.upper()}": str(file) for file in sorted(self.example.glob("*.csv"))}
        values.pop("VALUES__CATEGORIES")
        found = {
            **values,
            "CATEGORIES": json.dumps([str(self.example / "categories.csv")]),
            "ATTRIBUTES": json.dumps([str(self.example / "attributes.toml")]),
            "OWN_USE_GTINS": "true",  # the barcodes of sandboxes are nobody's
            "PUBLISH_LADDER_SECONDS": json.dumps(LADDER),
            "IMAGES__FOLDER": str(self._folder / "pictures"),
            "IMAGES__PUBLIC_URL": self._pictures_url,
            "IMAGES__ODOO_URL": self._pictures_url + "/odoo/{model}/{record_id}/{field}",
            "IMAGES__PRIVATE_ADDRESSES": "true",
        }
        return {f"LISTINGS__{name}": value for name, value in found.items()}

    # -- what is told to the sandbox

    def list_catalogue(self) -> None:
        """As `Market`."""
        self._control("POST", "/sandbox/items", {"catalog": True, "stock": 0, **self._where()})

    def _where(self) -> Mapping[str, Any]:
        """Which of its countries is meant."""
        return {}

    def send_back(self, references: Collection[str], *, refunded: bool = True) -> None:
        """As `Market`."""
        mine = {order.reference for order in self.books().orders}
        timeline = {"timeline": "refunded" if refunded else "received"}
        for reference in sorted(mine.intersection(references)):
            self._control("POST", "/sandbox/returns", {**self._returned(reference), **timeline})

    def object_to(self, sku: str) -> str:
        """As `Market`."""
        self._control("POST", f"/sandbox/items/{sku}/change", self._objection())
        return REASON


REASON = "Restricted product"


def trait_words(traits: Collection[str], words: Mapping[str, str]) -> frozenset[str]:
    """A sandbox's traits in the words that are the same for all (`market`)."""
    return frozenset(words.get(trait, trait) for trait in traits)


def sold(market: str, reference: str, **facts: Any) -> Sold:
    """An order of this marketplace."""
    return Sold(key=f"{market}:{ACCOUNT}:{reference}", reference=reference, **facts)
