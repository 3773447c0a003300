"""What the offers of a purchase ask of a buyer, read just before they are ordered: supplier, sale, variants, least quantity, lots (PO-1).

Variants are made anew by suppliers, with other ids, so what Odoo holds may be old. An offer that cannot be read keeps nobody: the platform's preview
says the rest. Only the detail call of the cross-border APIs shows the supplier by the id that vendors have in Odoo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.offer_mapping import to_supplier_product
from connectors.alibaba.purchase_plan import OfferFacts
from connectors.alibaba.reading import OfferReader
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit import exact_json
from connectors.kit.errors import DataError, RuleError
from connectors.kit.rate import Priority
from schemas.records import SupplierProduct

_PUBLISHED = "published"


async def facts_of(
    settings: AlibabaSettings,
    client: AlibabaClient,
    account: str,
    offer_ids: Iterable[str],
    reference: AlibabaReference,
) -> dict[str, OfferFacts]:
    """By offer, those that can be read. Raises what is no refusal of one offer."""
    reader = OfferReader(client, settings.apis.product_detail, settings.language, reference)
    found = {}
    for offer_id in dict.fromkeys(offer_ids):
        try:
            content = await reader.read(offer_id, Priority.ORDERS)
            facts = _facts(content, account)
        except (DataError, RuleError):
            continue
        found[offer_id] = facts
    return found


def _facts(content: Mapping[str, Any], account: str) -> OfferFacts:
    (canonical,) = to_supplier_product(exact_json.dumps(content), account)
    product = cast("SupplierProduct", canonical.body)
    return OfferFacts(
        supplier="" if "productInfo" in content else product["supplier"],
        is_on_sale=product["status"] in ("", _PUBLISHED),
        minimum=_units(product["minimum_quantity"]),
        batch=_units(product["batch_quantity"]),
        unit=product["unit"],
        specs=frozenset(one["spec_id"] for one in product["variants"]),
    )


def _units(text: str) -> int:
    return max(1, int(Decimal(text))) if text else 1
