"""Checked pictures in a media folder, each under the name of its content, served by any web server at the configured public address.

A picture is fetched and checked once for each checksum Odoo gives it and each set of rules; the finding, good or bad, is kept in `.checked` beside
the pictures, so a restart fetches nothing again. A picture without a checksum is looked at every time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prometheus_client import Counter

from connectors.kit.catalogue.image_check import checked
from connectors.kit.catalogue.image_rules import ImageRules
from connectors.kit.catalogue.problems import BAD_IMAGE
from connectors.kit.errors import DataError
from schemas.records import Image

PICTURES = Counter(
    "causeway_pictures_total", "Pictures of products: kept (checked before), stored, refused", ["result"]
)
Fetch = Callable[[Image], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture that is served. url: where; notes: what was changed."""

    url: str
    sha256: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


class ImageStore:
    """folder: media folder, made when missing; public_url: its address; fetch: brings the bytes of a picture, by address or out of Odoo."""

    def __init__(self, folder: Path, public_url: str, rules: ImageRules, fetch: Fetch) -> None:
        self._folder = folder
        self._public = public_url.rstrip("/")
        self._rules = rules
        self._fetch = fetch
        self._running: dict[str, asyncio.Task[StoredImage]] = {}

    async def stored(self, image: Image) -> StoredImage:
        """Raises DataError (BAD_IMAGE) for a picture that will not do, TransientError when it cannot be fetched now.

        Asked for one picture many times at once, it is fetched once."""
        key = self._key(image)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = asyncio.create_task(self._made(image, key))
            running.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(running)

    async def _made(self, image: Image, key: str) -> StoredImage:
        if image["checksum"] and (kept := await asyncio.to_thread(self._kept, key)) is not None:
            PICTURES.labels("kept").inc()
            return self._answer(kept)
        content = await self._fetch(image)
        finding = await asyncio.to_thread(self._looked_at, content, key if image["checksum"] else "")
        PICTURES.labels("refused" if "refused" in finding else "stored").inc()
        return self._answer(finding)

    def _answer(self, finding: dict[str, Any]) -> StoredImage:
        if "refused" in finding:
            raise DataError(str(finding["refused"]), code=BAD_IMAGE)
        name = str(finding["sha256"])
        url = f"{self._public}/{name}.jpg"
        return StoredImage(url, name, int(finding["width"]), int(finding["height"]), tuple(finding["notes"]))

    def _looked_at(self, content: bytes, key: str) -> dict[str, Any]:
        """Checks and stores; its answer is what is kept under the key."""
        try:
            picture = checked(content, self._rules)
        except DataError as error:
            finding: dict[str, Any] = {"refused": str(error)}
        else:
            path = self._folder / f"{picture.sha256}.jpg"
            if not path.exists():
                _write(path, picture.jpeg)
            finding = {
                "sha256": picture.sha256,
                "width": picture.width,
                "height": picture.height,
                "notes": picture.notes,
            }
        if key:
            _write(self._finding(key), json.dumps(finding).encode())
        return finding

    def _kept(self, key: str) -> dict[str, Any] | None:
        """What was found before; nothing when the picture itself is gone or the note cannot be read."""
        try:
            finding = json.loads(self._finding(key).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(finding, dict):
            return None
        if "refused" in finding or (self._folder / f"{finding.get('sha256')}.jpg").is_file():
            return finding
        return None

    def _finding(self, key: str) -> Path:
        return self._folder / ".checked" / f"{key}.json"

    def _key(self, image: Image) -> str:
        said = [
            image["checksum"],
            image["url"],
            image["model"],
            image["record_id"],
            image["field"],
            asdict(self._rules),
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:40]


def by_address(fetch: Callable[[str], Awaitable[bytes]], odoo_url: str = "") -> Fetch:
    """Fetches by the picture's own address, else by Odoo's: a pattern with {model}, {record_id} and {field}."""

    async def bring(image: Image) -> bytes:
        url = address_of(image, odoo_url)
        if not url:
            raise DataError(
                "the picture has no address, and none of Odoo's pictures is configured (odoo_url)", code=BAD_IMAGE
            )
        return await fetch(url)

    return bring


def address_of(image: Image, odoo_url: str = "") -> str:
    """Where the picture can be fetched; "" when nowhere."""
    if image["url"] or not odoo_url or not image["model"]:
        return image["url"]
    return odoo_url.format(model=image["model"], record_id=image["record_id"], field=image["field"])


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, also when two processes write the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partly = path.with_name(f"{path.name}.{os.getpid()}.part")
    partly.write_bytes(content)
    partly.replace(path)
