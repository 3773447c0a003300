"""Listings against Amazon's own schema of their product type, before they are sent (PRD-3): what is wrong is told attribute by attribute, with what
to do, in each marketplace for itself. Nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from connectors.amazon.client import AmazonClient
from connectors.amazon.definitions import Definitions, Wanted
from connectors.amazon.listing_draft import CONDITION, LISTING
from connectors.amazon.listing_items import Shown
from connectors.amazon.listing_maker import Made
from connectors.kit.catalogue.problems import ItemError


class ListingCheck:
    """definitions: None where nothing is checked."""

    def __init__(self, definitions: Definitions | None) -> None:
        self._definitions = definitions

    async def refusals(self, client: AmazonClient, shown: Shown | None, made: Made) -> Mapping[str, ItemError]:
        """Marketplace -> what is wrong there; only those where something is."""
        found: dict[str, ItemError] = {}
        for place in client.account.marketplaces if self._definitions is not None else ():
            is_there = shown is not None and place in shown.marketplaces
            if (error := await self._in(client, place, shown if is_there else None, made)) is not None:
                found[place] = error
        return found

    async def _in(self, client: AmazonClient, place: str, shown: Shown | None, made: Made) -> ItemError | None:
        """shown: the listing where it is in that marketplace."""
        assert self._definitions is not None
        attributes: dict[str, Any] = made.draft.attributes(place, made.urls)
        if shown is None:
            wanted = Wanted(made.draft.product_type, place, made.draft.requirements)
            attributes |= made.offers.get(place, {})
        else:  # only a part of what it says
            wanted = Wanted(shown.product_type or made.draft.product_type, place, LISTING, enforced=False)
            attributes.pop(CONDITION, None)
        schema = await self._definitions.schema(client, wanted)
        # A schema has thousands of rules.
        problems = await asyncio.to_thread(schema.problems, attributes) if schema is not None else []
        return ItemError(problems) if problems else None
