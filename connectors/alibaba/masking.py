"""What of a refused call's parameters may be logged (ERR-3): names, structure, and the few values that are nobody's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.kit import exact_json
from connectors.kit.reading import described

_OPEN = frozenset(
    {
        "offerId", "specId", "skuId", "quantity", "productId", "productID", "orderId", "tradeID", "logisticsId", "page", "pageSize",
        "beginPage", "country", "language", "flow", "tradeType", "cancelReason", "webSite", "includeFields", "fields", "orderStatus",
        "modifyStartTime", "modifyEndTime", "createStartTime", "createEndTime", "isHis", "type", "categoryID", "addressId",
    }
)  # fmt: skip
_DEEPEST, _MOST = 4, 60


def masked(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Values that could be of a person or secret are told by their kind and length alone."""
    return {name: _masked(name, _parsed(text)) for name, text in sorted(parameters.items())}


def _parsed(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return text
    try:
        return exact_json.loads(text.encode())
    except ValueError:
        return text


def _masked(name: str, value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < _DEEPEST:
        return {str(key)[:40]: _masked(str(key), inner, depth + 1) for key, inner in list(value.items())[:_MOST]}
    if isinstance(value, list) and depth < _DEEPEST:
        return [_masked(name, inner, depth + 1) for inner in value[:_MOST]]
    return str(value)[:64] if name in _OPEN else described(value)
