"""PRD-1: a product's pictures are fetched, checked and listed by the address where the checked ones are served."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.errors import ConnectorError
from connectors.walmart.item_maker import ItemMaker, Made
from connectors.walmart.listing_settings import EXAMPLE, ListingSettings
from schemas.records import Image, Product
from streams.demo.goods import picture
from tests.unit.kit.catalogue.samples import product

SIDES = {"1": 1000, "2": 999}


class Web(BaseHTTPRequestHandler):
    """Pictures of Odoo: /ID has that record's."""

    def do_GET(self) -> None:
        content = base64.b64decode(picture((1, 2, 3), SIDES[self.path.strip("/")]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def web() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def clock(number: int) -> Product:
    image: Image = {
        "url": "",
        "model": "product.product",
        "record_id": number,
        "field": "image_1920",
        "checksum": f"c{number}",
    }
    return product(
        sku=f"S-{number}", category="All / Saleable / Wall Clocks", attributes={"Color": "Blue"}, images=[image]
    )


def kept(folder: Path) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in folder.glob("*.jpg")]


async def made(products: list[Product], **images: Any) -> list[Made | ConnectorError]:
    settings = ListingSettings(
        categories=(EXAMPLE / "categories.csv",),
        attributes=(EXAMPLE / "attributes.toml",),
        values={"power": EXAMPLE / "power.csv"},
        check_spec=False,
        images=images,
    )
    maker = ItemMaker(settings, lambda account: pytest.fail("nobody is asked"), lambda: datetime.now(UTC))
    try:
        return list(await maker.make("main", products))
    finally:
        await maker.aclose()


async def test_a_checked_picture_is_listed_where_it_is_served_and_a_small_one_refused(web: str, tmp_path: Path) -> None:
    """1000 pixels are asked for where nothing else is said; one product's picture harms no other."""
    served = {"folder": str(tmp_path), "public_url": "http://127.0.0.1:9/media", "private_addresses": True}
    good, small = await made([clock(1), clock(2)], odoo_url=web + "/{record_id}", **served)
    assert isinstance(good, Made), good
    ((name, content),) = kept(tmp_path)
    assert good.item["Visible"]["Wall Clocks"]["mainImageUrl"] == f"http://127.0.0.1:9/media/{name}"
    assert content.startswith(b"\xff\xd8\xff"), "what was a PNG is a JPEG"
    assert isinstance(small, ConnectorError)
    assert "999 x 999" in str(small)


async def test_without_a_folder_a_picture_is_listed_by_its_own_address(web: str) -> None:
    (one,) = await made([clock(1)], odoo_url=web + "/{record_id}")
    assert isinstance(one, Made), one
    assert one.item["Visible"]["Wall Clocks"]["mainImageUrl"] == f"{web}/1"


async def test_a_picture_nobody_can_fetch_is_told() -> None:
    (one,) = await made([clock(1)])
    assert isinstance(one, ConnectorError)
    assert "images.odoo_url" in str(one)


async def test_variants_that_come_together_know_of_each_other(web: str) -> None:
    """PRD-1: one of them stands for the group; two of the same values are told apart by nobody."""

    def variant(number: int, colour: str, group: str = "T3") -> Product:
        one = clock(number)
        return {**one, "product_id": number, "attributes": {"Color": colour}, "variant_group": group, "variant_attributes": ["Color"]}  # fmt: skip

    products = [variant(2, "Blue"), variant(1, "Red"), clock(3), variant(4, "Red", "T4")]
    first, second, alone, other = await made(products, odoo_url=f"{web}/{{record_id}}")
    assert all(isinstance(one, Made) for one in (first, second, alone, other)), [first, second, alone, other]
    shown = [one.item["Visible"]["Wall Clocks"] for one in (first, second, alone, other) if isinstance(one, Made)]
    assert [one.get("isPrimaryVariant") for one in shown] == ["No", "Yes", None, None]
    twins = await made([variant(1, "Red"), variant(2, "Red")], odoo_url=f"{web}/{{record_id}}")
    assert ["VARIANT" in str(one) for one in twins] == [True, True]
