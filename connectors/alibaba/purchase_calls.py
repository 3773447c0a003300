"""Preview and creation of one part, as calls (PO-1). A creation is never repeated here: what is not clear is for the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.errors import Refusal
from connectors.alibaba.purchase_address import delivery_address
from connectors.alibaba.purchase_answers import Created, Previewed, created, previewed
from connectors.alibaba.purchase_plan import PurchasePart
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.purchase_words import WORDS

_TRADE_TYPE = "not support tradeType"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What all parts of a purchase order have in common: the fields beside the cargo."""

    fields: Mapping[str, Any]
    message: str

    @classmethod
    def by(cls, purchases: AlibabaPurchases, order: Mapping[str, Any]) -> Delivered:
        """Raises DataError for an address that is not complete."""
        address = delivery_address(purchases, str(order.get("warehouse", "")))
        fields = {"flow": purchases.flow, "addressParam": address, "tradeType": purchases.trade_type or None}
        return cls(fields, purchases.message)


async def preview(client: AlibabaClient, part: PurchasePart, delivered: Delivered) -> Previewed | Refusal:
    """What the part would cost, or why it is refused. Raises ConnectorError."""
    cargo = [one.as_cargo() for one in part.wanted]
    body = await client.call(
        "order_preview", {**delivered.fields, "cargoParamList": cargo}, repeatable=True, judged=False
    )
    return previewed(body)


async def create(client: AlibabaClient, part: PurchasePart, delivered: Delivered) -> Created:
    """What a creation says. Raises UncertainError where it may have been carried out, any other ConnectorError where it has not."""
    cargo = [one.as_cargo() for one in part.wanted]
    parameters = {
        **delivered.fields, "cargoParamList": cargo, "outOrderId": part.reference, "message": delivered.message or None,
    }  # fmt: skip
    return created(await client.call("order_create", parameters, repeatable=False, judged=False))


def is_clear(said: Refusal) -> bool:
    """Whether a refusal is one of those that say that nothing was made. Any other code may stand beside an order."""
    return said.code in WORDS or said.code.startswith(_TRADE_TYPE)
