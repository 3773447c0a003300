"""TEST-3: faults on demand against the Odoo sandbox, those of the wire and those only Odoo can play."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contract.odoo_sandbox_box import OdooBox, RefusedError, odoo_box

FAULTS = "/sandbox/faults"
LOST = "could not serialize access due to concurrent update\n"


@pytest.fixture(scope="module")
def shared_box() -> Iterator[OdooBox]:
    with odoo_box() as box:
        yield box


@pytest.fixture
def box(shared_box: OdooBox) -> Iterator[OdooBox]:
    shared_box.http.post("/sandbox/reset").raise_for_status()
    yield shared_box
    shared_box.http.delete(FAULTS).raise_for_status()


def strike(box: OdooBox, **rule: Any) -> None:
    answer = box.http.put(FAULTS, json={"rules": [{"path": "^/jsonrpc", **rule}], "seed": 7})
    assert answer.status_code == 200, answer.text


def test_a_bad_record_is_named_and_the_rest_can_be_resent(box: OdooBox) -> None:
    """ERR-1: one message, `record` says which; nothing of the batch is kept."""
    customer, product = box.customer(), box.product("lamp")
    strike(box, kind="bad_record", skip=2, limit=1)
    keys = [f"f{n}" for n in range(5)]
    refused = box.load_orders(keys, customer, product)
    assert refused["ids"] is False
    assert [one["record"] for one in refused["messages"]] == [2]
    assert box.call("sale.order", "search_count", []) == 0
    rest = [key for n, key in enumerate(keys) if n != 2]
    assert len(box.load_orders(rest, customer, product)["ids"]) == 4


def test_a_share_of_bad_records_is_the_same_for_the_same_seed(box: OdooBox) -> None:
    customer, product = box.customer(), box.product("lamp")
    keys = [f"s{n}" for n in range(30)]
    found = []
    for _ in range(2):
        strike(box, kind="bad_record", rate=0.2)
        found.append([one["record"] for one in box.load_orders(keys, customer, product)["messages"]])
    assert found[0] == found[1]
    assert 1 <= len(found[0]) <= 10


def test_a_lost_race_is_a_message_per_record(box: OdooBox) -> None:
    customer, product = box.customer(), box.product("lamp")
    strike(box, kind="lost_race", limit=1)
    refused = box.load_orders(["a", "b"], customer, product)
    assert refused["ids"] is False
    assert [(one["record"], one["message"]) for one in refused["messages"]] == [(0, LOST), (1, LOST)]
    assert len(box.load_orders(["a", "b"], customer, product)["ids"]) == 2


def test_a_serialization_failure_is_an_error_of_writing_calls_only(box: OdooBox) -> None:
    strike(box, kind="serialization")
    assert box.call("res.partner", "search_count", [["name", "=", "X"]]) == 0
    with pytest.raises(RefusedError) as caught:
        box.call("res.partner", "create", {"name": "X"})
    assert (caught.value.name, caught.value.message) == ("psycopg2.errors.SerializationFailure", LOST)
    box.http.delete(FAULTS)
    assert box.call("res.partner", "search_count", [["name", "=", "X"]]) == 0


def test_revoked_credentials_are_access_denied(box: OdooBox) -> None:
    """AUTH-4: an expired or revoked key answers so on any call."""
    strike(box, kind="expired_token", limit=1)
    with pytest.raises(RefusedError, match=r"odoo\.exceptions\.AccessDenied"):
        box.call("res.partner", "search_count", [])
    assert box.call("res.partner", "search_count", []) > 0


def test_an_answer_lost_after_commit_leaves_the_order_and_a_resend_finds_it(box: OdooBox) -> None:
    """EVT-4: the connection drops, the order is there once, and stays once."""
    customer, product = box.customer(), box.product("lamp")
    strike(box, kind="lost", limit=1)
    with pytest.raises(httpx.RemoteProtocolError):
        box.load_orders(["lost"], customer, product)
    [order] = box.call("sale.order", "search", [["client_order_ref", "=", "LOST"]])
    assert box.load_orders(["lost"], customer, product)["ids"] == [order]


def test_a_reset_connection_leaves_nothing(box: OdooBox) -> None:
    customer, product = box.customer(), box.product("lamp")
    strike(box, kind="reset", limit=1)
    with pytest.raises(httpx.TransportError):
        box.load_orders(["cut"], customer, product)
    assert box.call("sale.order", "search_count", []) == 0


def test_status_faults_come_from_the_proxy_as_html(box: OdooBox) -> None:
    strike(box, kind="status", code=502, limit=1)
    answer = box.http.post("/jsonrpc", json={"id": 1, "params": {"service": "common", "method": "version", "args": []}})
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")


def test_presets_name_the_faults_of_this_sandbox(box: OdooBox) -> None:
    answer = box.http.put(FAULTS, json={"preset": "heavy", "seed": 3}).json()
    kinds = {rule["kind"] for rule in answer["rules"]}
    assert {"serialization", "lost_race", "lost", "latency", "malformed", "reset", "status"} <= kinds
    assert not {"bad_record", "expired_token"} & kinds, "sending again would not cure these"
    assert box.http.put(FAULTS, json={"rules": [{"kind": "flood"}]}).status_code == 400
