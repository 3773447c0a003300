"""Accounts, marketplaces, kinds and flows on the command line: unknown ones are refused, and what goes nowhere is said so (OPS-7, ORD-9)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from connectors.odoo.settlements import NAME as SETTLEMENT_NAME
from schemas.record import Message
from streams.failure.mappings import KINDS
from tests.unit.cli import samples
from tests.unit.cli.samples import Kafka
from tests.unit.stages.references import entry_record

CONNECTORS = Path(__file__).parents[3] / "connectors"
OFFER = {
    "channel": "walmart", "account": "main", "price": {"amount": "24.99", "currency": "USD"}, "sale_price": None, "version": 3,
    "proposal": "", "proposed": None, "why": "", "waits_for": "", "problem": "", "rejected": "", "sale_starts_at": None, "sale_ends_at": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """Empty topics; Walmart's account `main` is configured."""
    made = Kafka()
    readers = ("failure.mappings", "failure.held_list", "stages.stock.explain", "shadow", "approvals")
    made.stand_in(monkeypatch, readers, ("failure.mappings",))
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID", "id")
    monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_SECRET", "secret")
    return made


def causeway(words: str, code: int = 2) -> str:
    """What it says; `code`: what it ends with."""
    return samples.causeway(*words.split(), code=code)


NO_MARKETPLACE = "there is no marketplace 'wallmart'; did you mean walmart? there are: amazon, walmart"
NO_PARTNER = "there is no marketplace or supplier's platform 'wallmart'; did you mean walmart? there are: alibaba, amazon, iotbox, walmart"
NO_ACCOUNT = "walmart has no account 'nope'; there are: main"
NO_KIND = "there is no kind of mapping 'skuu'; did you mean sku? there are: carrier,"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "stock list --channel amazom",
            "there is no marketplace 'amazom'; did you mean amazon? there are: amazon, walmart",
        ),
        ("stock list --channel walmart:nope", NO_ACCOUNT),
        ("shadow list --account walmart:nope", NO_ACCOUNT),
        ("shadow diff --account wallmart:main", NO_PARTNER),
        ("stock list --channel alibaba", "there is no marketplace 'alibaba'; there are: amazon, walmart"),
        ("shadow release --account walmart:nope --yes", NO_ACCOUNT),
        ("mapping set skuu walmart A B", NO_KIND),
        ("mapping set sku wallmart A B", NO_MARKETPLACE),
        ("mapping set sku walmart A B --account nope", NO_ACCOUNT),
        ("mapping list --kind skuu", NO_KIND),
        ("mapping list --source wallmart", NO_MARKETPLACE),
    ],
)
def test_what_does_not_exist_is_no_success(kafka: Kafka, words: str, said: str) -> None:
    """And nothing is written: an entry of a mistyped kind would never be looked up."""
    assert said in causeway(words)
    assert kafka.messages == []


def test_what_exists_is_taken(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (
        "stock list -c walmart",
        "stock list -c walmart:main",
        "shadow list -a walmart:main",
        "mapping list --kind sku",
    ):
        causeway(words, 0)
    causeway("mapping set ship_carrier walmart Standard UPS --account main", 0)
    monkeypatch.delenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID")
    monkeypatch.delenv("CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_SECRET")
    causeway("mapping set sku walmart A B --account other", 0)  # without credentials nobody can know
    assert len([one for one in kafka.messages if one.topic == "mappings"]) == 2


def test_an_entry_of_an_old_kind_can_be_found_and_removed(kafka: Kafka) -> None:
    """It was made before kinds were checked."""
    record = entry_record(("skuu", "walmart", "", "A"), "B")
    kafka.messages.append(Message(record.topic, record.key, record.value, record.headers))
    assert "1 entries" in causeway("mapping list --kind skuu", 0)
    assert "removed" in causeway("mapping remove skuu walmart A --yes", 0)


def test_every_kind_that_is_looked_up_can_be_set() -> None:
    """ORD-9: by the connectors' own words."""
    looked_up = {
        kind for path in CONNECTORS.rglob("*.py") for kind in re.findall(r"lookup\(\s*\"([\w-]+)\"", path.read_text())
    }
    assert {"sku", "carrier", "ship_carrier"} <= looked_up
    assert looked_up | {SETTLEMENT_NAME} <= set(KINDS)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({}, "shadow: nothing is told"),
        ({"PHASES__WALMART__MAIN__PRICES": "off"}, "off: nothing is told"),
        ({"PHASES__WALMART__MAIN__PRICES": "on"}, " on "),
        ({"PHASES__WALMART__MAIN__ALL": "on", "PILOT__WALMART__MAIN__SKUS": "B"}, "not in the pilot: nothing is told"),
        ({"PHASES__WALMART__MAIN__ALL": "on", "PILOT__WALMART__MAIN__SKUS": "A"}, " on "),
    ],
)
def test_a_price_that_goes_nowhere_says_so(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], said: str) -> None:
    """PRC-1, OPS-7: a flow in shadow works prices out and tells nobody."""
    for name, value in env.items():
        monkeypatch.setenv(f"CAUSEWAY_{name}", value)
    ledger: dict[str, Any] = {"sku": "A-1", "offers": [OFFER]}
    monkeypatch.setattr("streams.approvals.read_price_ledgers", lambda *_: [ledger])
    monkeypatch.setattr("streams.approvals.read_price_offers", lambda *_: [])
    text = causeway("price explain A-1", 0)
    assert "asks" not in text
    assert said in text
    assert ("nothing is told" in text) == ("nothing" in said)
    assert f'"flow": "{said.strip()}"' in causeway("price explain A-1 --json", 0)
