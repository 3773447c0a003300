"""Definitions of product types, asked for seldom (RATE-3). (Source: model definitionsProductTypes_2020-09-01.)

A definition links to its schema, megabytes large, and says which version it is and the schema's checksum. It is kept for some hours; the schema for
as long as its checksum stays. When Amazon cannot be asked and nothing is kept, or it has no definition of the type, listings go out unchecked: the
check saves a round trip, Amazon makes it again.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient
from connectors.amazon.definition_schema import DefinitionSchema
from connectors.amazon.documents import Documents
from connectors.kit import exact_json
from connectors.kit.cache import ReferenceCache
from connectors.kit.errors import ConnectorError, DataError, TransientError
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader

logger = logging.getLogger(__name__)

DEFINITION, SCHEMA = "definition", "definition_schema"
PATH = "/definitions/2020-09-01/productTypes"
ENFORCED, NOT_ENFORCED = "ENFORCED", "NOT_ENFORCED"
# Another checksum is another key, so what is kept never grows old.
_FOR_GOOD = timedelta(days=3650)
_KEPT_SCHEMAS = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """requirements: LISTING, LISTING_OFFER_ONLY ...; enforced: whether what is required must be there (False: for a part of the attributes)."""

    product_type: str
    marketplace: str
    requirements: str
    enforced: bool = True

    @property
    def key(self) -> str:
        how = ENFORCED if self.enforced else NOT_ENFORCED
        return " ".join((self.product_type, self.marketplace, self.requirements, how))


class Definitions:
    """Of all accounts: they are alike for all sellers. expires: how long a definition is kept; stale: how much longer it serves when Amazon cannot
    be asked. Never raises ConnectorError."""

    def __init__(self, cache: ReferenceCache, documents: Documents, expires: timedelta, stale: timedelta) -> None:
        self._cache = cache
        self._documents = documents
        self._expires = expires
        self._stale = stale
        self._built: OrderedDict[str, DefinitionSchema] = OrderedDict()

    async def schema(self, client: AmazonClient, wanted: Wanted) -> DefinitionSchema | None:
        """None where listings go out unchecked."""
        links: dict[str, str] = {}

        async def asked() -> Any:
            return await self._asked(client, wanted, links)

        try:
            known = await self._cache.get(DEFINITION, wanted.key, asked, expires=self._expires, stale=self._stale)
            if not known:
                return None
            key = f"{wanted.key} {known['version']} {known['checksum']}"
            if key not in self._built:
                self._keep(key, DefinitionSchema(await self._content(client, wanted, key, links), wanted.key))
        except (ConnectorError, LookupError, TypeError) as error:
            logger.warning("amazon_definition_unknown type=%s error=%s", wanted.key, type(error).__name__)
            return None
        self._built.move_to_end(key)
        return self._built[key]

    async def _content(self, client: AmazonClient, wanted: Wanted, key: str, links: dict[str, str]) -> Any:
        async def downloaded() -> Any:
            if not links:  # the definition was kept, its link is minutes old at most when it is used
                await self._asked(client, wanted, links)
            content = await self._documents.download(links["schema"])
            checksum = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
            if not key.endswith(f" {checksum}"):
                self._cache.forget(DEFINITION, wanted.key)
                raise TransientError("definition: the schema is not the one that was announced")
            return _schema_in(content)

        return await self._cache.get(SCHEMA, key, downloaded, expires=_FOR_GOOD)

    async def _asked(self, client: AmazonClient, wanted: Wanted, links: dict[str, str]) -> dict[str, str]:
        """Which version there is, {} where there is no such type; the schema's address goes into `links`, for it lives five minutes."""
        query = {
            "marketplaceIds": wanted.marketplace, "requirements": wanted.requirements, "locale": "DEFAULT",
            "requirementsEnforced": ENFORCED if wanted.enforced else NOT_ENFORCED,
        }  # fmt: skip
        path = f"{PATH}/{quote(wanted.product_type, safe='')}"
        try:
            answer, content = await client.call(
                "getDefinitionsProductType", "GET", path, query=query, priority=Priority.REPORTS
            )
        except DataError as error:
            if errors.is_missing(error):
                return {}
            raise
        try:
            read = Reader(content).an_object()
            schema = read["schema"].an_object()
            version = read["productTypeVersion"].text("version") if not read["productTypeVersion"].missing else ""
            links["schema"] = schema["link"].an_object().needed_text("resource")
            return {"version": version, "checksum": schema.needed_text("checksum")}
        except DataError:
            raise answer.asked.left("gave no schema") from None

    def _keep(self, key: str, schema: DefinitionSchema) -> None:
        self._built[key] = schema
        while len(self._built) > _KEPT_SCHEMAS:
            self._built.popitem(last=False)


def _schema_in(content: bytes) -> dict[str, Any]:
    try:
        found = exact_json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise TransientError("definition: its schema is no JSON object")
    return found
