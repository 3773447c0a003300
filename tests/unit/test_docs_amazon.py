"""docs/going-live-amazon.md says what the code does: policies, roles, flows, quotas, the sandbox's keys."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.amazon import FLOWS
from connectors.amazon.fulfilment_settings import AmazonFulfilment
from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.queue_check import AMAZON, KEY_RIGHTS, Attributes, arn_of, arrival_checks
from connectors.amazon.rates import PUBLISHED
from connectors.amazon.sandbox.settings import DEMO_SELLER
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.settlement_kinds import kind_of, told_kinds
from connectors.amazon.sqs import LOOKS, READS
from connectors.amazon.verify import ORDERS, PERSONS, TAXES
from connectors.amazon.verify import READS as CALLS
from streams.cli.verify_flows import routed
from streams.phases import MARKETPLACE_FLOWS
from tests.unit.test_docs import rows_of, toml_blocks

PAGE = Path(__file__).parents[2] / "docs" / "going-live-amazon.md"
TEXT = PAGE.read_text(encoding="utf-8")
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/amazon-orders"
_UNITS = {
    "day": timedelta(days=1),
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
    "seconds": timedelta(seconds=1),
}


def policies() -> list[str]:
    return re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)


def test_the_policy_shown_lets_amazon_send_into_the_queue_shown() -> None:
    """AUTH-5"""
    policy, _ = policies()
    assert URL in TEXT
    queue = AmazonQueue(url=URL, access_key_id=SecretStr("x"), secret_access_key=SecretStr("y"))
    checks = arrival_checks(Attributes({"QueueArn": arn_of(queue), "Policy": policy}))
    assert [check for check in checks if not check.ok] == []
    assert AMAZON in policy


def test_the_user_shown_may_do_what_verify_asks_for_and_no_more() -> None:
    _, policy = policies()
    (statement,) = json.loads(policy)["Statement"]
    assert set(statement["Action"]) == {LOOKS, *READS}
    assert statement["Resource"] == json.loads(policies()[0])["Statement"][0]["Resource"]
    assert all(f"`{right}`" in TEXT for right in KEY_RIGHTS)


def test_roles_are_those_verify_names() -> None:
    """AUTH-5"""
    needed = {role for call in CALLS for role in call.role.split(" or ") if role} | {ORDERS, PERSONS, TAXES}
    assert set(rows_of(PAGE, "| role | for the flows |")) == needed


def test_every_flow_says_what_it_writes_at_amazon() -> None:
    """OPS-7: what goes to Odoo only is what the rules bring there."""
    table = rows_of(PAGE, "| flow | writes |")
    assert set(table) == {flow.value for flow in MARKETPLACE_FLOWS}
    to_amazon = {one.flow.value for one in routed({}, [("amazon", "main")]) if one.destination == "amazon"}
    assert {flow for flow, cells in table.items() if cells[0] != "Odoo only"} == to_amazon


def test_flows_are_switched_on_in_an_order_that_names_all() -> None:
    named = re.findall(r"`(\w+)`", " ".join(cells[0] for cells in rows_of(PAGE, "| step | on |").values()))
    assert {flow.value for flow in MARKETPLACE_FLOWS} - set(named) == {"acknowledgements"}
    assert len(named) == len(set(named))


def test_what_is_read_and_how_often() -> None:
    table = rows_of(PAGE, "| read | how often |")
    assert {name: _span(cells[0]) for name, cells in table.items()} == dict(FLOWS)


def _span(text: str) -> timedelta:
    number, unit = text.split()
    return int(number) * _UNITS[unit]


@pytest.mark.parametrize(("call", "cells"), rows_of(PAGE, "| call | calls a second |").items())
def test_quotas_are_the_published_ones(call: str, cells: list[str]) -> None:
    """RATE-1"""
    assert (float(cells[0]), float(cells[1])) == PUBLISHED[call]


def test_numbers_in_the_text_are_the_defaults() -> None:
    settings = AmazonSettings()
    assert f"a feed for more than {settings.stock_few}" in TEXT
    assert f"order list of {settings.census.days:.0f} days" in TEXT
    assert AmazonFulfilment().refund_reason


def test_a_triple_shown_is_one_nobody_knows_yet() -> None:
    """FIN-1: what is shown to be told would be superfluous otherwise."""
    triples = re.findall(r'^"([^"/]+/[^"/]+/[^"]+)" = "(\w+)"$', toml_blocks(PAGE)[0], re.MULTILINE)
    told = [(triple, kind) for triple, kind in triples if not triple.startswith("fee/")]
    assert told
    for triple, kind in told:
        transaction, amount_type, description = triple.split("/")
        assert kind_of(transaction, amount_type, description, told_kinds({triple: kind})) == kind
        assert kind_of(transaction, amount_type, description) == "unknown"


def test_the_sandboxes_seller_is_the_one_shown() -> None:
    section = TEXT[TEXT.index("## The same with the sandbox") :]
    for text in (DEMO_SELLER.seller_id, DEMO_SELLER.client_id, DEMO_SELLER.client_secret, DEMO_SELLER.refresh_token):
        assert text in section
