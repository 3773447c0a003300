"""PRD-2, PO-3: an offer of 1688, by either API, -> the canonical supplier's product (alibaba.md section 6)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.alibaba.offer_mapping import to_supplier_product
from connectors.kit.errors import DataError

# The sample of the fact sheet.
DETAIL = json.loads(
    '{"result":{"success":true,"code":"200","message":"成功","result":{"offerId":554456348334,"categoryId":1031910,"categoryName":"连衣裙",'
    '"subject":"棉麻连衣裙","subjectTrans":"Linen dress","description":"<p>…</p>","productImage":{"images":['
    '"https://cbu01.alicdn.com/img/ibank/O1CN01abc.jpg"],"whiteImage":null},"productAttribute":[{"attributeId":"2176","attributeName":"品牌",'
    '"value":"无","attributeNameTrans":"Brand","valueTrans":"None"}],"productSkuInfos":[{"skuId":3332085412530,'
    '"specId":"b266e0726506185beaf205cbae88530d","price":"18.50","promotionPrice":null,"amountOnSale":930,"cargoNumber":"LD-01-W",'
    '"skuAttributes":[{"attributeId":3216,"attributeName":"颜色","attributeNameTrans":"Color","value":"白色","valueTrans":"White",'
    '"skuImageUrl":"https://cbu01.alicdn.com/img/ibank/O1CN01w.jpg"}]}],"productSaleInfo":{"amountOnSale":930,"quoteType":1,'
    '"priceRangeList":[{"startQuantity":2,"price":"18.50","promotionPrice":null}],"unitInfo":{"unit":"件","transUnit":"Piece"}},'
    '"productShippingInfo":{"weight":0.3,"length":30.0,"width":20.0,"height":4.0,"sendGoodsAddressText":"浙江省杭州市"},"minOrderQuantity":2,'
    '"batchNumber":null,"status":"published","sellerOpenId":"BBBxyz","companyName":"杭州某某商贸有限公司","createDate":"2024-05-24 00:00:00"}}}'
)
RELATED = {
    "success": True,
    "productInfo": {
        "productID": 554456348334, "categoryID": 1031910, "categoryName": "连衣裙", "subject": "棉麻连衣裙", "status": "published",
        "attributes": [{"attributeID": 2176, "attributeName": "品牌", "value": "无"}],
        "image": {"images": ["img/ibank/O1CN01abc.jpg"]},
        "skuInfos": [
            {
                "skuId": 3332085412530, "specId": "b266e0726506185beaf205cbae88530d", "price": 18.5, "amountOnSale": 930,
                "attributes": [{"attributeID": 3216, "attributeDisplayName": "颜色", "attributeValue": "白色", "skuImageUrl": "img/w.jpg"}],
            }
        ],
        "saleInfo": {"minOrderQuantity": 2, "unit": "件", "quoteType": 1, "priceRanges": [{"startQuantity": 2, "price": 18.5}]},
        "shippingInfo": {"unitWeight": 0.3}, "supplierLoginId": "supplier_login", "lastUpdateTime": "20260820080000000+0800",
    },
}  # fmt: skip
Change = Callable[[dict[str, Any]], object]


def body(change: Change = lambda _: None) -> dict[str, Any]:
    whole = copy.deepcopy(DETAIL)
    change(whole["result"]["result"])
    (found,) = to_supplier_product(json.dumps(whole).encode(), "main")
    assert found.key == found.body["key"]
    return dict(found.body)


def sku(**fields: Any) -> Change:
    return lambda offer: offer["productSkuInfos"][0].update(fields)


def sale(**fields: Any) -> Change:
    return lambda offer: offer["productSaleInfo"].update(fields)


def test_the_sample_says_what_it_means() -> None:
    """PO-3: offer, SKU and spec kept apart; yuan; an item number is no barcode."""
    found = body()
    assert (found["key"], found["offer_id"]) == ("alibaba:main:offer:554456348334", "554456348334")
    assert (found["supplier"], found["supplier_name"], found["status"]) == (
        "BBBxyz",
        "杭州某某商贸有限公司",
        "published",
    )
    assert (found["name"], found["name_translated"]) == ("棉麻连衣裙", "Linen dress")
    assert (found["unit"], found["unit_translated"], found["minimum_quantity"]) == ("件", "Piece", "2")
    assert (found["batch_quantity"], found["weight"], found["length"]) == ("", "0.3", "30")
    assert found["prices"] == [{"from_quantity": "2", "price": {"amount": "18.50", "currency": "CNY"}}]
    (variant,) = found["variants"]
    assert (variant["sku_id"], variant["spec_id"]) == ("3332085412530", "b266e0726506185beaf205cbae88530d")
    assert (variant["prices"], variant["stock"], variant["item_number"]) == (found["prices"], "930", "LD-01-W")
    assert variant["attributes"] == [
        {"name": "颜色", "value": "白色", "name_translated": "Color", "value_translated": "White"}
    ]
    assert found["images"] == ["https://cbu01.alicdn.com/img/ibank/O1CN01abc.jpg"]
    assert (found["version"], found["updated_at"]) == (0, None)


def test_the_other_api_gives_the_same_offer_in_other_spelling() -> None:
    """PRD-2: capital IDs, relative pictures, prices as numbers."""
    (found,) = to_supplier_product(json.dumps(RELATED).encode(), "main")
    other, one = dict(found.body), body()
    same = (
        "key",
        "offer_id",
        "name",
        "category_id",
        "images",
        "unit",
        "minimum_quantity",
        "prices",
        "weight",
        "status",
    )
    assert {name: other[name] for name in same} == {name: one[name] for name in same}
    assert other["variants"][0]["spec_id"] == one["variants"][0]["spec_id"]
    assert other["variants"][0]["attributes"][0]["value"] == "白色"
    assert other["variants"][0]["image"] == "https://cbu01.alicdn.com/img/w.jpg"
    assert other["supplier"] == "supplier_login"
    assert other["updated_at"] == datetime(2026, 8, 20, tzinfo=UTC)
    assert found.version == 1787184000000


def test_prices_by_quantity_are_the_offers() -> None:
    """PO-3: quoteType 2; the SKUs' price is not what is paid there."""
    rows = [{"startQuantity": 100, "price": "15"}, {"startQuantity": 2, "price": "18.5"}]

    def change(offer: dict[str, Any]) -> None:
        sale(quoteType=2, priceRangeList=rows)(offer)
        sku(price=None)(offer)

    found = body(change)
    assert [(one["from_quantity"], one["price"]["amount"]) for one in found["prices"]] == [
        ("2", "18.50"),
        ("100", "15.00"),
    ]
    assert found["variants"][0]["prices"] == []


def test_a_skus_price_does_not_count_where_prices_go_by_quantity() -> None:
    """PO-3: it is often there, and often another one."""
    assert body(sale(quoteType=2))["variants"][0]["prices"] == []


def test_an_offer_without_skus_is_its_only_variant() -> None:
    def change(offer: dict[str, Any]) -> None:
        offer["productSkuInfos"] = None
        sale(quoteType=0)(offer)

    (variant,) = body(change)["variants"]
    assert (variant["sku_id"], variant["spec_id"], variant["stock"]) == ("", "", "930")


def test_sku_weights_are_grams_and_the_offers_kilograms() -> None:
    rows = [{"skuId": 3332085412530, "specId": "b", "weight": 350}]
    found = body(lambda offer: offer["productShippingInfo"].update(skuShippingInfoList=rows))
    assert found["variants"][0]["weight"] == "0.35"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("img/ibank/a.jpg", "https://cbu01.alicdn.com/img/ibank/a.jpg"),
        ("http://cbu01.alicdn.com/a.jpg", "https://cbu01.alicdn.com/a.jpg"),
        ("//cbu01.alicdn.com/a.jpg", "https://cbu01.alicdn.com/a.jpg"),
    ],
)
def test_pictures_have_absolute_addresses(address: str, expected: str) -> None:
    assert body(lambda offer: offer["productImage"].update(images=[address, address]))["images"] == [expected]


def test_addresses_that_are_none_are_left_out() -> None:
    """SEC-5."""
    assert body(lambda offer: offer["productImage"].update(images=["javascript:alert(1)", ""]))["images"] == []


def test_lists_may_be_null_and_parts_missing() -> None:
    def change(offer: dict[str, Any]) -> None:
        offer.update(productAttribute=None, productImage={"images": None}, description=None)
        del offer["productShippingInfo"]

    found = body(change)
    assert (found["attributes"], found["images"], found["weight"], found["description"]) == ([], [], "", "")


def test_names_are_composed_and_plain() -> None:
    """Ideographic and unbreakable spaces, what has no width, marks of their own."""
    assert body(lambda offer: offer.update(subject="\u3000棉麻\u00a0裙\u200b Cafe\u0301"))["name"] == "棉麻 裙 Café"


@pytest.mark.parametrize("missing", ["specId", "skuId"])
def test_a_sku_that_cannot_be_ordered_does_not_keep_the_others_out(missing: str) -> None:
    """PRD-2: whoever takes the offer up leaves it out and says so."""
    (found,) = body(sku(**{missing: None}))["variants"]
    assert [found[name] == "" for name in ("sku_id", "spec_id")] == [missing == "skuId", missing == "specId"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda offer: offer.update(subject=None), "result.result.subject"),
        (lambda offer: offer.update(sellerOpenId=""), "result.result.sellerOpenId"),
        (lambda offer: offer.update(offerId=None), "result.result.offerId"),
        (sku(price="面议"), "result.result.productSkuInfos[0].price"),
        (lambda offer: offer.update(productSaleInfo=None, productSkuInfos=None), "result.result.productSaleInfo.priceRangeList"),
        (lambda offer: offer.update(minOrderQuantity="两件"), "result.result.minOrderQuantity"),
    ],
)  # fmt: skip
def test_what_is_missing_keeps_this_offer_out_and_says_why(change: Change, path: str) -> None:
    """PO-3: a required field is missing; SEC-5: what was found is not quoted."""
    with pytest.raises(DataError) as caught:
        body(change)
    assert str(caught.value).startswith(f"{path}: expected")
    assert "面议" not in str(caught.value)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b'{"result":null}', b'{"productInfo":3}', "\u68c9".encode("gbk"), b'{"result":{"result":[]}}'],
)
def test_what_is_no_offer_is_an_error_of_ours(payload: bytes) -> None:
    """SEC-5."""
    with pytest.raises(DataError):
        to_supplier_product(payload, "main")
