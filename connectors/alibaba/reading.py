"""Orders and offers as they go to Kafka: fetched whole, every digit kept. Used by every flow that learns of one."""

from __future__ import annotations

from typing import Any

from connectors.alibaba import mapping, offer_mapping
from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.errors import NO_ORDER, NO_RIGHT_TO_ORDER, NO_TRACE, NOT_SHIPPED, TOO_OLD_TO_TRACE
from connectors.alibaba.reference import AlibabaReference
from connectors.kit import exact_json
from connectors.kit.errors import DataError, RuleError
from connectors.kit.ports import Fetched, Problem
from connectors.kit.rate import Priority

_WEB_SITE = "1688"
_FIELDS = "NativeLogistics"
_LOGISTICS_FIELDS = "company.name,sendgood"
_RELATED = "alibaba.cross.productInfo"


class OrderReader:
    """Orders of an account, each with its parcels and their traces. reference: for what parcels leave out."""

    def __init__(self, client: AlibabaClient, reference: AlibabaReference) -> None:
        self._client = client
        self._reference = reference

    async def read(self, order_id: str, priority: Priority = Priority.ORDERS) -> dict[str, Any] | None:
        """`{"order", "logistics", "trace"}`, and `carriers` (code -> name) of parcels that name their carrier by its code alone; None when the
        platform shows this buyer no such order."""
        asked = {"webSite": _WEB_SITE, "orderId": order_id}
        try:
            body = await self._client.call("order_view", {**asked, "includeFields": _FIELDS}, priority=priority)
        except (DataError, RuleError) as error:
            if error.code == NO_ORDER or error.code in NO_RIGHT_TO_ORDER:
                return None
            raise
        order = body.get("result")
        if not isinstance(order, dict):
            raise DataError("order_view: the answer has no `result`")
        if not _has_parcels(order):
            return {"order": order, "logistics": None, "trace": None}
        logistics = await self._or_none("logistics", {**asked, "fields": _LOGISTICS_FIELDS}, "result", priority)
        trace = await self._or_none("trace", asked, "logisticsTrace", priority)
        content = {"order": order, "logistics": logistics, "trace": trace}
        names = await self._reference.carrier_names(_bare_carriers(order, logistics))
        return {**content, "carriers": names} if names else content

    async def _or_none(self, name: str, asked: dict[str, str], where: str, priority: Priority) -> Any:
        """What a parcel's call gives; None where that there is nothing is a normal state."""
        try:
            body = await self._client.call(name, asked, priority=priority)
        except (DataError, RuleError) as error:
            if error.code in (NOT_SHIPPED, NO_TRACE, TOO_OLD_TO_TRACE):
                return None
            raise
        return body.get(where)


class OfferReader:
    """Offers of an account, by the API that is configured. reference: for the category's name where the offer leaves it out."""

    def __init__(self, client: AlibabaClient, api: str, language: str, reference: AlibabaReference) -> None:
        self._client = client
        self._reference = reference
        self._is_related = api.endswith(_RELATED)
        self._language = language

    async def read(self, offer_id: str, priority: Priority = Priority.PRODUCTS) -> dict[str, Any]:
        """The answer as it came, and `category` with its `name` where that was left out. Raises RuleError or DataError when there is no such offer,
        or it is not shown to this buyer."""
        content = await self._read(offer_id, priority)
        name = await self._reference.category_name(_bare_category(content))
        return {**content, "category": {"name": name}} if name else content

    async def _read(self, offer_id: str, priority: Priority) -> dict[str, Any]:
        if not self._is_related:
            asked = {"offerId": int(offer_id), "country": self._language}
            return await self._detail({"offerDetailParam": asked}, priority)
        try:
            return await self._detail({"productId": offer_id}, priority)
        except RuleError:
            # Only offers with a distribution relation are shown by that API: it is made once, for each.
            await self._client.call("relate_products", {"productIdList": [int(offer_id)]}, priority=priority)
        return await self._detail({"productId": offer_id}, priority)

    async def _detail(self, asked: dict[str, Any], priority: Priority) -> dict[str, Any]:
        body: dict[str, Any] = await self._client.call("product_detail", asked, priority=priority)
        return body


def fetched_order(account: str, order_id: str, content: dict[str, Any]) -> Fetched:
    key = mapping.order_key(account, order_id)
    return Fetched(key, mapping.ENTITY, exact_json.dumps(content), mapping.version_of(content))


def fetched_offer(account: str, offer_id: str, content: dict[str, Any]) -> Fetched:
    return Fetched(offer_mapping.offer_key(account, offer_id), offer_mapping.ENTITY, exact_json.dumps(content))


def no_order(account: str, order_id: str) -> Problem:
    detail = "the platform shows this buyer no order of this number"
    return Problem(mapping.order_key(account, order_id), detail, b"", mapping.ENTITY)


def no_offer(account: str, offer_id: str, why: str) -> Problem:
    return Problem(offer_mapping.offer_key(account, offer_id), why, b"", offer_mapping.ENTITY)


def _bare_carriers(order: dict[str, Any], logistics: Any) -> list[str]:
    """Codes of carriers that no parcel names."""
    lists = (order["nativeLogistics"]["logisticsItems"], logistics)
    parcels = [one for some in lists if isinstance(some, list) for one in some]
    known = [one for one in parcels if isinstance(one, dict) and isinstance(one.get("logisticsCompanyNo"), str)]
    return [one["logisticsCompanyNo"] for one in known if not one.get("logisticsCompanyName")]


def _bare_category(content: dict[str, Any]) -> str:
    """The number of a category without a name; empty where there is a name, or no number."""
    result = content.get("result")
    inner = result.get("result") if isinstance(result, dict) else None
    offer = content.get("productInfo") or inner
    if not isinstance(offer, dict) or offer.get("categoryName"):
        return ""
    found = offer.get("categoryId") or offer.get("categoryID")
    return str(found) if isinstance(found, int | str) else ""


def _has_parcels(order: dict[str, Any]) -> bool:
    native = order.get("nativeLogistics")
    return isinstance(native, dict) and bool(native.get("logisticsItems"))
