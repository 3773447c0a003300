"""The APIs of the 1688 open platform that are called, each `NAMESPACE:NAME`. What an app may call is decided in its console ("solution
packages"), so each can be replaced by its equivalent. (Facts: the platform's API pages; names agree in its official SDKs.)
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from connectors.kit.settings import Part

_API = re.compile(r"[A-Za-z0-9._-]{1,80}:[A-Za-z0-9._-]{1,120}")
# Signed calls that need no user's token.
WITHOUT_USER = frozenset({"current_time", "category", "stored_messages", "confirm_messages"})


def _checked(value: str) -> str:
    if not _API.fullmatch(value):
        raise ValueError("an API is written NAMESPACE:NAME, for example com.alibaba.trade:alibaba.trade.cancel")
    return value


Api = Annotated[str, AfterValidator(_checked)]
_TRADE, _LOGISTICS, _SEARCH = "com.alibaba.trade", "com.alibaba.logistics", "com.alibaba.fenxiao.crossborder"


class AlibabaApis(Part):
    """Our name of a call -> its API."""

    current_time: Api = "system:currentTime"
    product_detail: Api = Field(
        f"{_SEARCH}:product.search.queryProductDetail", description="or com.alibaba.product:alibaba.cross.productInfo"
    )
    product_search: Api = f"{_SEARCH}:product.search.keywordQuery"
    relate_products: Api = "com.alibaba.product.push:alibaba.cross.syncProductListPushed"
    category: Api = "com.alibaba.product:alibaba.category.get"
    order_list: Api = f"{_TRADE}:alibaba.trade.getBuyerOrderList"
    order_view: Api = f"{_TRADE}:alibaba.trade.get.buyerView"
    order_preview: Api = f"{_TRADE}:alibaba.createOrder.preview"
    order_create: Api = Field(
        f"{_TRADE}:alibaba.trade.fastCreateOrder", description="or com.alibaba.trade:alibaba.trade.createCrossOrder"
    )
    order_cancel: Api = f"{_TRADE}:alibaba.trade.cancel"
    pay_link: Api = f"{_TRADE}:alibaba.alipay.url.get"
    addresses: Api = f"{_TRADE}:alibaba.trade.receiveAddress.get"
    address_parse: Api = f"{_TRADE}:alibaba.trade.addresscode.parse"
    logistics: Api = f"{_LOGISTICS}:alibaba.trade.getLogisticsInfos.buyerView"
    trace: Api = f"{_LOGISTICS}:alibaba.trade.getLogisticsTraceInfo.buyerView"
    carriers: Api = f"{_LOGISTICS}:alibaba.logistics.OpQueryLogisticCompanyList"
    stored_messages: Api = "cn.alibaba.open:push.query.messageList"
    confirm_messages: Api = "cn.alibaba.open:push.message.confirm"

    def path(self, name: str, version: str, app_key: str) -> str:
        """`param2/VERSION/NAMESPACE/NAME/APPKEY`: what is signed and, behind `/openapi/`, called."""
        namespace, _, api = str(getattr(self, name)).partition(":")
        return f"param2/{version}/{namespace}/{api}/{app_key}"
