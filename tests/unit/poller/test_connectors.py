"""Connectors are found by themselves and bring their part of the configuration."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.connectors import ConnectorImportError, compose_settings, discover, load_connected_settings, part_of
from streams.settings import ConfigurationError, Settings
from tests.unit.poller.kit import ShopSettings, connector

GOOD = "from tests.unit.poller.kit import connector\nCONNECTOR = connector({name!r})\n"
Make = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Writes a package of connectors: folder name -> text of its `__init__.py`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(**folders: str) -> str:
        for name, text in {"": "", **folders}.items():
            place = tmp_path / "found_by_test" / name
            place.mkdir(parents=True, exist_ok=True)
            (place / "__init__.py").write_text(text)
        return "found_by_test"

    yield make
    for name in [name for name in sys.modules if name.startswith("found_by_test")]:
        del sys.modules[name]


def test_folders_with_a_connector_are_found_in_order_of_name(package: Make) -> None:
    found = discover(package(b=GOOD.format(name="bazaar"), a=GOOD.format(name="shop"), kit="", empty=""))
    assert [item.name for item in found] == ["bazaar", "shop"]


def test_folder_that_cannot_be_imported_is_named(package: Make) -> None:
    with pytest.raises(ConnectorImportError, match=r"found_by_test\.broken cannot be imported: ImportError: no such"):
        discover(package(broken="raise ImportError('no such library')"))


def test_two_connectors_of_one_name_are_refused(package: Make) -> None:
    with pytest.raises(ConnectorImportError, match="called 'shop' already"):
        discover(package(a=GOOD.format(name="shop"), b=GOOD.format(name="shop")))


def test_what_is_no_connector_is_refused(package: Make) -> None:
    with pytest.raises(ConnectorImportError, match="is a str, not a Connector"):
        discover(package(a="CONNECTOR = 'shop'"))


def test_connectors_of_the_project_are_found() -> None:
    assert {"odoo", "walmart"} <= {item.name for item in discover()}


def test_part_of_a_connector_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_SHOP__NAMES", '["eu"]')
    shop = connector()
    assert part_of(load_connected_settings([shop]), shop) == ShopSettings(names=("eu",))


def test_credentials_of_a_walmart_account_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-7: any number of accounts, each by its name."""
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID", "an-id")
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_SECRET", "a-secret")
    walmart = next(item for item in discover() if item.name == "walmart")
    part = part_of(load_connected_settings([walmart]), walmart)
    assert tuple(walmart.accounts(part)) == ("main",)
    assert "a-secret" not in repr(part)


def test_problem_in_a_part_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_SHOP__NAMES__X", "1")
    with pytest.raises(ConfigurationError, match="CAUSEWAY_SHOP__NAMES"):
        load_connected_settings([connector()])


def test_name_that_the_settings_use_themselves_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be called 'kafka'"):
        compose_settings([connector("kafka")])


def test_part_is_missing_from_plain_settings() -> None:
    with pytest.raises(ConfigurationError, match="no part for shop"):
        part_of(Settings(), connector())
