"""PRD-1: items fit the item spec Walmart publishes; RATE-3: taxonomy and specs are asked for seldom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit import exact_json
from connectors.kit.cache import ReferenceCache
from connectors.kit.errors import AuthError, DataError, TransientError
from connectors.kit.http import Answer
from connectors.kit.http_errors import Asked
from connectors.walmart.listing_reference import WalmartReference
from connectors.walmart.listing_spec import ItemSpec, part_for, product_types_in

VERSION = "5.0.20260608-18_15_07-api"
SCHEMA = exact_json.loads(b"""{"type": "object", "properties": {"MPItem": {"type": "array", "items": {"properties": {
  "Orderable": {"type": "object", "additionalProperties": false, "required": ["sku", "price"], "properties": {
    "sku": {"type": "string", "maxLength": 5}, "price": {"type": "number", "multipleOf": 0.01}, "origin": {"enum": ["China", "Italy"]}}},
  "Visible": {"type": "object", "properties": {"Desk Lamps": {"type": "object", "additionalProperties": false, "required": ["productName", "wattage"],
    "properties": {"productName": {"type": "string", "maxLength": 199}, "wattage": {"type": "integer", "minimum": 1},
      "color": {"type": "array", "items": {"type": "string", "enum": ["Red", "Blue"]}},
      "size": {"type": "object", "required": ["unit"], "properties": {"unit": {"enum": ["in"]}}}}}}}}}}}}""")


def spec() -> ItemSpec:
    part = part_for(SCHEMA, "Desk Lamps")
    assert part is not None
    return ItemSpec(part["orderable"], part["visible"])


def told(orderable: dict[str, Any], visible: dict[str, Any], known: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    whole = {"sku": "A", "price": Decimal("24.99"), **orderable}
    seen = {"productName": "Lamp", "wattage": 5, **visible}
    return [(problem.code, problem.field) for problem in spec().problems(whole, seen, known)]


@pytest.mark.parametrize(
    ("orderable", "visible", "problems"),
    [
        ({}, {}, []),
        ({"price": Decimal("24.999")}, {}, [("SPEC", "price")]),
        ({"sku": "ABCDEF"}, {}, [("SPEC", "sku")]),
        ({"origin": "Atlantis"}, {}, [("NOT_ALLOWED", "origin")]),
        ({"weight": 1}, {}, [("SPEC", "weight")]),  # unknown there
        ({}, {"wattage": "five"}, [("SPEC", "wattage")]),
        ({}, {"color": ["Red", "Green"]}, [("NOT_ALLOWED", "color")]),
        ({}, {"size": {}}, [("MISSING_REQUIRED", "size.unit")]),
        ({}, {"size": {"unit": "cm"}}, [("NOT_ALLOWED", "size.unit")]),
    ],
)
def test_what_breaks_the_spec_is_told_by_attribute(
    orderable: dict[str, Any], visible: dict[str, Any], problems: list[tuple[str, str]]
) -> None:  # fmt: skip
    assert told(orderable, visible) == problems


def test_required_attributes_and_those_told_already() -> None:
    found = spec().problems({"sku": "A"}, {})
    assert [(one.code, one.field) for one in found] == [
        ("MISSING_REQUIRED", "price"), ("MISSING_REQUIRED", "productName"), ("MISSING_REQUIRED", "wattage"),
    ]  # fmt: skip
    assert [one.field for one in spec().problems({"sku": "A"}, {}, {"price", "productName"})] == ["wattage"]


def test_the_spec_decides_which_block_an_attribute_is_in() -> None:
    placed = spec().placed(
        {"sku": "A", "productName": "Lamp"}, {"origin": "Italy", "season": "x", "own": "y"}, {"season"}
    )
    assert placed == ({"sku": "A", "origin": "Italy"}, {"productName": "Lamp", "own": "y"}, ["season NOT_IN_SPEC"])


def test_without_a_schema_of_a_type_there_is_no_spec() -> None:
    assert part_for(SCHEMA, "Sofas") is None
    assert part_for({}, "Desk Lamps") is None
    assert part_for({"properties": []}, "Desk Lamps") is None


def test_a_schema_never_makes_us_fetch_another_one() -> None:
    remote = ItemSpec({"properties": {"sku": {"$ref": "http://127.0.0.1:1/other.json"}}}, {})
    assert remote.problems({"sku": "A"}, {}) == []


GROUP = {"productTypeGroupName": "Lamps", "productType": [{"productTypeName": "Desk Lamps", "description": "x"}]}
OLD = {"category": "Home", "subcategory": [{"subCategoryName": "Desk Lamps", "subCategoryId": "1"}]}


@pytest.mark.parametrize(
    "taxonomy",
    [
        {"itemTaxonomy": [{"category": "Home", "productTypeGroup": [GROUP]}]},
        {"itemTaxonomy": {"category": "Home", "productTypeGroup": [GROUP]}},
        {"status": "SUCCESS", "payload": [OLD]},
    ],
)
def test_product_types_in_every_form_of_the_taxonomy(taxonomy: Any) -> None:
    assert product_types_in(taxonomy) == {"Desk Lamps"}


class Walmart:
    """Answers the two calls; refuses, or fails, when told to."""

    def __init__(self, known: tuple[str, ...] = ("Desk Lamps", "Sofas")) -> None:
        self.known = known
        self.failing: Exception | None = None
        self.damaged: dict[str, Any] = {}
        self.calls: list[tuple[str, str, Any]] = []

    async def call(
        self, operation: str, method: str, path: str, *, body: Any = None, repeatable: bool | None = None
    ) -> tuple[Any, Any]:
        self.calls.append((operation, f"{method} {path}", body))
        if self.failing:
            raise self.failing
        answer = Answer(200, {}, b"", Asked(operation, "walmart.example", method == "GET" or bool(repeatable)))
        if operation in self.damaged:
            return answer, self.damaged[operation]
        if operation == "taxonomy":
            return answer, {"itemTaxonomy": [{"productType": [{"productTypeName": name} for name in self.known]}]}
        if set(body["productTypes"]) - {"Desk Lamps", "Sofas"}:
            raise DataError("unknown product types")
        schema = {"properties": {name: {"type": "object"} for name in body["productTypes"]}}
        return answer, {"schema": {"properties": {"MPItem": {"items": {"properties": {"Visible": schema}}}}}}


def reference(walmart: Walmart, now: Callable[[], datetime] | None = None) -> WalmartReference:
    clock = now or (lambda: datetime(2026, 11, 21, tzinfo=UTC))
    cache = ReferenceCache("walmart", None, clock)
    return WalmartReference(walmart.call, cache, version=VERSION, expires=timedelta(hours=24), stale=timedelta(days=30))


async def test_specs_of_many_types_are_one_call_and_none_the_second_time() -> None:
    walmart = Walmart()
    one = reference(walmart)
    found = await one.for_types(["Sofas", "Desk Lamps", "Hats"])
    assert found.product_types == frozenset({"Desk Lamps", "Sofas"})
    assert set(found.specs) == {"Desk Lamps", "Sofas"}
    assert (await one.for_types(["Sofas"])).specs["Sofas"] is found.specs["Sofas"]
    body = {"feedType": "MP_ITEM", "version": VERSION, "productTypes": ["Desk Lamps", "Sofas"]}
    assert walmart.calls == [
        ("taxonomy", "GET /v3/items/taxonomy?feedType=MP_ITEM&version=5.0", None),
        ("item_spec", "POST /v3/items/spec", body),
    ]


async def test_one_type_walmart_does_not_know_does_not_hide_the_others() -> None:
    walmart = Walmart(known=("Desk Lamps", "Sofas", "Hats"))  # the taxonomy names it, the spec does not
    found = await reference(walmart).for_types(["Hats", "Sofas"])
    assert set(found.specs) == {"Sofas"}


async def test_when_walmart_cannot_be_asked_items_go_out_unchecked_and_a_refusal_is_told() -> None:
    walmart = Walmart()
    walmart.failing = TransientError("down")
    found = await reference(walmart).for_types(["Sofas"])
    assert (found.product_types, dict(found.specs)) == (None, {})
    walmart.failing = AuthError("no")
    with pytest.raises(AuthError):
        await reference(walmart).for_types(["Sofas"])


@pytest.mark.parametrize("damaged", [None, [], {}, {"schema": None}, {"schema": "x"}, {"schema": {}}])
async def test_a_damaged_spec_is_not_kept(damaged: Any) -> None:
    """RATE-3, ERR-2: kept for a day, all items of the type would go out unchecked."""
    walmart = Walmart()
    one = reference(walmart)
    walmart.damaged = {"item_spec": damaged}
    assert dict((await one.for_types(["Sofas"])).specs) == {}
    walmart.damaged = {}
    assert set((await one.for_types(["Sofas"])).specs) == {"Sofas"}


@pytest.mark.parametrize(
    "damaged", [None, [], {}, {"itemTaxonomy": None}, {"itemTaxonomy": [{"productType": "Sofas"}]}]
)
async def test_a_damaged_taxonomy_is_not_kept(damaged: Any) -> None:
    """RATE-3, ERR-2"""
    walmart = Walmart()
    one = reference(walmart)
    walmart.damaged = {"taxonomy": damaged}
    assert (await one.for_types(["Sofas"])).product_types is None
    walmart.damaged = {}
    assert (await one.for_types(["Sofas"])).product_types == frozenset({"Desk Lamps", "Sofas"})
