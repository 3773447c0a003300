"""What held records wait for, and whether it exists by now: the sink's `resolve`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from connectors.kit.errors import AuthError, ConnectorError, ForbiddenError, RetryError
from connectors.kit.ports import Mappings
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.invoices import posted_invoices
from connectors.odoo.keys import xid
from connectors.odoo.places import NAMED
from connectors.odoo.plan import Goods
from connectors.odoo.products import Wanted
from connectors.odoo.references import References
from connectors.odoo.settings import OdooSettings

logger = logging.getLogger(__name__)


class Waiting:
    """By the word before the first colon:

    sku:SOURCE:ACCOUNT:SKU            a product of Odoo belongs to it
    order:KEY                         the order is in Odoo
    delivered:KEY                     something of that order has left Odoo's stock
    invoiced:KEY                      that order has a posted invoice
    carrier:SOURCE:ACCOUNT:LEVEL      a delivery method belongs to the shipping level
    pricelist:CURRENCY                a pricelist in the currency
    rate:CURRENCY:DAY                 Odoo has a rate of the currency on or before the day
    settlement_journal:CODE           the journal exists
    warehouse:, marketplace_warehouse:, team:    the record the configuration names
    Further kinds are answered by what is given as `further`.
    """

    def __init__(
        self, odoo: Odoo, settings: OdooSettings, references: References, mappings: Mappings,
        further: Mapping[str, Callable[[str], Awaitable[bool]]],
    ) -> None:  # fmt: skip
        self._odoo, self._settings, self._references, self._mappings = odoo, settings, references, mappings
        self._kinds: dict[str, Callable[[str], Awaitable[bool]]] = {
            "order": self._order,
            "delivered": self._delivered,
            "invoiced": self._invoiced,
            "carrier": self._carrier,
            "pricelist": self._pricelist,
            "rate": self._rate,
            "settlement_journal": self._journal,
            **further,
        }

    async def over(self, waiting_for: Sequence[str]) -> list[str]:
        """Those that exist now, in order."""
        self._references.forget()
        wanted = {}
        for word in waiting_for:
            kind, _, rest = word.partition(":")
            source, _, tail = rest.partition(":")
            account, _, sku = tail.partition(":")
            if kind == "sku" and sku:
                wanted[word] = Wanted(source, account, Goods(sku, "", "", ""))
        found = await self._references.products.find(wanted.values())
        answer = {word for word, one in wanted.items() if one in found}
        for word in set(waiting_for) - wanted.keys():
            if await self._told(word):
                answer.add(word)
        return [word for word in waiting_for if word in answer]

    async def _told(self, word: str) -> bool:
        """What Odoo refuses to say of one word (a missing right, say) must not keep what waits for the others."""
        try:
            return await self._exists(word)
        except RetryError:
            raise
        except ConnectorError as error:
            if isinstance(error, AuthError) and not isinstance(error, ForbiddenError):
                raise
            logger.warning("odoo_cannot_resolve kind=%s error=%s", word.partition(":")[0], type(error).__name__)
            return False

    async def _exists(self, word: str) -> bool:
        kind, _, rest = word.partition(":")
        if kind in NAMED:
            model, field = NAMED[kind]
            return bool(await self._odoo.rows(model, [[field, "=", rest]], [field], limit=1))
        answer = self._kinds.get(kind)
        return answer is not None and await answer(rest)

    async def _order(self, key: str) -> bool:
        return bool(await find(self._odoo, [xid(self._settings.module, "order", key)]))

    async def _delivered(self, key: str) -> bool:
        for number in (await find(self._odoo, [xid(self._settings.module, "order", key)])).values():
            domain = [["order_id", "=", number], ["qty_delivered", ">", 0]]
            return bool(await self._odoo.rows("sale.order.line", domain, ["order_id"], limit=1))
        return False

    async def _invoiced(self, key: str) -> bool:
        for number in (await find(self._odoo, [xid(self._settings.module, "order", key)])).values():
            return bool(await posted_invoices(self._odoo, number, ["state"]))
        return False

    async def _pricelist(self, currency: str) -> bool:
        domain = [["currency_id.name", "=", currency]]
        return bool(await self._odoo.rows("product.pricelist", domain, ["name"], limit=1))

    async def _journal(self, code: str) -> bool:
        return bool(await self._odoo.rows("account.journal", [["code", "=", code]], ["code"], limit=1))

    async def _rate(self, rest: str) -> bool:
        currency, _, day = rest.partition(":")
        domain = [["currency_id.name", "=", currency], ["name", "<=", day]]
        return bool(await self._odoo.rows("res.currency.rate", domain, ["name"], limit=1))

    async def _carrier(self, rest: str) -> bool:
        if rest.count(":") < 2:
            return False
        source, account, level = rest.split(":", 2)
        name = self._mappings.lookup("carrier", source, account, level) or self._settings.carriers.get(level)
        return bool(name) and bool(await self._odoo.rows("delivery.carrier", [["name", "=", name]], ["name"], limit=1))
