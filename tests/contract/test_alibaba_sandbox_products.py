"""PRD-2, PO-1, DATA-2, TEST-1: offers of the 1688 sandbox, as a client meets them: three details of one offer, search, categories, oddities."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.alibaba.sandbox.offer_oddities import TRAITS
from connectors.alibaba.sandbox.settings import STATIC_BUYER
from tests.contract.alibaba_box import Box, Json, alibaba_box, error_of

DETAIL, SEARCH = "product.search.queryProductDetail", "product.search.keywordQuery"
RELATED, RELATE = "alibaba.cross.productInfo", "alibaba.cross.syncProductListPushed"
FIRST = 999000000000


@pytest.fixture
def box() -> Iterator[Box]:
    with alibaba_box() as box:
        yield box


def detail(box: Box, offer_id: int, language: str = "en") -> Json:
    got = box.ask(DETAIL, offerDetailParam={"offerId": offer_id, "country": language})["result"]
    assert (got["success"], got["code"]) == (True, "200")
    found: Json = got["result"]
    return found


def search(box: Box, **given: Any) -> Json:
    query = {"keyword": "", "beginPage": 1, "pageSize": 50, "country": "en", **given}
    found: Json = box.ask(SEARCH, offerQueryParam=query)["result"]["result"]
    return found


def made(box: Box, **body: Any) -> Json:
    found: Json = box.control("/sandbox/offers", **body)["offers"][0]
    return found


def change(box: Box, offer_id: int, kind: str, **fields: Any) -> Json:
    return box.control(f"/sandbox/offers/{offer_id}/change", kind=kind, **fields)


def test_an_offer_has_an_offer_id_sku_ids_and_spec_ids(box: Box) -> None:
    """The first offers are what the sandboxes' catalogue sells, by cargo number."""
    got = detail(box, FIRST)
    assert got["status"] == "published"
    assert got["productSaleInfo"]["quoteType"] == 1
    skus = got["productSkuInfos"]
    assert [sku["cargoNumber"] for sku in skus] == ["CWT-0001", "CWT-0015", "CWT-0029", "CWT-0043"]
    assert len({sku["skuId"] for sku in skus} | {sku["specId"] for sku in skus}) == 8
    assert all(len(sku["specId"]) == 32 and sku["skuId"] > 2**31 for sku in skus)
    assert skus[0]["price"] == "49.98"
    assert got["productImage"]["images"][0].startswith("https://cbu01.alicdn.com/img/ibank/")
    assert got["sellerOpenId"].startswith("BBB")
    assert (got["subjectTrans"], detail(box, FIRST, "ja")["subjectTrans"]) == ("Eye care desk lamp", None)


def test_each_quote_type_says_its_price_elsewhere(box: Box) -> None:
    by_quantity = made(box, mix={"base": "plain", "by_quantity": 1.0}, seed=2)
    got = detail(box, by_quantity["id"])
    assert got["productSaleInfo"]["quoteType"] == 2
    assert {sku["price"] for sku in got["productSkuInfos"]} == {None}
    starts = [row["startQuantity"] for row in got["productSaleInfo"]["priceRangeList"]]
    assert starts == [1, 20, 200]
    single = made(box, mix={"base": "plain", "single_spec": 1.0}, seed=3)
    got = detail(box, single["id"])
    assert (got["productSaleInfo"]["quoteType"], got["productSkuInfos"]) == (0, None)
    assert got["productSaleInfo"]["amountOnSale"] == single["stock"] > 0


def test_offers_are_the_same_at_every_start() -> None:
    with alibaba_box() as one, alibaba_box() as other:
        assert detail(one, FIRST + 20) == detail(other, FIRST + 20)


def test_an_offer_that_is_not_there_fails_in_its_own_spelling(box: Box) -> None:
    got = box.ask(DETAIL, offerDetailParam={"offerId": 12, "country": "en"})["result"]
    assert (got["success"], "result" in got) == (False, False)
    for wrong in ("12", "[1]", "{", '{"offerId":1}', '{"offerId":"x","country":"en"}'):
        assert error_of(box.call(DETAIL, offerDetailParam=wrong)) == (400, "gw.ParamInvalid")


def test_search_pages_sorts_and_shows_what_can_be_bought(box: Box) -> None:
    box.control("/sandbox/offers", count=120, seed=5, mix="heavy")
    gone = change(box, FIRST, "status", status="expired")["id"]
    seen: list[Json] = []
    for page in (1, 2, 3, 4):
        got = search(box, beginPage=page)
        seen += got["data"]
    assert (got["totalRecords"], got["totalPage"], got["currentPage"]) == (len(seen), -(-len(seen) // 50), 4)
    assert gone not in {row["offerId"] for row in seen}
    prices = [float(row["priceInfo"]["price"]) for row in search(box, sort='{"price":"desc"}')["data"]]
    assert prices == sorted(prices, reverse=True)
    cheap = search(box, priceStart="10", priceEnd="20.5")["data"]
    assert cheap
    assert all(10 <= float(row["priceInfo"]["price"]) <= 20.5 for row in cheap)
    assert {row["thirdCategoryId"] for row in search(box, categoryId=1032003)["data"]} == {1032003}
    assert [row["offerId"] for row in search(box, keyword="DESK LAMP", pageSize=1)["data"]] == [FIRST + 14]
    assert error_of(box.call(SEARCH, offerQueryParam={"keyword": "", "beginPage": 1, "pageSize": 51, "country": "en"}))


def test_a_change_moves_the_row_s_date(box: Box) -> None:
    before = search(box, keyword="yoga", pageSize=1)["data"][0]
    box.clock.tick(90)
    change(box, before["offerId"], "rename", subject="新名字 yoga")
    after = search(box, keyword="yoga", pageSize=1)["data"][0]
    assert after["modifyDate"] == "2026-11-20 20:01:30" != before["modifyDate"]
    assert after["subject"] == "新名字 yoga"


def test_the_other_detail_wants_a_relation_and_spells_otherwise(box: Box) -> None:
    refused = box.ask(RELATED, productId=str(FIRST))
    assert (refused["success"], refused["errorMessage"]) == (False, "无权限查询该商品")
    box.ask(RELATE, productIdList=[FIRST])
    got = box.ask(RELATED, productId=str(FIRST))["productInfo"]
    assert (got["productID"], got["categoryID"]) == (FIRST, 1031910)
    assert got["image"]["images"][0].startswith("img/ibank/")
    assert got["skuInfos"][0]["price"] == 49.98
    assert got["lastUpdateTime"].endswith("000+0800")
    listed = box.ask("alibaba.cross.productList", productIdList=[FIRST, FIRST + 1])["result"]
    assert [(one["productID"], "skuInfos" in one) for one in listed] == [(FIRST, False)]
    assert box.ask(RELATED, STATIC_BUYER, productId=str(FIRST))["success"] is False
    assert error_of(box.call(RELATE, productIdList=list(range(1, 22)))) == (400, "gw.ParamInvalid")
    assert error_of(box.call("alibaba.product.get", productID="1")) == (400, "gw.APIACLDecline")


def test_categories_need_no_token_and_have_three_levels(box: Box) -> None:
    roots = box.ask("alibaba.category.get", categoryID="0")
    assert roots["succes"] == "true"
    top = roots["categoryInfo"][0]
    middle = box.ask("alibaba.category.get", categoryID=str(top["childCategorys"][0]["id"]))["categoryInfo"][0]
    leaf = box.ask("alibaba.category.get", categoryID=str(middle["childCategorys"][0]["id"]))["categoryInfo"][0]
    assert [one["isLeaf"] for one in (top, middle, leaf)] == [False, False, True]
    assert (leaf["childIDs"], leaf["parentIDs"]) == (None, [middle["categoryID"]])
    unknown = box.ask("alibaba.category.get", categoryID="5")
    assert unknown["succes"] == "false"
    assert unknown["errorMsg"]
    named = box.ask("category.translation.getById", categoryId=str(leaf["categoryID"]), language="en")
    assert named["result"]["result"]["translatedName"] == "Dresses"


@pytest.mark.parametrize("trait", TRAITS)
def test_each_oddity_shows_in_a_detail(box: Box, trait: str) -> None:
    """Bad input: each is an answer like the plain one but for that oddity."""
    before = detail(box, FIRST)
    change(box, FIRST, "traits", traits=[trait])
    after = detail(box, FIRST)
    assert after != before
    assert {str(after["offerId"]), str(before["offerId"])} == {str(FIRST)}
    match trait:
        case "missing_subject":
            assert after["subject"] is None
        case "missing_spec":
            assert "specId" not in after["productSkuInfos"][0]
        case "text_ids":
            assert after["productSkuInfos"][0]["skuId"] == str(before["productSkuInfos"][0]["skuId"])
        case "number_prices":
            assert after["productSkuInfos"][0]["price"] == 49.98
        case "plain_http_images":
            assert after["productImage"]["images"][0].startswith("http:")
        case "mojibake":
            assert after["subject"].encode("gbk", "replace").decode(errors="replace")[:3] == before["subject"][:3]


def test_sellers_change_their_offers(box: Box) -> None:
    before = detail(box, FIRST)["productSkuInfos"]
    spec = before[0]["specId"]
    change(box, FIRST, "price", fen=1234, spec=spec)
    change(box, FIRST, "stock", quantity=7, spec=spec)
    sku = detail(box, FIRST)["productSkuInfos"][0]
    assert (sku["price"], sku["amountOnSale"]) == ("12.34", 7)
    change(box, FIRST, "respec", spec=spec)
    fresh = detail(box, FIRST)["productSkuInfos"][0]
    assert fresh["specId"] != spec
    assert fresh["skuId"] != before[0]["skuId"]
    change(box, FIRST, "add_spec", value="透明")
    change(box, FIRST, "drop_spec", spec=fresh["specId"])
    assert [sku["specId"] for sku in detail(box, FIRST)["productSkuInfos"][:3]] == [one["specId"] for one in before[1:]]
    change(box, FIRST, "minimum", minimum=10, batch=5)
    assert (detail(box, FIRST)["minOrderQuantity"], detail(box, FIRST)["batchNumber"]) == (10, 5)


def test_control_of_offers_says_what_is_wrong(box: Box) -> None:
    for path, body, status in (
        (f"/sandbox/offers/{FIRST}/change", {"kind": "burn"}, 400),
        (f"/sandbox/offers/{FIRST}/change", {"kind": "price", "fen": -1}, 400),
        (f"/sandbox/offers/{FIRST}/change", {"kind": "price", "fen": 1, "spec": "x"}, 400),
        (f"/sandbox/offers/{FIRST}/change", {"kind": "status", "status": "gone"}, 400),
        ("/sandbox/offers/12/change", {"kind": "touch"}, 404),
        ("/sandbox/offers", {"seller": "nobody"}, 400),
        ("/sandbox/offers", {"mix": {"missing_subject": 2}}, 400),
    ):
        answer = box.http.post(path, json=body)
        assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
