"""Recorded answers of marketplaces: `recorded/<connector>/<name>.json`, each saying where it is from and that its persons are invented."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from connectors.kit import exact_json

FOLDER = Path(__file__).parent / "recorded"


@dataclass(frozen=True, slots=True)
class Recording:
    """One answer. `order`: the raw order in it, for the recordings named order_*."""

    name: str
    about: dict[str, str]
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def order(self) -> Any:
        return self.body["order"]

    @property
    def payload(self) -> bytes:
        return exact_json.dumps(self.order)

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, headers=self.headers, content=exact_json.dumps(self.body))


def recorded(connector: str, name: str) -> Recording:
    content = exact_json.loads((FOLDER / connector / f"{name}.json").read_bytes())
    return Recording(name, content["about"], content["status"], content["headers"], content["body"])


def all_recorded(connector: str) -> list[Recording]:
    return [recorded(connector, path.stem) for path in sorted((FOLDER / connector).glob("*.json"))]


def recorded_orders(connector: str) -> list[Recording]:
    """Those with one raw order in them."""
    return [one for one in all_recorded(connector) if one.name.startswith("order_")]
