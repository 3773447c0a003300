"""PRD-1: each picture is fetched and checked once for its checksum, stored under its content, served at the public address."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from connectors.kit.catalogue.image_rules import ImageRules
from connectors.kit.catalogue.image_store import ImageStore, address_of, by_address
from connectors.kit.errors import DataError, TransientError
from schemas.records import Image
from tests.unit.kit.catalogue.samples import image, picture

RULES = ImageRules(smallest_side=100)


class Host:
    """Where the pictures are; counts how often it is asked."""

    def __init__(self, content: bytes | Exception) -> None:
        self.content = content
        self.asked = 0

    async def fetch(self, one: Image) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


def store(folder: Path, host: Host, rules: ImageRules = RULES) -> ImageStore:
    return ImageStore(folder, "https://media.example/p/", rules, host.fetch)


def jpegs(folder: Path) -> list[Path]:
    return list(folder.glob("*.jpg"))


async def test_stored_under_its_content_and_served_at_the_public_address(tmp_path: Path) -> None:
    host = Host(picture((120, 100)))
    found = await store(tmp_path / "media", host).stored(image())
    path = tmp_path / "media" / f"{found.sha256}.jpg"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == found.sha256
    assert found.url == f"https://media.example/p/{found.sha256}.jpg"
    assert (found.width, found.height, found.notes) == (120, 100, ("CONVERTED_FROM_PNG",))
    assert [one.name for one in path.parent.glob("*.part")] == []


async def test_fetched_once_for_each_checksum_also_after_a_restart(tmp_path: Path) -> None:
    host = Host(picture((120, 100)))
    first = await store(tmp_path, host).stored(image())
    assert await store(tmp_path, host).stored(image()) == first
    assert host.asked == 1
    await store(tmp_path, host).stored(image(checksum="a2"))  # Odoo says the picture changed
    assert host.asked == 2
    await store(tmp_path, host, ImageRules(smallest_side=100, quality=80)).stored(image())  # other rules
    assert host.asked == 3
    assert len(jpegs(tmp_path)) == 2


async def test_a_refused_picture_is_not_fetched_again_either(tmp_path: Path) -> None:
    host = Host(picture((50, 50)))
    for _ in range(2):
        with pytest.raises(DataError, match="50 x 50") as caught:
            await store(tmp_path, host).stored(image())
        assert caught.value.code == "BAD_IMAGE"
    assert host.asked == 1


async def test_a_failure_of_the_network_is_not_kept(tmp_path: Path) -> None:
    host = Host(TransientError("down"))
    with pytest.raises(TransientError):
        await store(tmp_path, host).stored(image())
    host.content = picture((120, 100))
    assert (await store(tmp_path, host).stored(image())).width == 120


async def test_without_a_checksum_nobody_knows_whether_it_changed(tmp_path: Path) -> None:
    host = Host(picture((120, 100)))
    for _ in range(2):
        await store(tmp_path, host).stored(image(checksum=""))
    assert host.asked == 2


async def test_a_picture_that_was_deleted_from_the_folder_is_made_again(tmp_path: Path) -> None:
    host = Host(picture((120, 100)))
    found = await store(tmp_path, host).stored(image())
    (tmp_path / f"{found.sha256}.jpg").unlink()
    assert await store(tmp_path, host).stored(image()) == found
    assert (tmp_path / f"{found.sha256}.jpg").is_file()
    next(iter((tmp_path / ".checked").glob("*.json"))).write_bytes(b"{broken")
    await store(tmp_path, host).stored(image())
    assert host.asked == 3


async def test_asked_for_by_many_at_once_it_is_fetched_once_and_counted(tmp_path: Path) -> None:
    def counted(result: str) -> float:
        return REGISTRY.get_sample_value("causeway_pictures_total", {"result": result}) or 0.0

    before = counted("stored"), counted("kept")
    host = Host(picture((120, 100)))
    one = store(tmp_path, host)
    found = await asyncio.gather(*(one.stored(image()) for _ in range(5)))
    assert host.asked == 1
    assert len({each.sha256 for each in found}) == 1
    await one.stored(image())
    assert (counted("stored"), counted("kept")) == (before[0] + 1, before[1] + 1)


async def test_where_a_picture_is() -> None:
    pattern = "https://odoo.example/web/image/{model}/{record_id}/{field}"
    assert address_of(image()) == "https://pictures.example/1.png"
    assert address_of(image(url=""), pattern) == "https://odoo.example/web/image/product.product/7/image_1920"
    assert address_of(image(url="")) == ""

    async def fetch(url: str) -> bytes:
        return url.encode()

    assert (
        await by_address(fetch, pattern)(image(url=""))
        == b"https://odoo.example/web/image/product.product/7/image_1920"
    )
    with pytest.raises(DataError, match="odoo_url"):
        await by_address(fetch)(image(url=""))
