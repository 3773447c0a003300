"""Messages of the platform: what one is about. They come in no promised order, more than once, and late; nothing they say of an order's state is
believed: whatever they name is fetched. Pure. (Facts: the platform's message pages; `data` is an object there, text in other messages.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.alibaba.times import moment
from connectors.alibaba.trade import NUMBER
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader

AUTHORISATION_ENDED = "AUTHORIZATION_CANCEL"
_ORDER = "ORDER_BUYER_VIEW_"
_MOST_IDS = 500
# Lists inside of `data` that name orders or offers: type -> (list, or the object around it, name of the id).
_BATCH = "ORDER_BATCH_PAY"
_PARCELS = {"LOGISTICS_BUYER_VIEW_TRACE": "OrderLogisticsTracingModel", "LOGISTICS_MAIL_NO_CHANGE": "MailNoChangeModel"}
_PRODUCTS, _STOCK = "PRODUCT_RELATION_VIEW_PRODUCT_CHANGE", "PRODUCT_PRODUCT_INVENTORY_CHANGE"


@dataclass(frozen=True, slots=True)
class Message:
    """id: the same for all tries of it; born: None when it does not say; orders, offers: what to fetch.

    known: its type is one that means something to us
    """

    id: str
    kind: str
    born: datetime | None
    orders: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    known: bool = True


def message_in(content: Any) -> Message:
    """A message's JSON, or a row of the replay. Raises DataError naming what is missing or wrong, also for a known type that names nothing."""
    message = Reader(content).an_object()
    identity, kind = message.needed_text("msgId"), message.needed_text("type")
    if not NUMBER.fullmatch(identity):
        raise message["msgId"].wrong("a number")
    born = moment(message["gmtBorn"].value)
    if kind == AUTHORISATION_ENDED:
        return Message(identity, kind, born)
    data = _data(message)
    if kind.startswith(_ORDER):
        return Message(identity, kind, born, orders=_ids([data], "orderId"))
    if kind == _BATCH:
        return Message(identity, kind, born, orders=_ids(data.children("batchPay"), "orderId"))
    if kind in _PARCELS:
        return Message(identity, kind, born, orders=_ids(data[_PARCELS[kind]].children("orderLogsItems"), "orderId"))
    if kind == _PRODUCTS:
        return Message(identity, kind, born, offers=_split(data, "productIds"))
    if kind == _STOCK:
        return Message(identity, kind, born, offers=_ids(data.children("OfferInventoryChangeList"), "offerId"))
    return Message(identity, kind, born, known=False)


def _data(message: Reader) -> Reader:
    """The platform's pages call it text, captured messages have an object."""
    found = message["data"]
    if isinstance(found.value, str):
        try:
            content = exact_json.loads(found.value.encode("utf-8", "replace"))
        except ValueError:
            raise found.wrong("an object, or JSON text of one") from None
        return Reader(content, "data").an_object()
    return found.an_object()


def _ids(holders: Iterable[Reader], name: str) -> tuple[str, ...]:
    found = []
    for holder in holders:
        text = holder.needed_text(name)
        if not NUMBER.fullmatch(text):
            raise holder[name].wrong("a number")
        found.append(text)
    if not found or len(found) > _MOST_IDS:
        raise DataError(f"data: expected 1 to {_MOST_IDS} of `{name}`, found {len(found)}", code="DATA")
    return tuple(dict.fromkeys(found))


def _split(data: Reader, name: str) -> tuple[str, ...]:
    parts = [part.strip() for part in data.needed_text(name).split(",")]
    found = [part for part in parts if part]
    if not all(NUMBER.fullmatch(part) for part in found) or not 0 < len(found) <= _MOST_IDS:
        raise data[name].wrong("numbers with commas")
    return tuple(dict.fromkeys(found))
