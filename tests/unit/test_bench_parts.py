"""Parts of the bench that decide something: what the contenders do to a record, how long Odoo takes for a call, where the peer is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.codec import Codec
from tests.bench.environment import LOCK, folder_of
from tests.bench.paced_odoo import CALL_SECONDS, READ_SECONDS, WRITTEN_SECONDS, seconds_of
from tests.bench.racers.work import SCHEMAS, Plan, decode, encode, hop, mapped, sold
from tests.bench.sample_orders import called, orders


def test_every_contender_makes_the_same_of_a_record() -> None:
    """Ours decodes and encodes with the pipeline's codec, the others with plain fastavro: byte for byte the same."""
    from tests.bench.racers.ours import _Ids, _parsed

    codec = Codec(_Ids(), _parsed)
    for number in range(20):
        value = encode("sold", sold(number))
        assert codec.encode("order", mapped(codec.decode("sold", value))) == hop(value)


def test_mapping_is_a_real_one() -> None:
    record = mapped(sold(2))
    assert (record["key"], record["status"]) == ("market:MAIN:0000000000002", "shipped")
    assert record["total"] == "90.09"  # 3 lines x 3 x 10.01
    assert {line["sku"] for line in record["lines"]} == {"SKU-2", "SKU-3", "SKU-4"}
    assert decode("order", encode("order", record)) == record


def test_plan_survives_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.bench.racers import work

    told = Plan("127.0.0.1:1", "group", "in", "out", 5)
    monkeypatch.setattr("sys.argv", ["racer", told.as_json()])
    assert work.plan() == told
    assert set(SCHEMAS) == {"sold", "order"}


def call(model: str, method: str, *args: Any) -> dict[str, Any]:
    return {"params": {"service": "object", "method": "execute_kw", "args": ["db", 2, "x", model, method, list(args)]}}


@pytest.mark.parametrize(
    ("envelope", "seconds"),
    [
        (call("sale.order", "create", [{}, {}]), CALL_SECONDS + 2 * WRITTEN_SECONDS["sale.order", "create"]),
        # the second row is a line of the first order
        (call("sale.order", "load", ["id"], [["a"], [None], ["b"]]), CALL_SECONDS + 2 * WRITTEN_SECONDS["sale.order", "load"]),
        (call("res.partner", "read", [1, 2, 3]), CALL_SECONDS + 3 * READ_SECONDS),
        (call("res.users", "context_get"), CALL_SECONDS),
        ({"params": {"service": "common", "method": "login", "args": []}}, 0.0),
        ({}, 0.0),
    ],
)  # fmt: skip
def test_odoos_pace(envelope: dict[str, Any], seconds: float) -> None:
    """Per call, and per record written or read."""
    assert seconds_of(envelope) == pytest.approx(seconds)


def test_peer_is_kept_in_the_users_cache_by_its_lock() -> None:
    """Another lock is another environment; nothing is written beside the project."""
    at = folder_of(b"one", {"XDG_CACHE_HOME": "/cache"})
    assert at.parent == Path("/cache/causeway/bench")
    assert at != folder_of(b"two", {"XDG_CACHE_HOME": "/cache"})
    assert folder_of(b"one", {"HOME": "/home/me"}).parent == Path("/home/me/.cache/causeway/bench")


def test_lock_pins_by_hash_and_names_no_index() -> None:
    text = LOCK.read_text()
    assert "quixstreams==3.28.1" in text
    assert "--index" not in text
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert all("--hash" in text.split(pin, 1)[1].split("\n", 2)[1] for pin in pins)


def test_renamed_orders_share_nothing_but_their_content() -> None:
    """Ours and the peer write the same orders of different buyers, so neither finds what the other made."""
    ours, peer = called(orders(5, 1), "a"), called(orders(5, 1), "b")
    assert [one["lines"] for one in ours] == [one["lines"] for one in peer]
    for name in ("key", "order_id", "customer_order_id"):
        assert not {one[name] for one in ours} & {one[name] for one in peer}
    assert not {one["buyer"]["email"] for one in ours} & {one["buyer"]["email"] for one in peer}
