"""The part of a connector's configuration that says how products become its listings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from connectors.kit.catalogue.files import TableFiles
from connectors.kit.catalogue.html import HtmlPolicy
from connectors.kit.catalogue.image_rules import ImageRules
from connectors.kit.catalogue.prohibited import COMPETITORS, SHOPS_THAT_ARE_WORDS, Prohibited
from connectors.kit.http import checked_base_url
from connectors.kit.settings import Part


class ImageSettings(Part):
    """Pictures: what is asked of them, where the checked ones are kept and where the marketplace finds them."""

    smallest_side: int = Field(
        1000, ge=1, le=10_000, description="pixels; smaller pictures are refused, never enlarged"
    )
    largest_side: int = Field(3000, ge=100, le=20_000, description="pixels; larger pictures are made smaller")
    largest_mb: float = Field(5, gt=0, le=50, description="of the JPEG that is served")
    largest_source_mb: float = Field(30, gt=0, le=500, description="of the picture that is fetched")
    most: int = Field(10, ge=1, le=50, description="pictures for each listing")
    folder: str = Field(
        "",
        description="media folder for checked pictures; empty = pictures are listed by their own addresses, unchecked",
    )
    public_url: str = Field("", description="https address under which the media folder is served")
    odoo_url: str = Field(
        "", description="address of a picture only Odoo has: https://HOST/web/image/{model}/{record_id}/{field}"
    )
    private_addresses: bool = Field(
        False, description="whether pictures may be fetched from private and loopback addresses"
    )
    fetch_seconds: float = Field(30, gt=0, le=600)

    @model_validator(mode="after")
    def _served(self) -> ImageSettings:
        if bool(self.folder) != bool(self.public_url):
            raise ValueError(
                "set folder and public_url, both or none: checked pictures are kept in one and found at the other"
            )
        if self.public_url:
            checked_base_url(self.public_url)
        try:
            self.odoo_url.format(model="", record_id=0, field="")
        except (KeyError, IndexError, ValueError):
            raise ValueError("odoo_url: only {model}, {record_id} and {field} may stand in it") from None
        return self

    def rules(self) -> ImageRules:
        return ImageRules(
            smallest_side=self.smallest_side,
            largest_side=max(self.largest_side, self.smallest_side),
            largest_bytes=int(self.largest_mb * 2**20),
            largest_source_bytes=int(self.largest_source_mb * 2**20),
        )


class CatalogueSettings(Part):
    """Tables and policies. A connector's subclass gives its own files as defaults."""

    categories: tuple[Path, ...] = Field((), description="tables: Odoo category -> product type (CSV or TOML)")
    attributes: tuple[Path, ...] = Field((), description="tables: marketplace attribute <- product field (CSV or TOML)")
    colours: tuple[Path, ...] = Field((), description="table: marketplace colour, synonyms")
    values: dict[str, Path] = Field(
        default_factory=dict, description="named tables of values, for the conversion `map`"
    )
    conversions: tuple[str, ...] = Field((), description="modules with conversions of your own")
    html_tags: tuple[str, ...] = ("p", "br", "ul", "ol", "li", "b", "strong", "i", "em")
    description_characters: int = Field(4000, ge=100, le=100_000)
    competitors: tuple[str, ...] = Field(COMPETITORS, description="shops no text may name")
    ambiguous_competitors: tuple[str, ...] = Field(
        SHOPS_THAT_ARE_WORDS, description="shops whose names are words as well"
    )
    allowed_phrases: tuple[str, ...] = Field(
        (), description="phrases never taken for prohibited content; the brand is one"
    )
    images: ImageSettings = ImageSettings()

    @field_validator("html_tags")
    @classmethod
    def _safe(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if bad := sorted({"script", "style", "iframe", "object", "embed"} & set(value)):
            raise ValueError(f"never allowed in a listing: {', '.join(bad)}")
        return value

    def table_files(self, blocks: tuple[str, ...] = ("visible",)) -> TableFiles:
        return TableFiles(self.categories, self.attributes, self.colours, self.values, blocks)

    def html(self) -> HtmlPolicy:
        return HtmlPolicy(frozenset(self.html_tags), {}, self.description_characters)

    def prohibited(self) -> Prohibited:
        return Prohibited(self.competitors, self.ambiguous_competitors, self.allowed_phrases)
