"""The 1688 connector's client side in front of its sandbox, on the sandbox's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.alibaba.auth import Authority
from connectors.alibaba.client import AlibabaClient, open_client
from connectors.alibaba.sandbox.settings import DEMO_BUYER, STATIC_BUYER
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.calls import Surroundings
from connectors.kit.ports import Deps, NoMappings
from tests.contract.alibaba_box import Box

FAST = {"per_second": 10_000, "burst": 10_000, "grants_per_minute": 10_000}


def now_of(box: Box) -> datetime:
    return datetime.fromtimestamp(box.app.world.now(), UTC)


def settings_of(box: Box, folder: Path, **changes: Any) -> AlibabaSettings:
    """Settings for the box's demo buyer, `main`, which keeps its authorisation in `folder`."""
    account = {
        "app_key": DEMO_BUYER.app_key, "app_secret": DEMO_BUYER.app_secret, "token_file": str(folder / "token.json"),
        "refresh_token": DEMO_BUYER.refresh_token, **changes.pop("account", {}),
    }  # fmt: skip
    plain: dict[str, Any] = {
        "base_url": box.url, "authorise_url": box.url, "accounts": {"main": account}, "horizon_seconds": 0, "page_size": 2, "rates": FAST,
        "reference": {"cache_folder": str(folder / "reference")},
    }  # fmt: skip
    return AlibabaSettings(**{**plain, **changes})


def static_account(**changes: Any) -> dict[str, Any]:
    keys = {
        "app_key": STATIC_BUYER.app_key,
        "app_secret": STATIC_BUYER.app_secret,
        "access_token": STATIC_BUYER.static_token,
    }
    return {**keys, "token_file": "", "refresh_token": "", **changes}


def deps_of(box: Box, environment: str = "sandbox") -> Deps:
    return Deps(environment, NoMappings(), lambda: now_of(box))


@dataclass
class Waits:
    """Waits between tries: counted, not waited for."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@asynccontextmanager
async def connected(
    box: Box, settings: AlibabaSettings, waits: Waits | None = None, *, alone: bool = False
) -> AsyncIterator[AlibabaClient]:
    """A client of `main`. alone: as in another process, with tokens and budget of its own."""
    client = open_client(settings, "main", lambda: now_of(box))
    waited = waits or Waits()
    client._out = Surroundings(lambda: now_of(box), waited, lambda: 0.0, client._out.new_id)
    client._budget._sleep = _at_once
    if alone:
        keys = settings.account("main")
        client._authority = Authority(
            "main",
            keys,
            lambda: now_of(box),
            early=settings.refresh_early_seconds,
            postpone_days=settings.postpone_days,
        )
        client._tokens = type(client._tokens)("alibaba:alone", lambda: now_of(box))
    try:
        yield client
    finally:
        await client.aclose()


async def _at_once(seconds: float) -> None:
    """The real clock is not waited for beyond a moment."""
    import asyncio

    await asyncio.sleep(min(seconds, 0.01))
