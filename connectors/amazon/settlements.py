"""A settlement report -> the canonical settlement and what each order brought (FIN-1, FIN-2). Pure: bytes in, records out.

    downloaded file --- fetched() ---> raw record --- to_settlement() ---> settlement, and one settled_order for each order in it

A report never changes, so its version is the end of its period; the same report read twice is the same record. Whether its amounts come to what
Amazon paid out is for `post_settlement` to judge, by the same sums for every marketplace: a report that does not hold is seen in full, and never
posted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from connectors.amazon.settlement_file import Row, SettlementFile, Summary
from connectors.amazon.settlement_kinds import folded, kind_of, name_of, told_kinds
from connectors.amazon.settlement_text import charset_of, lines_of, packed, unpacked
from connectors.kit.ports import Canonical, EntityMapping, Fetched
from connectors.kit.reading import millis_of
from connectors.kit.settled_orders import SettledOrders, with_orders
from connectors.kit.settlement_lines import SettlementLines, facts
from schemas.records import Settlement, SettlementLine

FLOW, ENTITY = "settlements", "settlement"
REPORT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
# What was bought at Amazon; others are removals, inbound shipments, orders of other shops that Amazon ships (S01-...).
_ORDER_ID = re.compile(r"\d{3}-\d{7}-\d{7}")
_QUANTITY = re.compile(r"\d{1,9}")


def settlement_key(account: str, settlement_id: str) -> str:
    return f"amazon:{account}:settlement:{settlement_id}"


def summary_of(content: bytes, content_type: str = "") -> Summary:
    """What a downloaded file is a settlement of. A seller's list of reports has those of all currencies; an account has one. Raises DataError."""
    return SettlementFile(lines_of(content, charset_of(content, content_type))).summary


def fetched(content: bytes, content_type: str, account: str, report: Mapping[str, str]) -> Fetched:
    """A downloaded file (plain or gzip) -> raw entity. `report`: what getReports said of it (reportId, createdTime ...), the same every time.
    Raises DataError."""
    charset = charset_of(content, content_type)
    summary = SettlementFile(lines_of(content, charset)).summary
    payload = packed(summary.settlement_id, content, charset, report)
    return Fetched(settlement_key(account, summary.settlement_id), ENTITY, payload, version_of(summary))


def version_of(summary: Summary) -> int:
    """The end of its period, milliseconds: never in the future, other than the day of the deposit."""
    moment = summary.ends_at or summary.starts_at
    return millis_of(moment) if moment else 0


def mapping_for(kinds: Mapping[str, str]) -> EntityMapping:
    """The mapping with kinds a person has given to triples. Raises DataError for a kind there is not."""
    return partial(to_settlement, told=told_kinds(kinds))


def to_settlement(payload: bytes, account: str, told: Mapping[str, str] | None = None) -> Sequence[Canonical]:
    """One report -> the canonical settlement, then what each order in it brought. Raises DataError naming row and column."""
    lines, orders = SettlementLines(), SettledOrders()
    content, charset = unpacked(payload)
    file = SettlementFile(lines_of(content, charset))
    shops: dict[str, None] = {}
    for line in _lines(file, account, told, shops):
        lines.add(line)
        orders.add(line)
    body = _head(file, account, shops)
    body["lines"] = lines.lines()
    body["extras"] |= facts(lines)
    return with_orders(body, orders)


def _head(file: SettlementFile, account: str, shops: Mapping[str, None]) -> Settlement:
    """The settlement without its lines, once all have been read."""
    head = file.summary
    return Settlement(
        key=settlement_key(account, head.settlement_id), source="amazon", account=account, settlement_id=head.settlement_id,
        version=version_of(head), starts_at=head.starts_at, ends_at=head.ends_at, deposited_at=head.deposited_at,
        currency=head.currency, deposit=f"{head.total:f}", lines=[],
        extras={"marketplaces": ", ".join(shops)} if shops else {},
    )  # fmt: skip


def _lines(
    file: SettlementFile, account: str, told: Mapping[str, str] | None, shops: dict[str, None]
) -> Iterator[SettlementLine]:
    for row in file.rows():
        if shop := row.details.get("marketplace-name"):
            shops[shop] = None
        yield line_of(row, account, told)


def line_of(row: Row, account: str, told: Mapping[str, str] | None = None) -> SettlementLine:
    """One amount. Its order's key only where the order is Amazon's own."""
    triple = (row.transaction_type, row.amount_type, row.description)
    is_own = _ORDER_ID.fullmatch(row.order_id) is not None
    return SettlementLine(
        kind=kind_of(*triple, told), name=name_of(*triple), amount=f"{row.amount:f}", order_id=row.order_id,
        order_key=f"amazon:{account}:{row.order_id}" if is_own else "", line_id=row.item_code, sku=row.sku,
        quantity=_units(row), posted_at=row.posted_at,
        detail=" ".join(f"{name}={text}" for name, text in row.details.items()),
    )  # fmt: skip


def _units(row: Row) -> str:
    """Every amount of an item repeats its quantity; it counts once, beside the price of the goods."""
    is_goods = (folded(row.amount_type), folded(row.description)) == ("itemprice", "principal")
    return row.quantity if is_goods and _QUANTITY.fullmatch(row.quantity) else "0"
