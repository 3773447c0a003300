"""PRD-5: any marketplace attribute to any Odoo field (also x_...), by configuration, with named conversions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.kit import exact_json
from connectors.kit.catalogue.files import load
from connectors.kit.catalogue.plugins import conversions
from connectors.kit.catalogue.tables import Tables
from connectors.kit.ports import Canonical
from connectors.walmart.listing_back import by_settings, with_tables
from connectors.walmart.listing_settings import ListingSettings
from tests.unit.kit.catalogue.test_filling import listing

HEAD = "product_type,block,attribute,from,convert,options,direction\n"


def tables(folder: Path, lines: str) -> Tables:
    (folder / "a.csv").write_text(HEAD + lines, encoding="utf-8")
    settings = ListingSettings(attributes=(folder / "a.csv",))
    return load(settings.files(), conversions(points=[]), settings.html())


def plain(payload: bytes, account: str) -> Sequence[Canonical]:
    """Stands for the mapping of items: it knows the title and the type."""
    item = exact_json.loads(payload)
    body = {**listing(mart="WALMART_US"), "title": item["productName"], "product_type": item["productType"]}
    return [Canonical("listing", "walmart:main:item:A", 0, body)]


def mapped(found: Tables, **item: Any) -> Any:
    payload = exact_json.dumps({"productName": "Lamp", "productType": "Desk Lamps", **item})
    (canonical,) = with_tables(plain, found)(payload, "main")
    return canonical.body


def test_attributes_come_back_as_values_of_odoos_fields(tmp_path: Path) -> None:
    found = tables(
        tmp_path,
        "*,,isProp65WarningRequired,fields.x_prop65,yes_no,,both\n"
        "*,,productName,name,title,,both\n"
        "Desk*,,size.width,fields.x_width_cm,unit,from=cm; to=in,in\n"
        "Mats,,material,fields.x_material,list,,in\n",
    )
    body = mapped(found, isProp65WarningRequired="Yes", size={"width": 10}, material=["Wood"])
    assert body["attributes"] == {
        "mart": "WALMART_US", "odoo.x_prop65": "true", "odoo.name": "Lamp", "odoo.x_width_cm": "25.4",
    }  # fmt: skip
    assert mapped(found, productType="Mats", material=["Wood", "Cork"])["attributes"]["odoo.x_material"] == "Wood, Cork"


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    found = tables(tmp_path, "*,,flag,fields.x_flag,yes_no,,in\n*,,productName,name,title,,both\n")
    body = mapped(found, flag="perhaps")
    assert body["attributes"]["odoo.name"] == "Lamp"
    assert [(one["code"], one["field"]) for one in body["problems"]] == [("NOT_READ_BACK", "x_flag <- flag")]


def test_without_such_lines_the_mapping_stays_as_it_was(tmp_path: Path) -> None:
    assert with_tables(plain, tables(tmp_path, "*,,a,name,text,,out\n")) is plain


def test_by_the_configuration(tmp_path: Path) -> None:
    assert by_settings(plain, ListingSettings()) is plain
    (tmp_path / "a.csv").write_text(HEAD + "*,,flag,fields.x_flag,yes_no,,in\n", encoding="utf-8")
    mapping = by_settings(plain, ListingSettings(attributes=(tmp_path / "a.csv",)))
    payload = exact_json.dumps({"productName": "Lamp", "productType": "Desk Lamps", "flag": "No"})
    (canonical,) = mapping(payload, "main")
    assert canonical.body["attributes"]["odoo.x_flag"] == "false"
