"""PRD-1, PRD-3: what of the catalogue is configuration, and that wrong configuration is told at start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.kit.catalogue.settings import CatalogueSettings, ImageSettings


def test_policies_come_from_the_configuration() -> None:
    settings = CatalogueSettings(
        competitors=("acme",), ambiguous_competitors=(), html_tags=("p",), description_characters=200
    )
    assert [one.code for one in settings.prohibited().problems({"name": "Acme, Amazon"})] == ["COMPETITOR"]
    assert (settings.html().tags, settings.html().limit) == (frozenset({"p"}), 200)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        ({"folder": "/media"}, "both or none"),
        ({"public_url": "https://media.example"}, "both or none"),
        ({"folder": "/media", "public_url": "http://media.example"}, "https"),
        ({"odoo_url": "https://odoo.example/{id}"}, "only {model}, {record_id} and {field}"),
        ({"smallest_side": 0}, "greater than or equal"),
    ],
)
def test_wrong_image_settings(images: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ImageSettings.model_validate(images)


def test_scripts_can_never_be_allowed() -> None:
    with pytest.raises(ValidationError, match="never allowed in a listing: script"):
        CatalogueSettings(html_tags=("p", "script"))


def test_rules_for_pictures() -> None:
    rules = ImageSettings(smallest_side=2000, largest_side=1000, largest_mb=2).rules()
    assert (rules.smallest_side, rules.largest_side, rules.largest_bytes) == (2000, 2000, 2 * 2**20)
