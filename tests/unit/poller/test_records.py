"""What a page becomes: everything as received, with the headers that every record carries."""

from __future__ import annotations

from dataclasses import replace

from connectors.kit.ports import Fetched, Page, Problem
from schemas.checksum import checksum, event_id
from schemas.headers import decode_headers
from schemas.reasons import Reason
from schemas.record import Record
from streams.poller.flows import FlowKey
from streams.poller.records import correlation_of
from tests.unit.failure.samples import codec
from tests.unit.poller.kit import KEY, NOW, shaper

PAYLOAD = b'{"id": "1", "total": 10.10, "name": "J\xc3\xbcrgen"}'
ITEM = Fetched("shop:main:1", "order", PAYLOAD, version=7)
SUM = checksum(PAYLOAD, b"k")


def test_payload_is_published_byte_for_byte() -> None:
    """ORD-2: as received, with source, account, fetch time, checksum, correlation id."""
    message = shaper().item(KEY, ITEM, "orders since Monday", "", NOW)
    assert (message.topic, message.key) == ("raw.shop.orders", b"shop:main:1")
    event = codec().decode("raw_event", message.value)
    assert event == {
        "source": "shop", "account": "main", "entity": "order", "key": "shop:main:1", "payload": PAYLOAD,
        "content_type": "application/json", "fetched_at": NOW, "checksum": SUM,
        "correlation": correlation_of("shop:main:1"), "request": "orders since Monday",
    }  # fmt: skip


def test_headers_name_the_fact() -> None:
    headers = decode_headers(shaper().item(KEY, ITEM, "", "bulk", NOW).headers)
    assert headers.id == event_id("shop", "shop:main:1", SUM)
    assert (headers.source, headers.entity, headers.version, headers.lane) == ("shop", "order", 7, "bulk")
    assert (headers.checksum, headers.env) == (SUM, "sandbox")
    assert headers.fetched == int(NOW.timestamp() * 1000)
    assert headers.traceparent == "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01"


def test_same_fact_has_the_same_id_and_correlation_whenever_it_is_seen() -> None:
    first = decode_headers(shaper().item(KEY, ITEM, "a", "", NOW).headers)
    again = decode_headers(shaper().item(KEY, ITEM, "b", "", NOW.replace(year=2027)).headers)
    other = decode_headers(shaper().item(KEY, replace(ITEM, payload=b"{}"), "a", "", NOW).headers)
    assert (first.id, first.correlation) == (again.id, again.correlation)
    assert (first.correlation, first.id != other.id) == (other.correlation, True)


def test_checksum_is_keyed() -> None:
    """SEC-3: without the key it tells nothing about the payload."""
    assert decode_headers(shaper().item(KEY, ITEM, "", "", NOW).headers).checksum != checksum(PAYLOAD)


def test_problem_keeps_its_payload_as_the_raw_record_it_would_have_been() -> None:
    """ERR-5: replay brings it to newer mapping code."""
    page = Page((ITEM,), "p", problems=(Problem("shop:main:2", "no total; jane@example.com", b"[]"),), request="r")
    item, problem = shaper("t.").page(KEY, page, "", NOW)
    assert (item.topic, problem.topic, problem.key) == ("t.raw.shop.orders", "t.dead.transform", b"shop:main:2")
    failed = codec().decode("failed_record", problem.value)
    assert (failed["state"], failed["reason"], failed["target"]) == ("dead", "data", "t.raw.shop.orders")
    assert failed["detail"] == "no total; ***"
    assert codec().decode("raw_event", failed["value"])["payload"] == b"[]"


def test_a_problem_may_say_what_it_should_be() -> None:
    """REC-3: a flow `stock` reads entities `quant`; replayed, it goes to their topic."""
    message = shaper().problem(FlowKey("odoo", "main", "stock"), Problem("odoo:quant:8", "none", b"", "quant"), "", NOW)
    assert codec().decode("failed_record", message.value)["target"] == "raw.odoo.quants"


def test_problem_without_a_key_is_kept_under_its_flow() -> None:
    message = shaper().problem(KEY, Problem("", "not an order", b"x"), "", NOW)
    assert message.key == b"shop:main:orders"


def test_record_the_broker_refuses_is_known_by_its_key_without_its_value() -> None:
    large = shaper().item(KEY, ITEM, "", "", NOW)
    message = shaper().too_large(large, "too large", NOW)
    failed = codec().decode("failed_record", message.value)
    assert (message.key, failed["value"], failed["target"]) == (b"shop:main:1", None, "")


def test_refused_command_is_kept_as_it_was() -> None:
    record = Record("poll.commands", 1, 5, 0, KEY.encode(), b"whatever", ())
    failed = codec().decode("failed_record", shaper().refused(record, KEY, Reason.DATA, "why", NOW).value)
    assert (failed["value"], failed["origin"], failed["target"]) == (b"whatever", "poll.commands/1/5", "poll.commands")
    assert "shop:main:orders: why" in failed["detail"]
