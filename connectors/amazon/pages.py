"""The pages Amazon has, by barcode. (Source: model catalogItems_2022-04-01.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.amazon.client import AmazonClient
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader

CATALOGUE = "/catalog/2022-04-01/items"
_MOST = 20  # identifiers in one call


async def asins_of(
    client: AmazonClient, gtins: Sequence[str], priority: Priority = Priority.PRODUCTS
) -> dict[str, str]:
    """GTIN-14 -> the ASIN of its page, in the account's first marketplace. One that has several pages has none here: a person has to say which.
    Raises ConnectorError."""
    found: dict[str, set[str]] = {}
    for start in range(0, len(gtins), _MOST):
        part = gtins[start : start + _MOST]
        query: Mapping[str, str | Sequence[str]] = {
            "identifiers": part, "identifiersType": "GTIN", "marketplaceIds": client.account.marketplaces[:1],
            "includedData": ("identifiers",), "pageSize": str(_MOST),
        }  # fmt: skip
        answer, content = await client.call("searchCatalogItems", "GET", CATALOGUE, query=query, priority=priority)
        if not isinstance(content, dict) or not isinstance(content.get("items"), list):
            raise answer.asked.left("gave no `items`")
        for item in Reader(content).objects("items"):
            for place in item.objects("identifiers"):
                for one in place.objects("identifiers"):
                    number = one.text("identifier").zfill(14)
                    if number in part:
                        found.setdefault(number, set()).add(item.needed_text("asin"))
    return {gtin: next(iter(asins)) for gtin, asins in found.items() if len(asins) == 1}
