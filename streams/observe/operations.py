"""Which operation an outcome is about, and whose account: what ledgers, traces and status sort by. Pure, on the table of `stages.rules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.codec import Codec, DecodeError
from schemas.records import Outcome
from schemas.topics import PARTNERS, RAW, SOURCES, SUPPLIERS
from streams.phases import SUPPLIER_FLOWS
from streams.stages.rules import (
    ACKNOWLEDGE_ORDER,
    EVERY_RULE,
    FLOW_OF,
    REOPEN_ORDER,
    RULES,
    SET_STOCK,
    UPSERT_ORDER,
    Channel,
    channel_of,
)

# Operation -> whether it is a command, which happens once for each delivery; a state happens for each key.
OPERATIONS: Mapping[str, bool] = {
    **{rule.operation: rule.is_command for rule in EVERY_RULE},
    ACKNOWLEDGE_ORDER: True,
    REOPEN_ORDER: True,
}
# What becomes a delivery by way of a stage of its own.
_THROUGH_STAGE = {"stock_level": SET_STOCK, "demand": SET_STOCK, "price": "set_price"}
OWN_KINDS = ("stock", "price", "listing")  # first part of the keys of what is told to one channel


def operation_of(outcome: Outcome) -> str:
    """The operation an outcome is about; empty: it leads to none."""
    return operation_for(outcome["operation"], outcome.get("entity", ""), outcome["source"])


def operation_for(operation: str, entity: str, source: str) -> str:
    """Of a delivery its own; of what ended before it became one, or could not be read, that of its entity. Empty: it leads to none."""
    if operation in OPERATIONS:
        return operation
    if entity in OPERATIONS:  # the headers of a command name what it does
        return entity
    if not entity:  # of a version that did not say it, when there were only orders
        return UPSERT_ORDER
    canonical = RAW.get(source, {}).get(entity, entity)
    rule = RULES.get(canonical)
    return rule.operation if rule else _THROUGH_STAGE.get(canonical, "")


def account_of(key: str) -> Channel:
    """(system, account) a key is about: `stock:walmart:main:SKU` -> (walmart, main), `odoo:picking:5` -> (odoo, main). ("", "") when unknown."""
    kind, _, rest = key.partition(":")
    if kind in ("sku", "odoo"):
        return "odoo", "main"
    try:
        system, account = channel_of(rest if kind in OWN_KINDS else key)
    except ValueError:
        return "", ""
    return (system, account) if system in PARTNERS else ("", "")


def whose(operation: str, key: str, destination: str, source: str, account: str) -> Channel:
    """The same of a delivery. What goes to a supplier and what comes of it has the key of Odoo's purchase order: it says itself whose it is."""
    platform = destination if destination in SUPPLIERS else source
    is_suppliers = platform in SUPPLIERS and account and FLOW_OF.get(operation) in SUPPLIER_FLOWS
    return (platform, account) if is_suppliers else account_of(key)


def whose_record(codec: Codec, operation: str, key: str, value: bytes | None) -> Channel:
    """The same of a delivery as it stands in Kafka; as far as its key says where it cannot be read."""
    if FLOW_OF.get(operation) not in SUPPLIER_FLOWS or value is None:
        return account_of(key)
    try:
        delivery = codec.decode("deliver", value)
    except DecodeError:
        return account_of(key)
    return whose(operation, key, delivery["destination"], delivery["source"], delivery["account"])


def kept_as(name: str) -> tuple[str, str]:
    """Key and operation of what shadow or held keeps under `key|operation`, of a command under `key|operation|id` or `key|id`: then the
    operation may be empty."""
    key, _, last = name.rpartition("|")
    if last in FLOW_OF:
        return key, last
    before, _, operation = key.rpartition("|")
    return (before, operation) if operation in FLOW_OF else (key, "")


def is_order(key: str) -> bool:
    """Whether it is an order's: `walmart:main:1796277083022`."""
    source, _, rest = key.partition(":")
    return source in SOURCES and rest.count(":") == 1


def order_of(body: Mapping[str, Any]) -> str:
    """The key of the order that a record is about although its own key differs; empty when it is about none."""
    return str(body.get("order_key", ""))
