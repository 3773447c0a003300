"""PRD-2: the main picture of a supplier's offer in Odoo; what keeps it out is a note. Pictures come from a server on this machine."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connectors.kit.ports import Result
from connectors.kit.sandbox.server import running
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put, sink_of
from tests.supplier_records import offer_of, tier, variant

UPSERT = "upsert_supplier_product"
TWO = (variant("11", tier(2, "18.50"), color="白色"), variant("12", tier(2, "19"), color="黑色"))


def png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (2400, 1200), colour).save(out, "PNG")
    return out.getvalue()


@dataclass
class PictureServer:
    """Serves /red.png, /blue.png, /text.png; anything else is 404 (or 503 while `down`)."""

    url: str = ""
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = Request(scope).url.path
        self.asked.append(path)
        found = {"/red.png": png("red"), "/blue.png": png("blue"), "/text.png": b"<html>not a picture</html>"}
        status = 503 if self.down else 200 if path in found else 404
        await Response(found.get(path, b""), status, media_type="image/png")(scope, receive, send)

    @property
    def rules(self) -> dict[str, Any]:
        """Of a sink that may ask here."""
        return {"supplier_products": {"image_hosts": [self.url.removeprefix("http://")]}}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def pictures() -> Iterator[PictureServer]:
    server = PictureServer()
    with running(server) as url:
        server.url = url
        yield server


@pytest.fixture
def number() -> str:
    return str(int(tag()[1:], 36))


def picture(box: OdooBox, number: str) -> str:
    """Base64 of the picture of the offer's template; "" for none."""
    (one,) = box.rows("product.template", [["name", "=", f"Linen dress {number}"]], ["image_1920"])
    return one["image_1920"] or ""


async def test_the_main_picture_comes_as_odoo_takes_it(box: OdooBox, number: str, pictures: PictureServer) -> None:
    """PRD-2: a JPEG no larger than Odoo keeps, fetched once however often the offer comes."""
    offer = offer_of(number, *TWO, images=[f"{pictures.url}/red.png", f"{pictures.url}/blue.png"])
    async with sink_of(box, **pictures.rules) as sink:
        (outcome,) = await put(sink, UPSERT, offer)
        (again,) = await put(sink, UPSERT, {**offer, "version": 2})
    assert "image_written" in outcome.notes, outcome.notes
    assert again.result is Result.ALREADY_APPLIED
    assert pictures.asked == ["/red.png"]
    stored = Image.open(io.BytesIO(base64.b64decode(picture(box, number))))
    assert (stored.format, stored.size) == ("JPEG", (1920, 960))


async def test_a_persons_picture_stays_and_one_taken_away_does_not_come_back(
    box: OdooBox, number: str, pictures: PictureServer
) -> None:
    """PRD-2: until the supplier's has another address."""
    offer = offer_of(number, *TWO, images=[f"{pictures.url}/red.png"])
    async with sink_of(box, **pictures.rules) as sink:
        await put(sink, UPSERT, offer)
        (one,) = box.rows("product.template", [["name", "=", f"Linen dress {number}"]], ["name"])
        box.call("product.template", "write", [one["id"]], {"image_1920": False})
        await put(sink, UPSERT, {**offer, "version": 2})
        assert picture(box, number) == ""
        own = base64.b64encode(png("green")).decode()
        box.call("product.template", "write", [one["id"]], {"image_1920": own})
        await put(sink, UPSERT, {**offer, "version": 3, "images": [f"{pictures.url}/blue.png"]})
        kept = picture(box, number)
        box.call("product.template", "write", [one["id"]], {"image_1920": False})
        (last,) = await put(sink, UPSERT, {**offer, "version": 4, "images": [f"{pictures.url}/blue.png"]})
    assert kept
    assert pictures.asked == ["/red.png", "/blue.png"]
    assert "image_written" in last.notes


@pytest.mark.parametrize(
    ("path", "note"), [("/missing.png", "image_refused"), ("/text.png", "image_refused"), ("", "image_refused")]
)
async def test_a_picture_that_cannot_be_had_is_a_note(
    box: OdooBox, number: str, pictures: PictureServer, path: str, note: str
) -> None:
    """PRD-3: products and prices are written all the same."""
    offer = offer_of(number, *TWO, images=[f"{pictures.url}{path}" if path else "ftp://host/x.png"])
    async with sink_of(box, **pictures.rules) as sink:
        (outcome,) = await put(sink, UPSERT, offer)
    assert outcome.result is Result.APPLIED
    assert {note, "variants_made:2", "prices_made:2"} <= set(outcome.notes)
    assert picture(box, number) == ""


async def test_a_host_that_is_down_is_asked_again_with_the_next_change(
    box: OdooBox, number: str, pictures: PictureServer
) -> None:
    offer = offer_of(number, *TWO, images=[f"{pictures.url}/red.png"])
    pictures.down = True
    async with sink_of(box, **pictures.rules) as sink:
        (first,) = await put(sink, UPSERT, offer)
        pictures.down = False
        (then,) = await put(sink, UPSERT, {**offer, "version": 2})
    assert ("image_not_fetched" in first.notes, first.ok) == (True, True)
    assert "image_written" in then.notes


async def test_a_host_that_is_down_does_not_hold_up_a_batch(box: OdooBox, number: str, pictures: PictureServer) -> None:
    """PRD-3: after some failures in a row nothing is asked for a minute, and every offer is written all the same."""
    offers = [offer_of(f"{number}{one}", images=[f"{pictures.url}/red.png"]) for one in range(10, 30)]
    pictures.down = True
    async with sink_of(box, **pictures.rules) as sink:
        outcomes = await put(sink, UPSERT, *offers)
    assert all(one.ok and "image_not_fetched" in one.notes for one in outcomes)
    assert 3 <= len(pictures.asked) <= 6


@pytest.mark.parametrize("rules", [{}, {"images": False}])
async def test_addresses_inside_our_own_network_are_not_asked(
    box: OdooBox, number: str, pictures: PictureServer, rules: dict[str, Any]
) -> None:
    """SEC-5: an offer's address must not make us read a neighbour; a host has to be named for that. Nor is anything asked where pictures are off."""
    async with sink_of(box, supplier_products=rules) as sink:
        (outcome,) = await put(sink, UPSERT, offer_of(number, *TWO, images=[f"{pictures.url}/red.png"]))
    assert outcome.ok
    assert pictures.asked == []
    assert ("image_refused" in outcome.notes) == (rules == {})
