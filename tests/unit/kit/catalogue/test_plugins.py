"""PRD-5: named conversion functions a user can add."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connectors.kit.catalogue.conversion import Conversion
from connectors.kit.catalogue.files import TableFiles, load
from connectors.kit.catalogue.filling import filled
from connectors.kit.catalogue.plugins import GROUP, conversions
from tests.unit.kit.catalogue.samples import product


def shout(value: Any, options: Any, around: Any) -> Any:
    return str(value).upper() + options.get("mark", "!")


SHOUT = Conversion("shout", shout, options=frozenset({"mark"}))


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("shop_conversions")
    monkeypatch.setitem(sys.modules, "shop_conversions", made)
    return made


@pytest.mark.parametrize("offered", [[SHOUT], {"shout": SHOUT}, (SHOUT,)])
def test_a_module_named_in_the_configuration_adds_conversions_to_tables(
    tmp_path: Path, module: ModuleType, offered: object
) -> None:  # fmt: skip
    module.CONVERSIONS = offered  # type: ignore[attr-defined]
    (tmp_path / "a.csv").write_text("attribute,from,convert,options\na,name,shout,mark=?\n", encoding="utf-8")
    found = load(TableFiles(attributes=[tmp_path / "a.csv"]), conversions(["shop_conversions"], points=[]))
    result = filled(product(name="Lamp"), found.lines_for("x"), found.around, "shop:main")
    assert result.values == {"visible": {"a": "LAMP?"}}


def test_a_conversion_that_breaks_is_one_items_trouble(tmp_path: Path, module: ModuleType) -> None:
    def broken(value: Any, options: Any, around: Any) -> Any:
        return options["missing"]

    module.CONVERSIONS = [Conversion("broken", broken)]  # type: ignore[attr-defined]
    (tmp_path / "a.csv").write_text("attribute,from,convert\na,name,broken\n", encoding="utf-8")
    found = load(TableFiles(attributes=[tmp_path / "a.csv"]), conversions(["shop_conversions"], points=[]))
    told = filled(product(), found.lines_for("x"), found.around, "shop:main").problems
    assert [(one.code, one.detail.split(";")[0]) for one in told] == [
        ("CONVERSION_FAILED", "the conversion broken failed (KeyError)")
    ]


def test_a_package_adds_them_by_an_entry_point(module: ModuleType) -> None:
    module.ONE = SHOUT  # type: ignore[attr-defined]
    point = EntryPoint("mine", "shop_conversions:ONE", GROUP)
    assert conversions(points=[point])["shout"] is SHOUT


@pytest.mark.parametrize(
    ("offered", "told"),
    [
        (None, "has no CONVERSIONS"),
        (3, "offers no Conversion but int"),
        ([shout], "offers function where a Conversion belongs"),
        ([Conversion("text", shout)], "two conversions are named 'text'"),
    ],
)
def test_what_is_wrong_is_said(module: ModuleType, offered: object, told: str) -> None:
    module.CONVERSIONS = offered  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=told):
        conversions(["shop_conversions"], points=[])


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="'no_such_module' cannot be imported"):
        conversions(["no_such_module"], points=[])
    with pytest.raises(ValueError, match="entry point 'gone'"):
        conversions(points=[EntryPoint("gone", "no_such_module:X", GROUP)])
