"""Products and tables for the tests of the catalogue, any part of which can be replaced."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image as Picture

from connectors.kit.catalogue.files import TableFiles, load
from connectors.kit.catalogue.plugins import conversions
from connectors.kit.catalogue.tables import Tables
from schemas.records import Image, Money, Product


def product(**changed: Any) -> Product:
    """A whole product without faults; names of its fields replace them."""
    whole = Product(
        key="sku:LAMP-1",
        sku="LAMP-1",
        product_id=7,
        template_id=3,
        version=1,
        active=True,
        name="Desk Lamp with USB Port",
        description="<p>A lamp for the desk.</p><ul><li>Dimmable</li><li>USB port</li></ul>",
        barcode="4006381333931",
        brand="Lumo",
        category="All / Saleable / Lamps",
        list_price=Money(amount="24.99", currency="USD"),
        weight_kg="1.35",
        volume_m3="",
        unit="Units",
        images=[image()],
        attributes={},
        variant_group="",
        variant_attributes=[],
        fields={},
        tags=[],
    )
    return {**whole, **changed}  # type: ignore[typeddict-item]


def image(**changed: Any) -> Image:
    whole = Image(
        url="https://pictures.example/1.png", model="product.product", record_id=7, field="image_1920", checksum="a1"
    )
    return {**whole, **changed}  # type: ignore[typeddict-item]


def picture(size: tuple[int, int] = (1200, 1000), mode: str = "RGB", kind: str = "PNG", **saving: Any) -> bytes:
    """A plain picture as a file."""
    out = io.BytesIO()
    Picture.new(mode, size, 128 if mode in ("L", "P") else None).save(out, kind, **saving)
    return out.getvalue()


def tables(folder: Path, attributes: str, categories: str = "", name: str = "attributes.csv", **more: str) -> Tables:
    """Tables of the text of their files; further ones are tables of values."""
    paths = {}
    for file, content in (
        (name, attributes),
        ("categories.csv", categories),
        *((f"{key}.csv", text) for key, text in more.items()),
    ):
        paths[file] = folder / file
        paths[file].write_text(content, encoding="utf-8")
    files = TableFiles(
        categories=[paths["categories.csv"]] if categories else [],
        attributes=[paths[name]] if attributes else [],
        values={key: paths[f"{key}.csv"] for key in more},
        blocks=("visible", "orderable"),
    )
    return load(files, conversions(points=[]))
