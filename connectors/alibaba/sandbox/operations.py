"""The APIs of the gateway: what each is called, whether it wants a user's token, which parameters it knows (alibaba.md sections 6 to 10)."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.alibaba.sandbox import errors
from connectors.alibaba.sandbox.errors import Style

VERSION = "1"


@dataclass(frozen=True)
class Operation:
    """style: how it spells a refusal; any_parameters: those it does not know are no mistake."""

    namespace: str
    name: str
    style: Style = errors.plain_style
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    token: bool = True
    any_parameters: bool = False

    @property
    def known(self) -> frozenset[str]:
        return frozenset((*self.required, *self.optional))


TRADE, LOGISTICS, PRODUCT = "com.alibaba.trade", "com.alibaba.logistics", "com.alibaba.product"
CROSSBORDER, PUSH_PRODUCT = "com.alibaba.fenxiao.crossborder", "com.alibaba.product.push"
MESSAGES, SYSTEM, OAUTH = "cn.alibaba.open", "system", "system.oauth2"

_CREATE_OPTIONS = (
    "message",
    "outOrderId",
    "tradeType",
    "shopPromotionId",
    "anonymousBuyer",
    "useRedEnvelope",
    "dropshipping",
    "isvBizType",
    "invoiceParam",
    "fenxiaoChannel",
    "useOfficialSolution",
    "useOfficialSolutionModelList",
)
_CART = ("flow", "addressParam", "cargoParamList")
_LIST = (
    "page",
    "pageSize",
    "modifyStartTime",
    "modifyEndTime",
    "createStartTime",
    "createEndTime",
    "orderStatus",
    "refundStatus",
    "isHis",
    "outOrderId",
    "orderIds",
    "sellerMemberId",
    "sellerLoginId",
    "needMemoInfo",
    "needBuyerAddressAndPhone",
)


def _table(operations: Iterable[Operation]) -> dict[tuple[str, str], Operation]:
    return {(one.namespace, one.name): one for one in operations}


OPERATIONS = _table(
    (
        Operation(SYSTEM, "currentTime", token=False, any_parameters=True),
        Operation(CROSSBORDER, "product.search.queryProductDetail", errors.crossborder_style, ("offerDetailParam",)),
        Operation(CROSSBORDER, "product.search.keywordQuery", errors.crossborder_style, ("offerQueryParam",)),
        Operation(CROSSBORDER, "category.translation.getById", errors.crossborder_style, ("categoryId", "language")),
        Operation(PRODUCT, "alibaba.cross.productInfo", required=("productId",)),
        Operation(PRODUCT, "alibaba.cross.productList", required=("productIdList",)),
        Operation(PUSH_PRODUCT, "alibaba.cross.syncProductListPushed", required=("productIdList",)),
        Operation(PRODUCT, "alibaba.product.follow.crossborder", required=("productId",)),
        Operation(PRODUCT, "alibaba.product.get", required=("productID",), optional=("webSite", "scene")),
        Operation(PRODUCT, "alibaba.category.get", errors.category_style, ("categoryID",), ("webSite",), token=False),
        Operation(TRADE, "alibaba.trade.receiveAddress.get", errors.create_style),
        Operation(TRADE, "alibaba.trade.addresscode.parse", errors.create_style, ("addressInfo",)),
        Operation(TRADE, "alibaba.createOrder.preview", errors.preview_style, _CART, _CREATE_OPTIONS),
        Operation(TRADE, "alibaba.trade.fastCreateOrder", errors.create_style, _CART, _CREATE_OPTIONS),
        Operation(TRADE, "alibaba.trade.createCrossOrder", errors.create_style, _CART, _CREATE_OPTIONS),
        Operation(TRADE, "alibaba.trade.cancel", required=("webSite", "tradeID", "cancelReason"), optional=("remark",)),
        Operation(TRADE, "alibaba.alipay.url.get", errors.pay_style, ("orderIdList",)),
        Operation(TRADE, "alibaba.trade.getBuyerOrderList", errors.list_style, optional=_LIST),
        Operation(
            TRADE,
            "alibaba.trade.get.buyerView",
            errors.view_style,
            ("webSite", "orderId"),
            ("includeFields", "attributeKeys"),
        ),
        Operation(
            LOGISTICS,
            "alibaba.trade.getLogisticsInfos.buyerView",
            required=("webSite", "orderId"),
            optional=("fields", "emptyVal"),
        ),
        Operation(
            LOGISTICS,
            "alibaba.trade.getLogisticsTraceInfo.buyerView",
            required=("webSite", "orderId"),
            optional=("logisticsId",),
        ),
        Operation(LOGISTICS, "alibaba.logistics.OpQueryLogisticCompanyList"),
        Operation(
            MESSAGES,
            "push.query.messageList",
            optional=("page", "pageSize", "createStartTime", "createEndTime", "type", "userInfo"),
            token=False,
        ),
        Operation(MESSAGES, "push.message.confirm", required=("msgIdList",), token=False),
        Operation(
            MESSAGES,
            "push.cursor.messageList",
            optional=("quantity", "createStartTime", "createEndTime", "type", "userInfo"),
            token=False,
        ),
    )
)
NAMES = frozenset(name for _, name in OPERATIONS)
