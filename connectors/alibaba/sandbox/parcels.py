"""Parcels: one may hold lines of several orders, an order may lie in several (alibaba.md section 9). Times in epoch seconds."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectors.alibaba.sandbox.carriers import BY_NO, Carrier
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import Json, RefusedError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS parcels (account TEXT NOT NULL, parcel_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS parcel_orders (
  account TEXT NOT NULL, parcel_id TEXT NOT NULL, order_id TEXT NOT NULL, PRIMARY KEY (parcel_id, order_id));
"""
# How goods go: arranged by the seller, booked online, no shipping at all; of the last one the number is a text.
OWN, ONLINE, NO_SHIPPING = "0", "1", "2"
NO_NUMBER = "不需要物流"


@dataclass(frozen=True)
class Entry:
    """Units of one line of an order."""

    order_id: str
    sub_id: str
    units: int


@dataclass(frozen=True)
class Parcel:
    """id: the platform's own number; bill_no: the carrier's, may be missing; steps: (when, what)."""

    id: str
    account: str
    number: int
    bill_no: str | None
    carrier: str
    entries: tuple[Entry, ...]
    sent: float
    kind: str = OWN
    status: str = "WAITACCEPT"
    steps: tuple[tuple[float, str], ...] = ()

    @property
    def company(self) -> Carrier:
        return BY_NO[self.carrier]

    def orders(self) -> list[str]:
        return sorted({entry.order_id for entry in self.entries})

    def sub_ids(self, order_id: str) -> list[str]:
        return [entry.sub_id for entry in self.entries if entry.order_id == order_id]

    def as_json(self) -> Json:
        return asdict(self)


# Kind -> (status of the parcel, what a message calls it, what its trace says); an empty status stays as it was.
STEPS: Mapping[str, tuple[str, str, str]] = {
    "accept": ("ACCEPT", "ACCEPT", "【杭州市】示例营业点已揽收"),
    "transport": ("TRANSPORT", "TRANSPORT", "【杭州市】快件已到达示例转运中心"),
    "delivering": ("TRANSPORT", "DELIVERING", "【杭州市】快递员正在派件"),
    "agent_sign": ("TRANSPORT", "AGENT_SIGN", "已存放至示例驿站"),
    "sign": ("SIGN", "SIGN", "已签收"),
    "failed": ("UNSIGN", "FAILED", "客户拒收"),
    "noget": ("NOGET", "FAILED", "揽收失败"),
    "cancel": ("CANCEL", "FAILED", ""),
    "step": ("", "", "快件运输中"),
}


def stepped(parcel: Parcel, change: Json, now: float) -> Parcel:
    """After {"kind": one of STEPS, "remark": ...} or {"kind": "number", "bill_no", "carrier"}. Raises RefusedError, ValueError."""
    kind = str(change.get("kind"))
    if kind == "number":
        carrier = str(change.get("carrier", parcel.carrier))
        return replace(parcel, bill_no=str(change["bill_no"]), carrier=known_carrier(carrier))
    if kind not in STEPS:
        raise ValueError(f"kind: one of number, {', '.join(STEPS)} is expected")
    if parcel.status in ("SIGN", "CANCEL"):
        raise RefusedError(f"the parcel is {parcel.status}")
    status, _, remark = STEPS[kind]
    remark = str(change.get("remark", remark))
    steps = (*parcel.steps, (now, remark)) if remark else parcel.steps
    return replace(parcel, status=status or parcel.status, steps=steps)


def known_carrier(no: str) -> str:
    if no not in BY_NO:
        raise ValueError(f"carrier: one of {', '.join(BY_NO)} is expected")
    return no


class ParcelStore:
    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("parcels", "parcel_orders"))

    def put(self, parcel: Parcel) -> None:
        self._db.insert("parcels", (parcel.account, parcel.id, json.dumps(parcel.as_json(), ensure_ascii=False)))
        for order_id in parcel.orders():
            self._db.insert("parcel_orders", (parcel.account, parcel.id, order_id))

    def get(self, parcel_id: str) -> Parcel | None:
        row = self._db.execute("SELECT body FROM parcels WHERE parcel_id = ?", (parcel_id,)).fetchone()
        return _parcel(row[0]) if row else None

    def of_order(self, order_id: str) -> list[Parcel]:
        """Oldest first."""
        sql = "SELECT body FROM parcels JOIN parcel_orders USING (parcel_id) WHERE order_id = ? ORDER BY parcel_id"
        return [_parcel(row[0]) for row in self._db.execute(sql, (order_id,))]

    def all(self, account: str) -> list[Parcel]:
        rows = self._db.execute("SELECT body FROM parcels WHERE account = ? ORDER BY parcel_id", (account,))
        return [_parcel(row[0]) for row in rows]

    def count(self) -> int:
        return self._db.number("SELECT count(*) FROM parcels")


def _parcel(text: str) -> Parcel:
    data: Any = json.loads(text)
    entries = tuple(Entry(**one) for one in data["entries"])
    return Parcel(**{**data, "entries": entries, "steps": tuple((at, remark) for at, remark in data["steps"])})
