"""PO-4: what waits of suppliers' changes is listed and answered by a person, with name and note."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.record import Message
from schemas.records import SupplierProduct
from schemas.topics import SUPPLY_LEDGER
from streams.stages.supply.ledger import empty, offered, waiting
from streams.supply_settings import SupplySettings
from tests.supplier_records import offer_of, variant
from tests.unit.cli.samples import CODEC, NOW, Kafka, causeway

TWO = (variant("11", stock="0"), variant("12", stock="1"))


def ledger(product: SupplierProduct) -> Message:
    made = offered(empty(product, NOW), product, 1, SupplySettings(), NOW).ledger
    return Message(SUPPLY_LEDGER, made["key"].encode(), CODEC.encode("supply_ledger", made))


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """Two SKUs of offer 554 wait, one of offer 777."""
    made = Kafka()
    made.stand_in(monkeypatch, ("approvals",), ("approvals",))
    monkeypatch.setattr("streams.terminal.who", lambda: "ann@desk")
    made.messages += [ledger(offer_of("554", *TWO)), ledger(offer_of("777", variant("", stock="0")))]
    return made


def listed(*more: str) -> list[Any]:
    found: list[Any] = json.loads(causeway("supplier", "proposals", "--json", *more, code=0))["proposals"]
    return found


def test_what_waits_is_listed_with_why_and_whether_it_would_go_out() -> None:
    text = causeway("supplier", "proposals", code=0)
    assert "the supplier has 1, less than its smallest order of 2" in text
    assert "lead time 30 days" in text
    assert "shadow: nothing is told" in text
    assert "3 wait" in text
    assert [(one["offer"], one["sku"]) for one in listed()] == [("554", "11"), ("554", "12"), ("777", "single")]
    assert [one["sku"] for one in listed("--offer", "777")] == ["single"]


def test_an_answer_by_id_is_written_with_who_and_why(kafka: Kafka) -> None:
    item = listed()[1]
    said = causeway("supplier", "approve", item["id"][:12], item["id"], "--note", "season is over", "--yes", code=0)
    assert "offer 554, SKU 12: the lead time it has without this -> lead time 30 days" in said
    assert "1 approved" in said  # named twice, answered once
    (written,) = kafka.on("approvals")
    body = CODEC.decode("approval", written.value)
    assert (body["proposal"], body["subject"], body["kind"]) == (item["id"], item["subject"], "lead_time")
    assert (written.key, body["state"], body["actor"]) == (b"alibaba:main:offer:554", "approved", "ann@desk")
    (entry,) = kafka.on("audit")
    assert CODEC.decode("audit", entry.value)["note"] == "season is over"


def test_all_of_an_offer_at_once(kafka: Kafka) -> None:
    assert "2 rejected" in causeway("supplier", "reject", "--offer", "554", "--yes", code=0)
    assert {CODEC.decode("approval", one.value)["state"] for one in kafka.on("approvals")} == {"rejected"}


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("approve",), "name proposals by their ids, or an offer with --offer NUMBER", 2),
        (("approve", "0123456789", "--offer", "554"), "name proposals by their ids", 2),
        (
            ("approve", "0123456789", "--yes"),
            "no proposals that wait have this id; see `causeway supplier proposals`",
            1,
        ),
        (("reject", "--offer", "999", "--yes"), "nothing of offer 999 waits", 1),
        (("approve", "--offer", "777"), "There is nobody to ask: say --yes.", 2),
    ],
)
def test_what_is_not_clear_writes_nothing(kafka: Kafka, words: tuple[str, ...], said: str, code: int) -> None:
    assert said in causeway("supplier", *words, code=code)
    assert kafka.on("approvals") == []


def test_what_was_answered_waits_no_more_once_the_stage_has_taken_it(kafka: Kafka) -> None:
    """The newest ledger of an offer counts."""
    product = offer_of("777", variant("", stock="500"))
    kafka.messages.append(ledger(product))
    assert not list(waiting(CODEC.decode("supply_ledger", kafka.messages[-1].value)))
    assert [one["offer"] for one in listed()] == ["554", "554"]


def test_the_list_says_how_to_answer_only_where_something_waits(kafka: Kafka) -> None:
    """Whole commands, and where the others are: an id does not tell whose it is."""
    said = causeway("supplier", "proposals", code=0)
    assert (
        "3 wait; answer with `causeway supplier approve ID` or `causeway supplier reject ID`; `--offer NUMBER`" in said
    )
    (first, *_) = listed()
    assert "see `causeway price proposals`; those of suppliers: `causeway supplier proposals`" in causeway(
        "price", "approve", first["id"], code=1
    )
    kafka.messages.clear()
    said = causeway("price", "proposals", code=0)
    assert said.splitlines()[-1] == "nothing waits; those of suppliers: `causeway supplier proposals`"
    assert (
        causeway("supplier", "proposals", code=0).splitlines()[-1]
        == "nothing waits; those of prices: `causeway price proposals`"
    )
