"""What people call things, and the keys these travel under: numbers of orders, names that Odoo prints, SKUs. Pure.

2100000000000001   an order of a marketplace or of a supplier's platform, by its key, else the purchase order that names it
the buyer's number what a Walmart order is called where the buyer looks
S00012             a sale order of Odoo, as long as what Odoo said of it is kept: the marketplace's order it stands for
P00012, WH/...     a purchase order, a transfer, a credit note of Odoo
CWT-0001           a SKU
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.kit.order_numbers import order_numbers, words_of
from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.topics import ENTITIES, ORDERS_CURRENT, PARTNERS, SOURCES, SUPPLIERS
from streams.observe.operations import OWN_KINDS, is_order

SKU = "sku:"
_PURCHASES = ENTITIES["purchase_order"].every
_BEGINNINGS = (*PARTNERS, *OWN_KINDS, "odoo", "sku")  # of keys
_ODOO = ("raw.odoo.sale_orders", "raw.odoo.pickings", "raw.odoo.refunds", "raw.odoo.purchase_orders")


def plain(word: str) -> str:
    """A number of a supplier's order as keys have it, in one piece; anything else without blanks around it. Hyphens are Amazon's."""
    numbers = [] if {":", "-"} & set(word) else order_numbers(word)
    return numbers[0] if len(numbers) == 1 else word.strip()


def is_supplier_order(key: str) -> bool:
    """Whether it is that of an order at a supplier's platform: `alibaba:main:order:2100000000000001`."""
    parts = key.split(":")
    return len(parts) == 4 and parts[0] in SUPPLIERS and parts[2] == "order"


def is_purchase(key: str) -> bool:
    """Whether it is that of a purchase order of Odoo."""
    return key.startswith("odoo:purchase_order:")


def ends_in(key: str, word: str) -> bool:
    """Whether the last part of a key is this word, or what a channel is told under ends in it."""
    return key.endswith(f":{word}")


def named(record: Record, word: str, codec: Codec) -> Iterable[str]:
    """Keys of what the record calls by this word; none where it cannot be read. Most records do not hold its letters: those are not decoded."""
    # In a vendor reference a number may stand in groups.
    if record.value is None or (word.encode() not in record.value and record.topic != _PURCHASES):
        return ()
    try:
        if record.topic in _ODOO:
            return _in_odoo(codec.decode("raw_event", record.value), word)
        if record.topic in _NAMED:
            name, keys = _NAMED[record.topic]
            return keys(codec.decode(name, record.value), word)
    except (DecodeError, ValueError):
        pass
    return ()


def meant(keys: Iterable[str], called: Iterable[str], word: str) -> list[str]:
    """What a word means: orders of that number, else what is called so, else a SKU and whatever else has it for its number."""
    every = set(keys)
    if orders := {key for key in every if is_order(key) or is_supplier_order(key)}:
        return sorted(orders)
    if others := set(called):
        return sorted(others)
    rest = {f"{SKU}{word}" if _is_of_a_sku(key) else key for key in every}
    return sorted(key for key in rest if ":order:" not in key) or sorted(rest)


def asked_for(word: str) -> str:
    """What to type instead of a word that says nothing."""
    if re.fullmatch(r"S\d{3,}", word):
        return "what Odoo said of a sale order is kept for 30 days: type the marketplace's order number, which is the order's Source Document in Odoo"
    if ":" in word:
        sku = "" if word.partition(":")[0] in _BEGINNINGS else f" A SKU is asked for as sku:{word}"
        return f"was it fetched yet, and is it younger than the topics' retention?{sku}"
    return (
        "type an order's number at the marketplace or at 1688, a name of Odoo such as P00012, S00012 or WH/OUT/00012, sku:SKU, "
        "or a full key such as walmart:main:NUMBER; or it was not fetched yet, or is older than the topics' retention"
    )


def bought_as(record: Record, codec: Codec) -> list[str]:
    """Keys of the orders at a supplier's platform that a purchase order has become, of a record of `purchase-results`."""
    result = codec.decode("purchase_result", record.value)
    return [f"{result['source']}:{result['account']}:order:{one['order_id']}" for one in result["orders"]]


def _is_of_a_sku(key: str) -> bool:
    parts = key.split(":", 3)
    return parts[0] in ("sku", *OWN_KINDS) or (len(parts) == 4 and parts[0] in SOURCES and parts[2] == "item")


def _in_odoo(event: Mapping[str, Any], word: str) -> list[str]:
    payload = json.loads(event["payload"])
    return [payload.get("order_key") or event["key"]] if payload.get("name") == word else []


def _of_order(body: Mapping[str, Any], word: str) -> list[str]:
    return [body["key"]] if word in (body["customer_order_id"], body["seller_order_id"]) else []


def _of_purchase(body: Mapping[str, Any], word: str) -> list[str]:
    is_meant = word == body["name"] or word in words_of(body["supplier_reference"])
    return [body["key"]] if is_meant else []


def _of_result(body: Mapping[str, Any], word: str) -> list[str]:
    is_meant = word == body["purchase_name"] or word in [one["order_id"] for one in body["orders"]]
    return [body["key"]] if is_meant else []


def _by(field: str, key: str = "key") -> Callable[[Mapping[str, Any], str], list[str]]:
    return lambda body, word: [body[key]] if body[field] == word else []


# Topic -> its record, and the keys of what the record calls by a word.
_NAMED: Mapping[str, tuple[str, Callable[[Mapping[str, Any], str], list[str]]]] = {
    ORDERS_CURRENT: ("order", _of_order),
    **{
        ENTITIES[name].every: (name, keys)
        for name, keys in (
            ("shipment", _by("picking")), ("cancellation", _by("order_name", "order_key")), ("refund", _by("reference")),
            ("purchase_order", _of_purchase), ("purchase_result", _of_result),
        )
    },
}  # fmt: skip
