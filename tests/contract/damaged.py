"""Documents that come damaged: the sandboxes asked for it, and one poll as the poller does it."""

from __future__ import annotations

from typing import Any

import httpx

from connectors.kit.errors import TransientError
from connectors.kit.ports import Page, Source


def malform(http: httpx.Client, path: str, seed: int, **rule: Any) -> None:
    """What is read at this path comes cut, with something behind the cut, or as a page of HTML, by the seed."""
    rules = [{"kind": "malformed", "method": "GET", "path": path, **rule}]
    http.put("/sandbox/faults", json={"rules": rules, "seed": seed}).raise_for_status()


async def polled(source: Source, position: str) -> tuple[list[Page], str, TransientError | None]:
    """One poll as the poller does it: its pages, where the cursor stands after them, and what ended it early."""
    taken: list[Page] = []
    try:
        async for page in source.pages(position):
            taken.append(page)
            position = page.position
    except TransientError as error:
        return taken, position, error
    return taken, position, None
