"""Odoo's own webhook as a wake-up (EVT-6): an automation rule posts what it is about, and the flows that watch that model are polled now.

Odoo 18 posts inside the transaction, before the commit, once for each internal write, also for work that is rolled back, and forgets a call
that fails (docs/capture.md). So of the body only the model's name is read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from connectors.kit.hints import Hints
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import flows_for
from connectors.odoo.source.watches import PLANS


def hints(settings: OdooSettings) -> Hints | None:
    """None where it is not switched on, or nothing is captured. Raises OSError for a secret's file that cannot be read, ValueError for a weak one."""
    webhook, flows = settings.capture.webhook, flows_for(settings)
    if not webhook.port or not flows:
        return None
    watching = models_of(flows)
    return Hints(
        webhook.host, webhook.port, webhook.the_secret(), webhook.pause_seconds, lambda body: flows_of(body, watching)
    )


def models_of(flows: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Model -> the flows that watch it."""
    found: dict[str, tuple[str, ...]] = {}
    for flow in flows:
        for model in {watch.model for watch in PLANS[flow].watches}:
            found[model] = (*found.get(model, ()), flow)
    return found


def flows_of(body: bytes, watching: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """`{"_model": "sale.order", "_id": 7, ...}` -> the flows to poll. Raises ValueError for a body without a model."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    model = content.get("_model") if isinstance(content, dict) else None
    if not isinstance(model, str):
        raise ValueError("not what a webhook of Odoo posts")  # noqa: TRY004 - of whatever kind: it cannot be read
    return watching.get(model, ())
