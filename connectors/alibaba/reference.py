"""What the platform keeps for all and changes seldom (RATE-3): saved delivery addresses, carriers, categories. Asked once, kept with expiry, also
after a restart (`connectors.kit.cache`).

    addresses   of the buyer: whether the one that goods go to is still there
    carriers    names of the codes that some parcels bear alone
    categories  names of the numbers that some offers bear alone

Nothing waits for it: what cannot be asked, or may not, is done without.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.cache import ReferenceCache, default_folder
from connectors.kit.errors import ConnectorError
from connectors.kit.rate import Priority

logger = logging.getLogger(__name__)

ADDRESSES, CARRIERS, CATEGORIES = "addresses", "carriers", "categories"


class AlibabaReference:
    """Of one account. Never raises ConnectorError. What is kept is what is needed: of addresses their numbers, no person's name."""

    def __init__(
        self, settings: AlibabaSettings, account: str, client: AlibabaClient, now: Callable[[], datetime]
    ) -> None:
        one = settings.reference
        folder = Path(one.cache_folder) if one.cache_folder else default_folder()
        self._cache = ReferenceCache("alibaba", folder, now)
        self._client = client
        self._expires, self._stale = timedelta(hours=one.reference_hours), timedelta(days=one.stale_days)
        # Addresses are the buyer's, all else is of the platform; what another host says is another world.
        self._world = settings.base_url
        self._mine = f"{settings.base_url} {settings.account(account).app_key} {account}"

    async def has_address(self, address_id: str) -> bool | None:
        """Whether the buyer has saved it; None when that cannot be told. One that is not known is asked for anew: it may just have been saved."""
        known = await self._addresses()
        if known and address_id not in known:
            self._cache.forget(ADDRESSES, self._mine)
            known = await self._addresses()
        return address_id in known if known else None

    async def carrier_names(self, codes: Iterable[str]) -> dict[str, str]:
        """Names of those codes that are known."""
        wanted = set(codes) - {""}
        names = await self._kept(CARRIERS, self._world, "carriers", {}, _carriers) if wanted else None
        return {code: name for code in sorted(wanted) if (name := (names or {}).get(code))}

    async def category_name(self, category_id: str) -> str:
        """Empty where nobody says it."""
        if not category_id.isdecimal():
            return ""
        asked = {"categoryID": category_id}
        names = await self._kept(CATEGORIES, f"{self._world} {category_id}", "category", asked, _categories)
        return str((names or {}).get(category_id, ""))

    async def _addresses(self) -> list[str]:
        return list(await self._kept(ADDRESSES, self._mine, "addresses", {}, _address_ids) or ())

    async def _kept(self, what: str, key: str, call: str, asked: dict[str, str], taken: Callable[[Any], Any]) -> Any:
        """What is taken of the API's answer, from the cache where it holds one; None when there is none."""

        async def fetch() -> Any:
            return taken(await self._client.call(call, asked, priority=Priority.REPORTS))

        try:
            return await self._cache.get(what, key, fetch, expires=self._expires, stale=self._stale)
        except ConnectorError as error:
            logger.warning("reference_absent", extra={"system": "alibaba", "what": what, "error": type(error).__name__})
            return None


def _address_ids(answer: Any) -> list[str]:
    result = answer.get("result")
    return [str(row["id"]) for row in _rows(result if isinstance(result, dict) else {}, "receiveAddressItems", "id")]


def _carriers(answer: Any) -> dict[str, str]:
    return {
        str(row["companyNo"]): str(row["companyName"]) for row in _rows(answer, "result", "companyNo", "companyName")
    }


def _categories(answer: Any) -> dict[str, str]:
    return {str(row["categoryID"]): str(row["name"]) for row in _rows(answer, "categoryInfo", "categoryID", "name")}


def _rows(holder: Any, name: str, *needed: str) -> list[dict[str, Any]]:
    """Those that have all of these, of a list that may be absent or none."""
    rows = holder.get(name)
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [row for row in found if all(row.get(one) not in (None, "") for one in needed)]
