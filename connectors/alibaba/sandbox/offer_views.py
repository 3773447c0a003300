"""What the APIs show of an offer (alibaba.md section 6): the crossborder detail, a row of the search, the detail with a distribution relation."""

from connectors.alibaba.sandbox import moments
from connectors.alibaba.sandbox.categories import CATEGORIES, path_of
from connectors.alibaba.sandbox.money import yuan, yuan_text
from connectors.alibaba.sandbox.offer_oddities import IMAGE_HOST, made_odd
from connectors.alibaba.sandbox.offers import PER_SKU, SKUS_BY_QUANTITY, Offer, Spec
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.kit.sandbox.steering import Json

# Only these have translations.
TRANSLATED = "en"


def detail(offer: Offer, language: str) -> Json:
    """queryProductDetail: absolute images, prices as text of yuan."""
    top, second, third = path_of(offer.category)
    seller = SELLERS[offer.seller]
    lowest = offer.price(offer.specs[0] if offer.specs else None, offer.minimum)
    body: Json = {
        "offerId": offer.id,
        "categoryId": offer.category,
        "categoryName": CATEGORIES[offer.category].name,
        "topCategoryId": top,
        "secondCategoryId": second,
        "thirdCategoryId": third,
        "subject": offer.subject,
        "subjectTrans": offer.subject_trans if language == TRANSLATED else None,
        "description": f"<p>{offer.subject}</p>",
        "productImage": {"images": [offer.image] if offer.image else [], "whiteImage": None},
        "productAttribute": [
            _attribute("2176", "品牌", "无", "Brand", "None"),
            _attribute("364", "产地", "浙江", "Origin", "Zhejiang"),
        ],
        "productSkuInfos": [_sku(offer, spec, lowest) for spec in offer.specs] if offer.specs else None,
        "productSaleInfo": {
            "amountOnSale": offer.on_sale(),
            "quoteType": offer.quote_type,
            "priceRangeList": _ranges(offer),
            "unitInfo": {"unit": offer.unit, "transUnit": offer.unit_trans},
        },
        "productShippingInfo": _shipping(offer, seller.place),
        "minOrderQuantity": offer.minimum,
        "batchNumber": offer.batch,
        "status": offer.status,
        "sellerOpenId": seller.open_id,
        "companyName": seller.company,
        "createDate": moments.local(offer.created),
    }
    return made_odd(body, offer.traits)


def _attribute(number: str, name: str, value: str, name_trans: str, value_trans: str) -> Json:
    names = {"attributeId": number, "attributeName": name, "value": value}
    return {**names, "attributeNameTrans": name_trans, "valueTrans": value_trans}


def _sku(offer: Offer, spec: Spec, lowest: int) -> Json:
    """Of an offer priced by quantity the SKUs' price is not what is paid; there it is often missing."""
    price = yuan_text(spec.price) if offer.quote_type == PER_SKU else None
    attributes = [
        {
            "attributeId": number,
            "attributeName": name,
            "attributeNameTrans": name_trans,
            "value": value,
            "valueTrans": value_trans,
            "skuImageUrl": spec.image if place == 0 else None,
        }
        for place, (number, name, value, name_trans, value_trans) in enumerate(spec.attributes)
    ]
    return {
        "skuId": spec.sku_id,
        "specId": spec.spec_id,
        "price": price,
        "promotionPrice": None,
        "amountOnSale": spec.stock,
        "cargoNumber": spec.cargo,
        "skuAttributes": attributes,
        "fenxiaoPriceInfo": {"onePiecePrice": price or yuan_text(lowest), "offerPrice": None},
    }


def _ranges(offer: Offer) -> list[Json]:
    ranges = offer.ranges
    if offer.quote_type == PER_SKU:
        ranges = ((offer.minimum, min(spec.price for spec in offer.specs)),)
    return [{"startQuantity": start, "price": yuan_text(fen), "promotionPrice": None} for start, fen in ranges]


def _shipping(offer: Offer, place: str) -> Json:
    specs = [
        {"skuId": one.sku_id, "specId": one.spec_id, "weight": one.weight, "length": 30.0, "width": 20.0, "height": 4.0}
        for one in offer.specs
    ]
    sizes = {"weight": offer.weight, "length": 30.0, "width": 20.0, "height": 4.0}
    return {**sizes, "sendGoodsAddressText": place, "skuShippingInfoList": specs or None}


def row(offer: Offer, language: str) -> Json:
    """keywordQuery: one hit."""
    top, second, third = path_of(offer.category)
    price = offer.price(offer.specs[0] if offer.specs else None, offer.minimum)
    return {
        "offerId": offer.id,
        "subject": offer.subject,
        "subjectTrans": offer.subject_trans if language == TRANSLATED else None,
        "imageUrl": offer.image,
        "priceInfo": {"price": yuan_text(price), "consignPrice": yuan_text(price + 50), "promotionPrice": None},
        "minOrderQuantity": offer.minimum,
        "monthSold": offer.sold,
        "topCategoryId": top,
        "secondCategoryId": second,
        "thirdCategoryId": third,
        "createDate": moments.local(offer.created),
        "modifyDate": moments.local(offer.modified),
    }


def related(offer: Offer) -> Json:
    """cross.productInfo: capital IDs, relative images, prices as numbers of yuan."""
    seller = SELLERS[offer.seller]
    body: Json = {
        "productID": offer.id,
        "categoryID": offer.category,
        "categoryName": CATEGORIES[offer.category].name,
        "subject": offer.subject,
        "description": f"<p>{offer.subject}</p>",
        "status": offer.status,
        "productType": "wholesale",
        "attributes": [{"attributeID": 2176, "attributeName": "品牌", "value": "无", "isCustom": False}],
        "image": {"images": [offer.image.removeprefix(IMAGE_HOST)] if offer.image else []},
        "skuInfos": [_related_sku(offer, spec) for spec in offer.specs],
        "saleInfo": {
            "minOrderQuantity": offer.minimum,
            "unit": offer.unit,
            "quoteType": offer.quote_type,
            "priceRanges": [{"startQuantity": start, "price": yuan(fen)} for start, fen in offer.ranges],
            "amountOnSale": offer.on_sale(),
            "batchNumber": offer.batch,
        },
        "shippingInfo": {"unitWeight": offer.weight, "sendGoodsAddressText": seller.place},
        "supplierLoginId": seller.login_id,
        "lastUpdateTime": moments.stamp(offer.modified),
    }
    return made_odd(body, offer.traits)


def _related_sku(offer: Offer, spec: Spec) -> Json:
    return {
        "skuId": spec.sku_id,
        "specId": spec.spec_id,
        "price": None if offer.quote_type == SKUS_BY_QUANTITY else yuan(spec.price),
        "amountOnSale": spec.stock,
        "cargoNumber": spec.cargo,
        "skuCode": None,
        "attributes": [
            {
                "attributeID": number,
                "attributeDisplayName": name,
                "attributeValue": value,
                "skuImageUrl": spec.image.removeprefix(IMAGE_HOST),
            }
            for number, name, value, _, _ in spec.attributes
        ],
    }


def told(offer: Offer) -> Json:
    """The truth, for control calls and ledgers."""
    seller = SELLERS[offer.seller]
    return {
        **offer.as_json(),
        "seller_open_id": seller.open_id,
        "seller_member_id": seller.member_id,
        "company": seller.company,
    }
