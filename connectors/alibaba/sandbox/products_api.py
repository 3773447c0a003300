"""The APIs of products and categories (alibaba.md section 6)."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from connectors.alibaba.sandbox import offer_views
from connectors.alibaba.sandbox.categories import CATEGORIES, Category, children_of, path_of
from connectors.alibaba.sandbox.errors import BusinessError, invalid
from connectors.alibaba.sandbox.offer_store import FOLLOWED, PUSHED
from connectors.alibaba.sandbox.offers import PUBLISHED, Offer
from connectors.alibaba.sandbox.parts import Call, Handler, Part
from connectors.alibaba.sandbox.reading import an_object, from_text, long, longs, number, of_1688
from connectors.kit.sandbox.steering import Json

PAGE_MOST, REACHABLE, SYNC_MOST = 50, 2000, 20
_SORTS: dict[str, Callable[[Offer], int]] = {
    "price": lambda offer: offer.price(offer.specs[0] if offer.specs else None, offer.minimum),
    "monthSold": lambda offer: offer.sold,
}


class ProductsApi(Part):
    def handlers(self) -> dict[str, Handler]:
        return {
            "product.search.queryProductDetail": self.detail,
            "product.search.keywordQuery": self.search,
            "alibaba.cross.productInfo": self.related,
            "alibaba.cross.productList": self.related_list,
            "alibaba.cross.syncProductListPushed": self.relate,
            "alibaba.product.follow.crossborder": self.follow,
            "alibaba.product.get": self.own,
            "alibaba.category.get": self.category,
            "category.translation.getById": self.translated,
        }

    def detail(self, call: Call) -> Json:
        given = an_object(call, "offerDetailParam")
        language = _language(given, "offerDetailParam")
        offer = self.world.offers.get(long(given.get("offerId"), "offerDetailParam.offerId"))
        if offer is None:
            raise BusinessError("400", "商品不存在")
        return _found(offer_views.detail(offer, language))

    def search(self, call: Call) -> Json:
        given = an_object(call, "offerQueryParam")
        language = _language(given, "offerQueryParam")
        page = long(given.get("beginPage"), "offerQueryParam.beginPage")
        size = long(given.get("pageSize"), "offerQueryParam.pageSize")
        if not isinstance(given.get("keyword"), str) or page < 1 or not 1 <= size <= PAGE_MOST:
            raise invalid("offerQueryParam", f"keyword, beginPage from 1 and pageSize up to {PAGE_MOST} are expected")
        hits = [offer for offer in self.world.offers.all() if offer.status == PUBLISHED and _fits(offer, given)]
        hits = _sorted(hits, given)[:REACHABLE]
        rows = [offer_views.row(offer, language) for offer in hits[(page - 1) * size : page * size]]
        pages = {"totalRecords": len(hits), "totalPage": -(-len(hits) // size), "pageSize": size, "currentPage": page}
        return _found({**pages, "data": rows})

    def related(self, call: Call) -> Json:
        offer = self.world.offers.get(number(call, "productId"))
        if offer is None or not self.world.offers.related(call.account, PUSHED, offer.id):
            raise BusinessError("403", "无权限查询该商品")
        return {"success": True, "message": "", "productInfo": offer_views.related(offer)}

    def related_list(self, call: Call) -> Json:
        """Without SKUs."""
        found = [self.world.offers.get(one) for one in longs(call, "productIdList", SYNC_MOST)]
        shown = [
            {name: value for name, value in offer_views.related(offer).items() if name != "skuInfos"}
            for offer in found
            if offer is not None and self.world.offers.related(call.account, PUSHED, offer.id)
        ]
        return {"success": True, "result": shown}

    def relate(self, call: Call) -> Json:
        offers = [one for one in longs(call, "productIdList", SYNC_MOST) if self.world.offers.get(one) is not None]
        self.world.offers.relate(call.account, PUSHED, offers)
        return {"result": {"success": True, "errorCode": None, "errorMsg": None}}

    def follow(self, call: Call) -> Json:
        offer = number(call, "productId")
        if self.world.offers.get(offer) is None:
            raise BusinessError("400", "商品不存在")
        self.world.offers.relate(call.account, FOLLOWED, [offer])
        return {"code": "0", "message": "success"}

    def own(self, call: Call) -> Json:
        """A seller's API; a buyer that may call it has no product of its own."""
        number(call, "productID")
        raise BusinessError("403", "无权限查询该商品")

    def category(self, call: Call) -> Json:
        wanted = number(call, "categoryID")
        if "webSite" in call.parameters:
            of_1688(call)
        if wanted == 0:
            shown = [_category(one) for one in children_of(0)]
        elif wanted in CATEGORIES:
            shown = [_category(CATEGORIES[wanted])]
        else:
            raise BusinessError("CATEGORY_NOT_EXIST", "类目不存在")
        return {"succes": "true", "categoryInfo": shown}

    def translated(self, call: Call) -> Json:
        found = CATEGORIES.get(number(call, "categoryId"))
        if found is None:
            raise BusinessError("400", "类目不存在")
        trans = found.trans if call.text("language") == offer_views.TRANSLATED else None
        names = {"categoryId": found.id, "chineseName": found.name, "translatedName": trans}
        return _found({**names, "leaf": found.level == 3, "level": str(found.level), "parentCateId": found.parent})


def _found(result: Json) -> Json:
    return {"result": {"success": True, "code": "200", "message": "成功", "result": result}}


def _language(given: Json, name: str) -> str:
    """`country` means a language."""
    found = given.get("country")
    if not isinstance(found, str) or not found:
        raise invalid(f"{name}.country", "a language is expected")
    return found


def _fits(offer: Offer, given: Json) -> bool:
    keyword, price = given["keyword"].strip().lower(), _SORTS["price"](offer)
    if keyword not in offer.subject.lower() and keyword not in offer.subject_trans.lower():
        return False
    wanted = {str(given["categoryId"])} if given.get("categoryId") else set()
    wanted |= set(str(given.get("categoryIdList") or "").split(",")) - {""}
    if wanted and not wanted & {str(one) for one in path_of(offer.category)}:
        return False
    low, high = _fen(given, "priceStart", 0), _fen(given, "priceEnd", 10**12)
    return low <= price <= high


def _fen(given: Json, name: str, default: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    try:
        return int(Decimal(str(text)) * 100)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise invalid(f"offerQueryParam.{name}", "a price is expected") from error


def _sorted(hits: list[Offer], given: Json) -> list[Offer]:
    """`sort` is JSON text in the JSON parameter: {"price": "asc"}."""
    text = given.get("sort")
    if text is None:
        return hits
    wanted = from_text(text, "offerQueryParam.sort")
    for name, direction in wanted.items() if isinstance(wanted, dict) else [("", "")]:
        if name not in _SORTS or direction not in ("asc", "desc"):
            raise invalid("offerQueryParam.sort", f"one of {', '.join(_SORTS)}, asc or desc, is expected")
        hits = sorted(hits, key=_SORTS[name], reverse=direction == "desc")
    return hits


def _category(one: Category) -> Json:
    """childIDs is not filled on 1688."""
    children = [
        {"id": child.id, "name": child.name, "isLeaf": child.level == 3, "categoryType": "1"}
        for child in children_of(one.id)
    ]
    names = {"categoryID": one.id, "name": one.name, "level": one.level, "isLeaf": one.level == 3}
    return {
        **names,
        "parentIDs": [one.parent],
        "childIDs": None,
        "childCategorys": children or None,
        "categoryType": "1",
    }
