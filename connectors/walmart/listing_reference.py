"""Taxonomy and item specs of Walmart, asked for seldom (RATE-3): a spec call is limited to about 3 a minute and answers for up to 20 types.

When Walmart cannot be asked and nothing is kept, items go out unchecked by the spec: the check saves a round trip, Walmart makes it again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

from connectors.kit.cache import ReferenceCache
from connectors.kit.errors import DataError, RetryError
from connectors.walmart.listing_spec import ItemSpec, part_for, product_types_in

logger = logging.getLogger(__name__)
TAXONOMY, SPECS = "taxonomy", "item_spec"
FEED_TYPE = "MP_ITEM"
TYPES_PER_CALL = 20


class Call(Protocol):
    """`WalmartClient.call`: gives the answer and its decoded body."""

    async def __call__(
        self, operation: str, method: str, path: str, *, body: Any = None, repeatable: bool | None = None
    ) -> tuple[Any, Any]: ...


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known for some items. product_types: all there are, None when that could not be asked; specs: by product type."""

    product_types: frozenset[str] | None = None
    specs: Mapping[str, ItemSpec] = field(default_factory=dict)


class WalmartReference:
    """Reference data for the listings of one account. Raises AuthError and the like; never for what time mends."""

    def __init__(
        self, call: Call, cache: ReferenceCache, *, version: str, expires: timedelta, stale: timedelta
    ) -> None:  # fmt: skip
        self._call = call
        self._cache = cache
        self._version = version
        self._expires = expires
        self._stale = stale
        self._built: dict[str, tuple[int, ItemSpec]] = {}

    async def for_types(self, product_types: Collection[str]) -> Reference:
        """All product types there are, and the specs of these."""
        known = await self._product_types()
        wanted = sorted(product_types if known is None else known & set(product_types))
        try:
            parts = await self._cache.get_many(
                SPECS, [f"{self._version} {name}" for name in wanted], self._fetch_specs,
                expires=self._expires, stale=self._stale, at_most=TYPES_PER_CALL,
            )  # fmt: skip
        except RetryError as error:
            logger.warning("spec_unknown", extra={"types": len(wanted), "error": type(error).__name__})
            return Reference(known)
        found = {name: parts[f"{self._version} {name}"] for name in wanted}
        return Reference(known, {name: self._spec(name, part) for name, part in found.items() if part})

    async def taxonomy(self) -> Any:
        """The taxonomy as Walmart gave it, for people and tables."""
        return await self._cache.get(
            TAXONOMY, self._version, self._fetch_taxonomy, expires=self._expires, stale=self._stale
        )  # fmt: skip

    async def _product_types(self) -> frozenset[str] | None:
        try:
            return product_types_in(await self.taxonomy()) or None
        except RetryError as error:
            logger.warning("taxonomy_unknown", extra={"error": type(error).__name__})
            return None

    async def _fetch_taxonomy(self) -> Any:
        # The whole version of the spec is refused here; its first number says which kind of taxonomy is meant.
        query = urlencode({"feedType": FEED_TYPE, "version": ".".join(self._version.split(".")[:2])})
        answer, content = await self._call(TAXONOMY, "GET", f"/v3/items/taxonomy?{query}")
        if not product_types_in(content):  # not kept: time mends it
            raise answer.asked.left("gave no product type")
        return content

    async def _fetch_specs(self, keys: Sequence[str]) -> Mapping[str, Any]:
        """key -> the type's part of the schema, None for a type Walmart does not know."""
        names = {key: key.split(" ", 1)[1] for key in keys}
        try:
            schema = await self._asked(list(names.values()))
        except DataError:
            if len(keys) == 1:
                return dict.fromkeys(keys)
            # One wrong type makes Walmart refuse the whole question; each alone tells which.
            singly = [await self._fetch_specs([key]) for key in keys]
            return {key: part for one in singly for key, part in one.items()}
        return {key: part_for(schema, name) for key, name in names.items()}

    async def _asked(self, product_types: Sequence[str]) -> Mapping[str, Any]:
        body = {"feedType": FEED_TYPE, "version": self._version, "productTypes": list(product_types)}
        answer, content = await self._call(SPECS, "POST", "/v3/items/spec", body=body, repeatable=True)
        schema = content.get("schema") if isinstance(content, dict) else None
        if not schema or not isinstance(schema, dict):  # not kept: time mends it
            raise answer.asked.left("gave no `schema`")
        return schema

    def _spec(self, name: str, part: Mapping[str, Any]) -> ItemSpec:
        """Built once for each fetched part."""
        built = self._built.get(name)
        if built is None or built[0] != id(part):
            built = self._built[name] = (id(part), ItemSpec(part["orderable"], part["visible"]))
        return built[1]
