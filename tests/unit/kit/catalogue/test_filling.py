"""PRD-5: any marketplace attribute from any Odoo field (also x_...) and back, by configuration, with named conversions."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.catalogue.filling import Filled, filled, odoo_values
from schemas.records import Listing
from tests.unit.kit.catalogue.samples import product, tables

HEAD = "attribute,from,convert,options,required,default,allowed,direction\n"


def fill(folder: Path, lines: str, **changed: Any) -> Filled:
    found = tables(folder, HEAD + lines, sizes="value,becomes\nklein,S\ngroß,L\n")
    return filled(product(**changed), found.lines_for("Lamps"), found.around, "shop:main")


def told(result: Filled) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in result.problems]


def custom(**fields: Any) -> dict[str, Any]:
    return {"fields": {name: json.dumps(value) for name, value in fields.items()}}


@pytest.mark.parametrize(
    ("line", "changed", "value"),
    [
        ("a,name,,,,,,", {}, "Desk Lamp with USB Port"),
        ("a,=New,,,,,,", {}, "New"),
        (
            "a,attributes.color,,,,,,",
            {"attributes": {"Color": "Blue"}},
            "Blue",
        ),  # Odoo's spelling of the name does not matter
        ("a,fields.x_a|name,,,,,,", custom(x_a="own"), "own"),
        ("a,fields.x_a|name,,,,,,", custom(x_a=False), "Desk Lamp with USB Port"),  # Odoo's false is "nothing"
        ("a,fields.x_a,yes_no,,,,,", custom(x_a=False), "No"),  # where it can be an answer, it is one
        ("a,fields.x_a,yes_no,yes=Y; no=N,,,,", custom(x_a=True), "Y"),
        ("a,fields.x_a,true_false,,,,,", custom(x_a="no"), False),
        ("a,fields.x_a,true_false,,,,,", custom(x_a=True), True),
        ("a,fields.x_a,,,,,,", custom(x_a=[4, "Wood"]), "Wood"),  # a many2one
        ("a,fields.x_a,,,,,,", {"fields": {"x_a": "no json"}}, "no json"),
        ("a,tags,list,,,,,", {"tags": ["new", "new", "home"]}, ["new", "home"]),
        ("a,fields.x_a,list,separator=semicolon; most=2,,,,", custom(x_a="a,b; c;d"), ["a,b", "c"]),
        ("a,fields.x_a,list,,,,,", custom(x_a="a, b,,c"), ["a", "b", "c"]),
        ("a,fields.x_a,number,places=2,,,,", custom(x_a=1.005), Decimal("1.01")),  # as written, not as a float
        ("a,fields.x_a,whole,,,,,", custom(x_a="12"), 12),
        ("a,fields.x_a,date,,,,,", custom(x_a="2026-11-21"), "2026-11-21"),
        ("a,fields.x_a,date,time=yes,,,,", custom(x_a="2026-11-21 10:00:00"), "2026-11-21T00:00:00Z"),
        ("a,fields.x_a,map,table=sizes,,,,", custom(x_a="Groß"), "L"),
        ("a,barcode,gtin,,,,,", {}, "04006381333931"),
        ("a,list_price,price,currency=USD,,,,", {}, Decimal("24.99")),
        ("a,weight_kg,unit,from=kg; to=lb,,,,", {}, Decimal("2.976")),
        ("a,weight_kg,measure,from=kg; to=lb; places=1,,,,", {}, {"measure": Decimal(3), "unit": "lb"}),
        (
            "a,weight_kg,measure,from=kg; to=oz; label=Ounce; measure=m; unit=u; places=0,,,,",
            {},
            {"m": Decimal(48), "u": "Ounce"},
        ),
        ("a,description,bullets,most=1,,,,", {}, ["Dimmable"]),
        ("a,description,text,html=yes; limit=6,,,,", {}, "A lamp"),
        ("a,fields.x_a,,,,Unbranded,,", {}, "Unbranded"),
        ("a.b.c,=1,whole,,,,,", {}, {"b": {"c": 1}}),
    ],
)
def test_values(tmp_path: Path, line: str, changed: dict[str, Any], value: Any) -> None:
    result = fill(tmp_path, line + "\n", **changed)
    assert result.problems == []
    assert result.values["visible"]["a"] == value


@pytest.mark.parametrize(
    ("line", "changed", "code", "detail"),
    [
        ("a,fields.x_a,,,yes,,,", {}, "MISSING_REQUIRED", "fill fields.x_a"),
        ("a,fields.x_a,yes_no,,,,,", custom(x_a="perhaps"), "BAD_VALUE", "neither yes nor no"),
        ("a,fields.x_a,number,least=1,,,,", custom(x_a="0"), "BAD_VALUE", "below 1"),
        ("a,fields.x_a,number,,,,,", custom(x_a="many"), "BAD_VALUE", "no number"),
        ("a,fields.x_a,whole,,,,,", custom(x_a=1.5), "BAD_VALUE", "no whole number"),
        ("a,fields.x_a,date,,,,,", custom(x_a="21.11.2026"), "BAD_VALUE", "YYYY-MM-DD"),
        ("a,fields.x_a,,,,,,", custom(x_a={"b": 1}), "BAD_VALUE", "an object"),
        ("a,barcode,gtin,,,,,", {"barcode": "4006381333932"}, "BAD_GTIN", "check digit"),
        ("a,list_price,price,currency=CAD,,,,", {}, "BAD_VALUE", "is in USD, not in CAD"),
        ("a,weight_kg,unit,from=kg; to=lb,,,,", {"weight_kg": "0"}, "BAD_VALUE", "rounds to nothing"),
        ("a,name,,,,,Red|Blue,", {}, "NOT_ALLOWED", "is none of Red, Blue"),
    ],
)
def test_problems(tmp_path: Path, line: str, changed: dict[str, Any], code: str, detail: str) -> None:
    result = fill(tmp_path, line + "\n", **changed)
    assert [problem.code for problem in result.problems] == [code]
    assert detail in result.problems[0].detail


def test_a_value_a_table_lacks_is_waited_for_by_name(tmp_path: Path) -> None:
    result = fill(tmp_path, "a,fields.x_a,map,table=sizes,yes,,,\n", **custom(x_a="riesig"))
    assert [problem.waiting_for for problem in result.problems] == ["value:shop:main:sizes:riesig"]


def test_all_problems_come_at_once_and_the_good_values_too(tmp_path: Path) -> None:
    result = fill(tmp_path, "a,fields.x_a,,,yes,,,\nb,name,,,,,,\nc,fields.x_c,whole,,,,,\n", **custom(x_c="x"))
    assert told(result) == [("MISSING_REQUIRED", "a <- fields.x_a"), ("BAD_VALUE", "c <- fields.x_c")]
    assert list(result.values["visible"]) == ["b"]


def test_what_a_conversion_changed_is_noted(tmp_path: Path) -> None:
    result = fill(tmp_path, "a,name,title,limit=10,,,,\n")
    assert (result.values["visible"]["a"], result.notes) == ("Desk Lamp", ["a SHORTENED"])


def listing(**attributes: str) -> Listing:
    return Listing(
        key="shop:main:item:L", source="shop", account="main", sku="L", version=1, item_id="", barcode="", title="Lamp",
        description="", brand="", product_type="Lamps", category="", price=None, status="", source_status="",
        problems=[], attributes=attributes, image_url="", variant_group="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "given", "value"),
    [
        ("a,fields.x_a,yes_no,,,,,both", "Yes", True),
        ("a,fields.x_a,yes_no,,,,,both", "No", False),
        ("a,fields.x_a,list,,,,,in", '["Wood", "Steel"]', "Wood, Steel"),
        ("a,fields.x_a,map,table=sizes,,,,in", "L", "groß"),
        ("a,fields.x_a,unit,from=kg; to=lb,,,,in", "2.2046", "0.99999"),
        ("a,fields.x_a,measure,from=m; to=ft,,,,in", '{"measure": 12, "unit": "in"}', "0.3048"),
        ("a,fields.x_a,number,,,,,in", "12.50", "12.5"),
        ("a,name,title,,,,,both", "Their title", "Their title"),
    ],
)
def test_back_into_odoo(tmp_path: Path, line: str, given: str, value: Any) -> None:
    found = tables(tmp_path, HEAD + line + "\n", sizes="value,becomes\nklein,S\ngroß,L\n")
    back = odoo_values(listing(a=given), found.lines_for("Lamps"), found.around)
    assert back.problems == []
    assert list(back.values.values()) == [value]
    assert list(back.values) in (["x_a"], ["name"])


def test_back_of_what_the_record_keeps_in_fields_of_its_own(tmp_path: Path) -> None:
    found = tables(tmp_path, HEAD + "productName,name,title,,,,,both\nb,fields.x_b,,,,,,in\n")
    back = odoo_values(listing(), found.lines_for("Lamps"), found.around, {"productName": "title"})
    assert back.values == {"name": "Lamp"}  # nothing is said of b, so nothing is written


def test_back_tells_what_it_cannot_read(tmp_path: Path) -> None:
    found = tables(tmp_path, HEAD + "a,fields.x_a,yes_no,,,,,in\n")
    back = odoo_values(listing(a="Sometimes"), found.lines_for("Lamps"), found.around)
    assert (back.values, [(one.code, one.field) for one in back.problems]) == ({}, [("BAD_VALUE", "x_a <- a")])


def test_lines_that_only_come_in_do_not_go_out(tmp_path: Path) -> None:
    assert fill(tmp_path, "a,name,,,yes,,,in\n").values == {}
