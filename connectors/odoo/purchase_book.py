"""The book `purchases` of Odoo: purchase orders of the vendors of one account of a supplier's platform (REC-1). Reads only.

A vendor belongs to it when the contact's reference begins `SOURCE:ACCOUNT:`. Those whose reference names the platform without an account we have
are in the book of its first account, as orders nobody has made: somebody waits for the goods (`purchase_vendors.py`). A purchase order of any vendor
is found by a number in its vendor reference, as orders made by hand are (`purchase_finding.py`). Of several that bear one name each says its id too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.kit.books import Book, Entry, EntryLine
from connectors.kit.errors import DataError
from connectors.kit.order_numbers import words_of
from connectors.kit.ports import Deps
from connectors.odoo.client import Odoo
from connectors.odoo.purchase_finding import ORDER, like
from connectors.odoo.purchase_vendors import looked_after
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.documents import by_parent
from connectors.odoo.source.models import STAMP, Models, Row, link, link_name, moment, newest, number, text
from connectors.odoo.vendor_codes import vendor_codes

KIND = "purchases"
LINE = "purchase.order.line"
_FIELDS = (
    "name", "state", "partner_id", "partner_ref", "amount_untaxed", "currency_id", "receipt_status", "create_date", "date_approve",
    "write_date",
)  # fmt: skip
_LINE_FIELDS = ("product_id", "product_qty", "display_type", "write_date")
_STATES = {"purchase": "ordered", "done": "ordered", "cancel": "cancelled"}
_PAGE = 200
_ASKED = 40  # names and numbers in one question
_CENT = Decimal("0.01")


class PurchaseBook:
    """`connectors.kit.books.Book`."""

    begin: datetime | None = None

    def __init__(self, odoo: Odoo, whose: str, prefix: str, accounts: Sequence[str] = ()) -> None:
        self._odoo, self._models, self._whose, self._prefix = odoo, Models(odoo), whose, prefix
        self._accounts = tuple(accounts)

    async def entries(self, since: datetime) -> AsyncIterator[Entry]:
        vendors = await self._vendors()
        begin = since.strftime(STAMP)
        made: list[Any] = ["|", ["create_date", ">=", begin], ["date_approve", ">=", begin]]
        last = 0
        while vendors:
            domain = [["partner_id", "in", vendors], ["id", ">", last], *made]
            rows = await self._models.rows(ORDER, domain, _FIELDS, limit=_PAGE)
            for entry in await self._read(rows):
                yield entry
            if len(rows) < _PAGE:
                return
            last = rows[-1]["id"]

    async def find(self, names: Collection[str], numbers: Collection[str]) -> Sequence[Entry]:
        called = sorted(one.removeprefix(self._prefix) for one in names if one.startswith(self._prefix))
        found: dict[int, Row] = {}
        for some in _pieces(called):
            rows = await self._models.rows(ORDER, [["name", "in", some]], _FIELDS)
            references = await self._references(rows)
            found |= {row["id"]: row for row in rows if self._is_ours(references, row)}
        for some in _pieces(sorted(numbers)):
            rows = await self._models.rows(ORDER, like(some), _FIELDS)
            found |= {row["id"]: row for row in rows if not set(some).isdisjoint(words_of(text(row["partner_ref"])))}
        return await self._read([found[one] for one in sorted(found)])

    def called(self, code: str) -> str:
        return code

    async def aclose(self) -> None:
        await self._odoo.aclose()

    async def _vendors(self) -> list[int]:
        rows = await self._models.rows("res.partner", [["ref", "ilike", self._whose.partition(":")[0]]], ("ref",))
        return [row["id"] for row in rows if self._is_looked_after(text(row["ref"]))]

    async def _references(self, rows: Sequence[Row]) -> dict[int, str]:
        found = await self._models.by_id("res.partner", (link(row["partner_id"]) for row in rows), ("ref",))
        return {one: text(row["ref"]) for one, row in found.items()}

    def _is_ours(self, references: dict[int, str], row: Row) -> bool:
        return self._is_looked_after(references.get(link(row["partner_id"]), ""))

    def _is_looked_after(self, reference: str) -> bool:
        return looked_after(reference, self._accounts) == self._whose

    async def _read(self, rows: Sequence[Row]) -> list[Entry]:
        try:
            return await self._whole(rows)
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError) as error:
            raise DataError(f"{ORDER}: what Odoo answered cannot be read ({type(error).__name__})") from error

    async def _whole(self, rows: Sequence[Row]) -> list[Entry]:
        lines = await by_parent(self._models, LINE, "order_id", [row["id"] for row in rows], _LINE_FIELDS)
        goods = {one: [line for line in some if link(line["product_id"])] for one, some in lines.items()}
        wanted = {link(line["product_id"]) for some in goods.values() for line in some}
        products = await self._models.by_id("product.product", wanted, ("product_tmpl_id", "default_code", "type"))
        codes = await vendor_codes(self._models.rows, (link(row["partner_id"]) for row in rows), products)
        references, shared = await self._references(rows), await self._shared(rows)
        return [
            self._entry(
                _called(row, shared), row, lines[row["id"]],
                list(_goods(goods[row["id"]], link(row["partner_id"]), products, codes)),
                is_ours=self._is_ours(references, row),
            )
            for row in rows
        ]  # fmt: skip

    async def _shared(self, rows: Sequence[Row]) -> set[str]:
        """Names that several purchase orders bear, as where each company counts its own: to the platform they are one."""
        names = sorted({text(row["name"]) for row in rows})
        found = await self._models.rows(ORDER, [["name", "in", names]], ("name",)) if names else []
        return {name for name, count in Counter(text(row["name"]) for row in found).items() if count > 1}

    def _entry(
        self, called: str, row: Row, lines: Sequence[Row], goods: Sequence[tuple[str, EntryLine]], *, is_ours: bool
    ) -> Entry:
        name = text(row["name"])
        made = [moment(row[one]) for one in ("date_approve", "create_date") if row.get(one)]
        changed = newest([row, *lines]) / 1000
        return Entry(
            id=called, state=_state(row), made_at=made[0], changed_at=datetime.fromtimestamp(changed, made[0].tzinfo),
            names=(f"{self._prefix}{name}",) if is_ours else (),
            numbers=tuple(words_of(text(row["partner_ref"]))),
            lines=tuple(line for _, line in goods), skus=tuple(sku for sku, _ in goods if sku), amount=number(row["amount_untaxed"]).quantize(_CENT),
            currency=link_name(row["currency_id"]),
        )  # fmt: skip


def open_book(settings: OdooSettings, whose: str, deps: Deps) -> Book:
    """Of the vendors of `source:account`. Raises ValueError for a database of another environment."""
    settings.check_environment(deps.environment)
    odoo = Odoo(settings.model_copy(update={"workers": 1}))
    return PurchaseBook(odoo, whose, settings.purchases.reference_prefix, settings.purchases.accounts)


def _called(row: Row, shared: Collection[str]) -> str:
    """For people, and no other one's."""
    name = text(row["name"])
    return f"{name} (id {row['id']})" if name in shared else name


def _state(row: Row) -> str:
    state = _STATES.get(text(row["state"]), "draft")
    return "received" if state == "ordered" and row.get("receipt_status") == "full" else state


def _goods(
    lines: Sequence[Row], vendor: int, products: Mapping[int, Row], codes: Mapping[tuple[int, int], Sequence[str]]
) -> Iterable[tuple[str, EntryLine]]:
    """(SKU, line) of all that is goods: services are none unless the vendor has a code for them (freight has none)."""
    for line in lines:
        product = link(line["product_id"])
        row, known = products.get(product, {}), tuple(codes.get((vendor, product), ()))
        quantity = number(line["product_qty"])
        if quantity and (known or row.get("type") != "service"):
            yield text(row.get("default_code")), EntryLine(known, quantity)


def _pieces(words: Sequence[str]) -> Iterable[list[str]]:
    return (list(words[at : at + _ASKED]) for at in range(0, len(words), _ASKED))
