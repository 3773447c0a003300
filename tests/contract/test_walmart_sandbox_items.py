"""TEST-1, PRD-1, PRD-3, PRD-4: items of the Walmart sandbox: listing, set-up by feed, publication, taxonomy, retirement."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from connectors.kit.sandbox.catalog import CATALOG
from tests.contract.walmart_box import Box, code_of, walmart_box
from tests.contract.walmart_seller import V5_HEADER, VERSION, add, done, fates, gtin, items, mp_item, send

Json = dict[str, Any]


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(rate_factor=100) as box:
        yield box


def item(box: Box, sku: str) -> Json:
    body = box.call("GET", f"/v3/items/{sku}?productIdType=SKU").raise_for_status().json()
    assert body["totalItems"] == 1
    found: Json = body["ItemResponse"][0]
    return found


def test_the_item_cursor_stays_and_the_offset_moves(box: Box) -> None:
    """PRD-2: the whole catalogue, each item once."""
    skus = add(box, count=130)
    first = box.call("GET", "/v3/items?nextCursor=*&limit=50").json()
    cursor, seen = first["nextCursor"], [one["sku"] for one in first["ItemResponse"]]
    for offset in (50, 100):
        page = box.call("GET", f"/v3/items?nextCursor={cursor}&limit=50&offset={offset}").json()
        assert (page["nextCursor"], page["totalItems"]) == (cursor, 130)
        seen += [one["sku"] for one in page["ItemResponse"]]
    assert seen == skus
    beyond = f"/v3/items?nextCursor={cursor}&limit=50&offset=130"
    assert code_of(box.call("GET", beyond)) == (404, "CONTENT_NOT_FOUND")
    assert "nextCursor" not in box.call("GET", "/v3/items").json()
    assert len(box.call("GET", "/v3/items").json()["ItemResponse"]) == 20


def test_an_item_cursor_lives_two_minutes(box: Box) -> None:
    add(box, count=3)
    cursor = box.call("GET", "/v3/items?nextCursor=*").json()["nextCursor"]
    box.clock.now += 119
    assert box.call("GET", f"/v3/items?nextCursor={cursor}").status_code == 200
    box.clock.now += 121
    assert code_of(box.call("GET", f"/v3/items?nextCursor={cursor}")) == (400, "INVALID_REQUEST_PARAM")
    assert code_of(box.call("GET", "/v3/items?offset=10001")) == (400, "INVALID_REQUEST_PARAM")


def test_items_are_filtered_and_none_is_a_404(box: Box) -> None:
    add(box, items=[{"sku": "A"}, {"sku": "B", "published": "UNPUBLISHED"}])
    assert [one["sku"] for one in box.call("GET", "/v3/items?publishedStatus=UNPUBLISHED").json()["ItemResponse"]] == [
        "B"
    ]
    assert [one["sku"] for one in box.call("GET", "/v3/items?sku=A").json()["ItemResponse"]] == ["A"]
    assert code_of(box.call("GET", "/v3/items?lifecycleStatus=RETIRED")) == (404, "CONTENT_NOT_FOUND")
    assert code_of(box.call("GET", "/v3/items?sku=NOPE")) == (404, "CONTENT_NOT_FOUND")


def test_one_item_by_any_of_its_ids_comes_as_a_list(box: Box) -> None:
    add(box, catalog=True)
    product = CATALOG[0]
    shown = item(box, product.sku)
    assert json.loads(shown["shelf"])[-1] == "Desk Lamps"
    assert shown["price"] == {"currency": "USD", "amount": product.price_cents / 100}
    for kind, text in (("GTIN", shown["gtin"]), ("EAN", product.barcode), ("ITEM_ID", shown["wpid"])):
        found = box.call("GET", f"/v3/items/{text}?productIdType={kind}").json()["ItemResponse"]
        assert [one["sku"] for one in found] == [product.sku]
    assert code_of(box.call("GET", "/v3/items/NOPE?productIdType=SKU")) == (404, "CONTENT_NOT_FOUND")
    assert code_of(box.call("GET", "/v3/items/A?productIdType=ASIN")) == (400, "INVALID_REQUEST_PARAM")


def test_a_new_item_is_in_progress_first_and_published_later() -> None:
    """PRD-4: a feed that succeeded is no publication."""
    with walmart_box(feed_seconds=(1.0, 1.0), publish_seconds=(3.0, 3.0)) as box:
        _new_item_is_published_later(box)


def _new_item_is_published_later(box: Box) -> None:
    feed_id = send(box, "MP_ITEM", items(mp_item("NEW", 1)))
    assert code_of(box.call("GET", "/v3/items/NEW?productIdType=SKU")) == (404, "CONTENT_NOT_FOUND")
    box.clock.now += 2
    assert item(box, "NEW")["publishedStatus"] == "IN_PROGRESS"
    assert fates(done(box, feed_id)) == [("NEW", "SUCCESS", "")]
    shown = item(box, "NEW")
    assert (shown["publishedStatus"], shown["lifecycleStatus"]) == ("PUBLISHED", "ACTIVE")
    assert (shown["gtin"], shown["productType"], shown["price"]["amount"]) == (gtin(1), "Wall Clocks", 19.99)


def test_an_item_can_end_unpublished_with_reasons(box: Box) -> None:
    """PRD-4: the reasons come with the item."""
    box.faults({"kind": "feed_item_unpublished", "limit": 1})
    done(box, send(box, "MP_ITEM", items(mp_item("A", 1), mp_item("B", 2))))
    box.clock.now += 3
    shown = item(box, "A")
    assert shown["publishedStatus"] == "UNPUBLISHED"
    assert shown["unpublishedReasons"]["reason"]
    assert item(box, "B")["publishedStatus"] == "PUBLISHED"


def test_a_seeded_share_of_items_ends_unpublished() -> None:
    with walmart_box(unpublished_share=0.5, seed=3) as box:
        done(box, send(box, "MP_ITEM", items(*(mp_item(f"S{n}", n) for n in range(40)))))
        box.clock.now += 3
        assert 5 < box.call("GET", "/v3/items?publishedStatus=UNPUBLISHED").json()["totalItems"] < 35


def wrong(**changes: Any) -> Json:
    """An item with one thing changed: a field of Orderable, or `visible` of the attributes; None takes it away."""
    entry = mp_item("A", 1)
    block = entry["Visible"]["Wall Clocks"] if "visible" in changes else entry["Orderable"]
    for name, value in changes.pop("visible", changes).items():
        if value is None:
            block.pop(name)
        else:
            block[name] = value
    return entry


WRONG = [
    (wrong(productIdentifiers={"productIdType": "GTIN", "productId": gtin(1)[:-1] + "0"}), "ERR_PDI_0047"),
    (wrong(productIdentifiers={"productIdType": "UPC", "productId": "036000291453"}), "ERR_PDI_0047"),
    (wrong(productIdentifiers={"productIdType": "ISBN", "productId": "0306406153"}), "ERR_PDI_0047"),
    (wrong(productIdentifiers={"productIdType": "ASIN", "productId": "B000000000"}), "ERR_PDI_0034"),
    (wrong(productName=None), "ERR_PDI_0034"),
    (wrong(productName="x" * 201), "ERR_PDI_0034"),
    (wrong(brand=" "), "ERR_PDI_0034"),
    (wrong(price=19.999), "ERR_PDI_0034"),
    (wrong(price=0), "ERR_PDI_0034"),
    (wrong(price="19.99"), "ERR_PDI_0034"),
    (wrong(ShippingWeight=None), "ERR_PDI_0034"),
    (wrong(visible={"color": None}), "ERR_PDI_0034"),
    (wrong(visible={"color": "Black"}), "ERR_PDI_0034"),
    (wrong(visible={"mainImageUrl": None}), "ERR_PDI_0034"),
    (wrong(visible={"colorCategory": ["Ultraviolet"]}), "ERR_PDI_0034"),
    ({**mp_item("A", 1), "Visible": {"Unheard-of Things": {}}}, "ERR_PDI_0034"),
    ({"Orderable": mp_item("A", 1)["Orderable"]}, "ERR_PDI_0034"),
    ("no object", "ERR_PDI_0034"),
]


@pytest.mark.parametrize(("entry", "code"), WRONG)
def test_an_item_with_something_wrong_is_refused_and_the_next_one_is_not(box: Box, entry: Any, code: str) -> None:
    """PRD-3: the run goes on."""
    feed = done(box, send(box, "MP_ITEM", items(entry, mp_item("GOOD", 2))))
    (_, status, found), good = fates(feed)
    assert (status, found) == ("DATA_ERROR", code)
    assert good == ("GOOD", "SUCCESS", "")
    assert box.call("GET", "/v3/items?sku=A").status_code == 404


def test_right_identifiers_of_every_kind(box: Box) -> None:
    kinds = {"UPC": "036000291452", "EAN": "4006381333931", "ISBN": "0306406152"}
    entries = [
        mp_item(kind, 0, productIdentifiers={"productIdType": kind, "productId": text}) for kind, text in kinds.items()
    ]
    feed = done(box, send(box, "MP_ITEM", items(*entries)))
    assert [status for _, status, _ in fates(feed)] == ["SUCCESS"] * 3
    assert item(box, "ISBN")["gtin"] == "09780306406157"
    assert item(box, "UPC")["upc"] == "036000291452"


def test_a_gtin_belongs_to_one_sku_and_a_sku_to_one_gtin(box: Box) -> None:
    done(box, send(box, "MP_ITEM", items(mp_item("A", 1))))
    feed = done(box, send(box, "MP_ITEM", items(mp_item("B", 1), mp_item("A", 2), mp_item("A", 1, price=21))))
    assert sorted(fates(feed)) == [
        ("A", "DATA_ERROR", "ERR_EXT_DATA_0101211"),
        ("A", "SUCCESS", ""),
        ("B", "DATA_ERROR", "ERR_EXT_DATA_0101119"),
    ]
    assert item(box, "A")["price"]["amount"] == 21


def test_maintenance_changes_what_it_names(box: Box) -> None:
    done(box, send(box, "MP_ITEM", items(mp_item("A", 1))))
    ids = {"productIdType": "GTIN", "productId": gtin(1)}
    entry = {"Orderable": {"sku": "A", "productIdentifiers": ids, "productName": "Renamed"}}
    unknown = {"Orderable": {**entry["Orderable"], "sku": "NOPE"}}
    feed = done(box, send(box, "MP_MAINTENANCE", items(entry, unknown)))
    assert fates(feed) == [("A", "SUCCESS", ""), ("NOPE", "DATA_ERROR", "CONTENT_NOT_FOUND")]
    shown = item(box, "A")
    assert (shown["productName"], shown["price"]["amount"]) == ("Renamed", 19.99)


def test_an_offer_by_match_needs_an_item_that_walmart_has(box: Box) -> None:
    header = {
        "processMode": "REPLACE",
        "subset": "EXTERNAL",
        "locale": "en",
        "sellingChannel": "mpsetupbymatch",
        "version": "4.2",
    }

    def offer(sku: str, number: str) -> Json:
        ids = {"productIdType": "GTIN", "productId": number}
        return {"Item": {"sku": sku, "productIdentifiers": ids, "price": 5, "ShippingWeight": 1}}

    known = CATALOG[3].barcode.zfill(14)
    body = items(offer("A", known), offer("B", gtin(9)), header=header)
    feed = done(box, send(box, "MP_ITEM_MATCH", body))
    assert fates(feed) == [("A", "SUCCESS", ""), ("B", "DATA_ERROR", "ERR_EXT_DATA_0101116")]
    assert item(box, "A")["productName"] == CATALOG[3].name


def test_variants_are_a_group(box: Box) -> None:
    entries = []
    for number, color in enumerate(("Black", "White")):
        entry = mp_item(f"V{number}", number)
        names = {"variantGroupId": "G1", "variantAttributeNames": ["color"], "color": [color]}
        entry["Visible"]["Wall Clocks"].update(names, isPrimaryVariant="Yes" if number == 0 else "No")
        entries.append(entry)
    done(box, send(box, "MP_ITEM", items(*entries)))
    found = box.call("GET", "/v3/items?variantGroupId=G1").json()["ItemResponse"]
    assert [(one["sku"], one["variantGroupInfo"]) for one in found] == [
        ("V0", {"isPrimary": True, "groupingAttributes": [{"name": "color", "value": "Black"}]}),
        ("V1", {"isPrimary": False, "groupingAttributes": [{"name": "color", "value": "White"}]}),
    ]


def test_items_retire_one_by_one_or_by_feed_and_come_back(box: Box) -> None:
    skus = [mp_item(f"R{n}", n) for n in range(2)]
    done(box, send(box, "MP_ITEM", items(*skus)))
    assert box.call("DELETE", "/v3/items/R0").json()["sku"] == "R0"
    assert item(box, "R0")["lifecycleStatus"] == "ACTIVE"
    header = {"feedDate": "2026-11-20T12:00:00.000Z", "version": "1.0"}
    body = {"RetireItemHeader": header, "RetireItem": [{"sku": "R1"}, {"sku": "NOPE"}]}
    assert fates(done(box, send(box, "RETIRE_ITEM", body)))[1][2] == "CONTENT_NOT_FOUND"
    box.clock.now += 2
    retired = box.call("GET", "/v3/items?lifecycleStatus=RETIRED").json()["ItemResponse"]
    assert [one["sku"] for one in retired] == ["R0", "R1"]
    assert code_of(box.call("DELETE", "/v3/items/NOPE")) == (404, "CONTENT_NOT_FOUND")
    done(box, send(box, "MP_ITEM", items(skus[0])))
    box.clock.now += 3
    assert (item(box, "R0")["lifecycleStatus"], item(box, "R0")["publishedStatus"]) == ("ACTIVE", "PUBLISHED")


def test_taxonomy_and_its_departments(box: Box) -> None:
    payload = box.call("GET", "/v3/items/taxonomy").json()["payload"]
    names = {sub["subCategoryName"] for one in payload for sub in one["subcategory"]}
    assert {"Wall Clocks", "T-Shirts"} <= names
    assert box.call("GET", "/v3/utilities/taxonomy?feedType=MP_ITEM").json()["payload"] == payload
    top = box.call("GET", "/v3/utilities/taxonomy/departments").json()["payload"]
    wanted = top[0]["departments"][0]["departmentId"]
    found = box.call("GET", f"/v3/utilities/taxonomy/departments/{wanted}").json()["response"]
    assert found["departmentId"] == wanted
    assert found["category"]
    assert box.call("GET", "/v3/utilities/taxonomy/departments/1").status_code == 404


def spec(box: Box, **body: Any) -> Any:
    wanted = {"feedType": "MP_ITEM", "version": VERSION, "productTypes": ["Wall Clocks"], **body}
    return box.call("POST", "/v3/items/spec", json=wanted)


def test_the_spec_accepts_what_the_feed_accepts(box: Box) -> None:
    """PRD-3: a schema by which a seller can check before sending."""
    schema = spec(box).raise_for_status().json()["schema"]
    Draft7Validator.check_schema(schema)
    check = Draft7Validator(schema)
    assert list(check.iter_errors(items(mp_item("A", 1)))) == []
    for entry in (wrong(productName=None), wrong(visible={"color": "Black"}), wrong(ShippingWeight=None)):
        assert list(check.iter_errors(items(entry)))
    assert list(check.iter_errors(items(mp_item("A", 1), header={**V5_HEADER, "version": "5.0"})))


def test_the_spec_of_up_to_twenty_known_types_of_a_served_version(box: Box) -> None:
    assert code_of(spec(box, version="5.0")) == (400, "INVALID_REQUEST_CONTENT")
    assert code_of(spec(box, productTypes=["Wall Clocks"] * 21)) == (400, "INVALID_REQUEST_CONTENT")
    assert code_of(spec(box, productTypes=["Unheard-of"])) == (400, "INVALID_REQUEST_CONTENT")
    partial = spec(box, feedType="MP_MAINTENANCE").json()["schema"]
    entry = {"Orderable": {"sku": "A", "productIdentifiers": {"productIdType": "GTIN", "productId": gtin(1)}}}
    assert list(Draft7Validator(partial).iter_errors(items(entry))) == []


def test_a_damaged_item_on_a_page(box: Box) -> None:
    add(box, count=5)
    box.faults({"kind": "bad_record", "path": "/v3/items", "limit": 1})
    shown = box.call("GET", "/v3/items").json()["ItemResponse"]
    assert sum(not isinstance(one["price"], dict) for one in shown) == 1
