"""The configuration: what is refused at start, and that secrets stay secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.kit.errors import AuthError
from connectors.odoo.auth import read_secret
from connectors.odoo.order_upserts import split
from connectors.odoo.settings import OdooSettings, Stage


@pytest.mark.parametrize(
    "url",
    ["http://odoo.example.com", "ftp://127.0.0.1", "https://user:pw@odoo.example", "https://odoo.example/web", "http://10.0.0.5:8069", "odoo"],
)  # fmt: skip
def test_urls_that_are_refused(url: str) -> None:
    """AUTH-4: TLS outside this machine; no password in the address."""
    with pytest.raises(ValidationError):
        OdooSettings(url=url)


@pytest.mark.parametrize(
    "url", ["https://odoo.example.com", "http://127.0.0.1:8069", "http://localhost:1/", "http://[::1]:8069"]
)
def test_urls_that_are_fine(url: str) -> None:
    """AUTH-4"""
    assert OdooSettings(url=url)


@pytest.mark.parametrize(
    "changes", [{"batch": 201}, {"workers": 0}, {"module": "a.b"}, {"stages": {"x": "sold"}}, {"typo": 1}]
)
def test_other_mistakes_are_found_at_start(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OdooSettings(**changes)


def test_each_marketplace_and_account_may_have_a_warehouse_of_its_own() -> None:
    """ORD-10: the account's own first, then the marketplace's, then the one for all."""
    named = {"Amazon": "FBA", "amazon:uk": "FBAUK"}
    settings = OdooSettings(warehouse="WH", marketplace_warehouse="THEIRS", marketplace_warehouses=named)
    found = [
        settings.marketplace_warehouse_of(*one) for one in (("amazon", "UK"), ("amazon", "main"), ("walmart", "uk"))
    ]
    assert found == ["FBAUK", "FBA", "THEIRS"]
    assert settings.warehouses_apart() == {"FBA", "FBAUK", "THEIRS"}
    assert OdooSettings().marketplace_warehouse_of("amazon", "main") == ""
    assert OdooSettings().warehouses_apart() == frozenset()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"marketplace_warehouses": {"amazn": "FBA"}}, "write a marketplace"),
        ({"marketplace_warehouses": {"amazon:": "FBA"}}, "write a marketplace"),
        ({"marketplace_warehouses": {"amazon": ""}}, "write a marketplace"), ({"warehouse": "WH", "marketplace_warehouse": "WH"}, "the seller's own"),
        ({"warehouse": "WH", "marketplace_warehouses": {"amazon": "WH"}}, "the seller's own"),
    ],
)  # fmt: skip
def test_the_sellers_own_warehouse_is_nobody_elses(changes: dict[str, Any], words: str) -> None:
    """ORD-10: units of both would be one number."""
    with pytest.raises(ValidationError, match=words):
        OdooSettings(**changes)


def test_stages_can_be_replaced_one_by_one() -> None:
    """ORD-8"""
    settings = OdooSettings(stages={"acknowledged": Stage.CONFIRMED})
    assert settings.stage_of("acknowledged") is Stage.CONFIRMED
    assert settings.stage_of("shipped") is Stage.LOCKED


def test_secrets_are_not_shown_and_may_come_from_a_file(tmp_path: Path) -> None:
    """AUTH-4, SEC-3"""
    path = tmp_path / "key"
    path.write_text("from-file\n")
    settings = OdooSettings.model_validate({"password": "hidden", "id_key": "hidden"})
    assert "hidden" not in repr(settings)
    assert read_secret(settings) == "hidden"
    assert read_secret(OdooSettings(password_file=str(path))) == "from-file"


@pytest.mark.parametrize("settings", [OdooSettings(), OdooSettings(password_file="/does/not/exist")])
def test_a_missing_secret_says_what_to_set(settings: OdooSettings) -> None:
    """AUTH-5"""
    with pytest.raises(AuthError, match="CAUSEWAY_ODOO__PASSWORD"):
        read_secret(settings)


@pytest.mark.parametrize(
    ("items", "most", "ways", "sizes"),
    [
        (200, 100, 2, [100, 100]),
        (100, 100, 2, [50, 50]),
        (15, 100, 2, [15]),
        (250, 100, 2, [84, 84, 82]),
        (1, 100, 4, [1]),
    ],
)
def test_batches_are_split_evenly_over_the_workers(items: int, most: int, ways: int, sizes: list[int]) -> None:
    assert [len(chunk) for chunk in split(range(items), most, ways)] == sizes
