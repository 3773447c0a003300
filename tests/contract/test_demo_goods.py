"""The demo's new products, made in Odoo by RPC, are what they are said to be: ready to be listed, or wrong in the ways told (PRD-1, PRD-3)."""

from __future__ import annotations

import base64
import random
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from connectors.kit.catalogue.image_check import checked
from connectors.kit.catalogue.image_rules import ImageRules
from connectors.kit.catalogue.problems import ItemError
from connectors.kit.sandbox.catalog import CATALOG
from connectors.walmart.listing import listing_of
from schemas.records import Product
from streams.demo import goods
from streams.demo.hands import Hands
from streams.demo.odoo import OdooTarget, add_pictures, seed_products
from streams.demo.pictures import Pictures, server
from streams.demo.warehouses import found_or_made
from tests.contract.odoo_capture_box import CaptureBox, Polled, capture_box, mapped, poll
from tests.unit.walmart.test_listing_sandbox import OPTIONS, TABLES, taken


class Rpc:
    """odoorpc's `execute_kw` over the box."""

    def __init__(self, box: CaptureBox) -> None:
        self._box = box

    def execute_kw(self, model: str, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self._box.call(model, method, *args, **kwargs)


@pytest.fixture
def box() -> Iterator[CaptureBox]:
    with capture_box() as made:
        yield made


async def captured(box: CaptureBox) -> dict[str, Product]:
    source, polled = box.source("products"), Polled()
    await poll(source, polled)
    await source.aclose()
    found = [
        cast("Product", one.body) for content in polled.newest.values() for one in mapped("product", content, None)
    ]
    return {one["sku"]: one for one in found}


async def test_the_ready_ones_become_items_and_the_faulty_ones_say_why(box: CaptureBox) -> None:
    hands = Hands(Rpc(box), random.Random(1), found_or_made(Rpc(box), ["amazon"]))
    hands.make(goods.PRODUCTS)
    hands.make(goods.PRODUCTS)  # a demo on an Odoo that has them already
    found = await captured(box)
    assert set(found) == {variant.sku for product in goods.PRODUCTS for variant in product.variants}
    for product, variant in goods.ready():
        item = taken(found[variant.sku])
        told = item["Orderable"] | next(iter(item["Visible"].values()))
        assert told["productName"] == product.shown_title
        assert ("variantGroupId" in told) is (len(product.variants) > 1)
    for product, variant in goods.faulty():
        with pytest.raises(ItemError) as refused:
            listing_of(found[variant.sku], TABLES, OPTIONS)
        assert tuple(problem.code for problem in refused.value.problems) == product.faults


async def test_their_stock_can_be_counted(box: CaptureBox) -> None:
    hands = Hands(Rpc(box), random.Random(1), found_or_made(Rpc(box), ["amazon"]))
    hands.make(goods.PRODUCTS)
    hands.stock_up({variant.sku: goods.STOCK for _, variant in goods.ready()})
    free = hands.free()
    assert {free[variant.sku] for _, variant in goods.ready()} == {goods.STOCK}
    assert {free[variant.sku] for _, variant in goods.faulty()} == {0}


@pytest.fixture
def pictures(box: CaptureBox, tmp_path: Path) -> Iterator[HTTPConnection]:
    target = OdooTarget(box.url, box.settings.db, "admin", box.settings.password.get_secret_value())
    made: ThreadingHTTPServer = server(Pictures(target, tmp_path))
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    connection = HTTPConnection("127.0.0.1", made.server_port, timeout=30)
    yield connection
    connection.close()
    made.shutdown()
    thread.join()
    made.server_close()


def fetched(connection: HTTPConnection, path: str) -> tuple[int, bytes]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_pictures_come_out_of_odoo_over_http_and_will_do(box: CaptureBox, pictures: HTTPConnection) -> None:
    """PRD-1: fetched, checked; a product without one, and an Odoo that does not answer, are told apart."""
    one = box.product("PIC", image_1920=goods.picture((10, 20, 30)))
    none = box.product("BARE")
    status, content = fetched(pictures, f"/odoo/product.product/{one}/image_1920")
    assert (status, content) == (HTTPStatus.OK, base64.b64decode(goods.picture((10, 20, 30))))
    picture = checked(content, ImageRules())
    assert (picture.width, picture.height) == (goods.SIDE, goods.SIDE)
    assert fetched(pictures, f"/odoo/product.product/{none}/image_1920")[0] == HTTPStatus.NOT_FOUND
    box.http.put("/sandbox/faults", json={"rules": [{"kind": "status", "code": 502}]}).raise_for_status()
    assert fetched(pictures, f"/odoo/product.product/{one}/image_1920")[0] == HTTPStatus.SERVICE_UNAVAILABLE


def test_only_pictures_are_served(pictures: HTTPConnection, tmp_path: Path) -> None:
    name = "a" * 64
    (tmp_path / f"{name}.jpg").write_bytes(b"jpeg")
    (tmp_path / "secret").write_bytes(b"secret")
    assert fetched(pictures, f"/{name}.jpg") == (HTTPStatus.OK, b"jpeg")
    for path in (
        "/secret",
        "/../secret",
        f"/{'b' * 64}.jpg",
        "/odoo/res.users/2/image_1920",
        "/odoo/product.product/1/name",
    ):
        assert fetched(pictures, path)[0] == HTTPStatus.NOT_FOUND


def test_the_catalogue_gets_its_pictures_once(box: CaptureBox) -> None:
    target = OdooTarget(box.url, box.settings.db, "admin", box.settings.password.get_secret_value())
    seed_products(target)
    written = []
    for _ in range(2):
        add_pictures(target)
        rows = box.rows("product.template", [["default_code", "=like", "CWT-%"]], ["image_1920", "write_date"])
        assert len(rows) == len(CATALOG)
        assert all(row["image_1920"] for row in rows)
        written.append([row["write_date"] for row in rows])
        box.clock.forward(5)
    assert written[0] == written[1], "the second time nothing is written"
