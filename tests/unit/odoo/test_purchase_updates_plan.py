"""PO-2, LOG-1: what is news of a supplier's order; whose it is; what is kept of it."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.odoo.purchase_finding import Purchase, names_of
from connectors.odoo.purchase_memory import Claim, Parcel, Told
from connectors.odoo.purchase_updates_plan import claimed, gap_of, is_all_cancelled, news
from connectors.odoo.purchase_words import state_words, summary_of
from tests.builders import money
from tests.contract.odoo_purchases import parcel, supplier_order

NUMBER = "2237938826932135493"
CREATION = "odoo:purchase_order:7"


@pytest.mark.parametrize(
    ("reference", "prefix", "names"),
    [
        ("P00042", "", ["P00042"]),
        ("P00042-2", "", ["P00042-2", "P00042"]),
        ("P00042-12", "", ["P00042-12", "P00042"]),
        ("P00042-1", "", ["P00042-1"]),  # the first part has no number
        ("P00042-0002", "", ["P00042-0002"]),
        ("EU-P00042-3", "EU-", ["P00042-3", "P00042"]),
        ("P00042", "EU-", []),
        ("EU-", "EU-", []),
        ("", "", []),
    ],
)
def test_a_reference_tells_the_name_of_its_purchase_order(reference: str, prefix: str, names: list[str]) -> None:
    """PO-2: prefix, name, part."""
    assert names_of(reference, prefix) == names


def purchase(reference: str = "", untaxed: float = 92.5, currency: str = "CNY") -> Purchase:
    return Purchase(7, "P00007", "purchase", reference, 2, untaxed, currency)


def of(state: str, *numbers: str, before: Claim = Claim(), **changes: Any) -> tuple[Claim, tuple[str, ...]]:  # noqa: B008 - frozen
    """The claim with what was told, and the lines told."""
    order = supplier_order("P00007", NUMBER, state, parcels=[parcel(one) for one in numbers], **changes)
    claim = claimed(before, order, is_ours=True)
    found = news(before.told, claim, order, "")
    return Claim(**{**{name: getattr(claim, name) for name in Claim.__slots__}, "told": found.told}), found.lines


def test_only_what_has_changed_is_news() -> None:
    """PO-2, EVT-4: state, total, refund, parcels: each when it changes, nothing when nothing does."""
    claim, lines = of("to_pay")
    assert [len(lines), lines[1]] == [2, "Total 100.50 CNY (goods 92.50, freight 8.00)."]
    claim, lines = of("to_pay", before=claim)
    assert lines == ()
    claim, lines = of("to_pay", before=claim, total="90.00")
    assert lines == (
        f"The total of 1688 order {NUMBER} has changed; it was 100.50 CNY. Total 90.00 CNY (goods 92.50, freight 8.00).",
    )
    claim, lines = of("shipped", "A", before=claim, total="90.00")
    assert [line.split(",")[0] for line in lines] == [f"1688 order {NUMBER} is sent.", "Parcel A by 中通快递(ZTO)"]
    claim, lines = of("shipped", "B", before=claim, total="90.00", refunded=money("2.00", "CNY"))
    assert lines[0] == f"The supplier has given back 2.00 CNY of 1688 order {NUMBER} in all."
    assert lines[1].startswith("Parcel B")
    assert lines[2].startswith("Not valid any more: parcel A")
    assert {number: one.is_current for number, one in claim.parcels.items()} == {"A": False, "B": True}


def test_a_refund_of_nothing_is_no_news() -> None:
    """PO-2: the platform says 0 of every order."""
    claim, _ = of("paid")
    assert of("paid", before=claim, refunded=money("0.00", "CNY"))[1] == ()


@pytest.mark.parametrize(
    "state", ["to_pay", "paid", "part_shipped", "shipped", "delivered", "done", "cancelled", "stopped", "unknown"]
)
def test_every_state_has_words_and_those_for_a_person_a_summary(state: str) -> None:
    """PO-2: nothing of the templates is left over."""
    order = supplier_order("P00007", NUMBER, state, status="waitmoon", close_reason="ODD_REASON")
    words, summary = state_words(order), summary_of(order)
    assert words.startswith(f"1688 order {NUMBER} ")
    assert "{" not in words + summary
    assert bool(summary) == (state in ("cancelled", "stopped", "unknown"))
    assert ("ODD_REASON" in words) == (state in ("cancelled", "stopped"))
    assert ("waitmoon" in words) == (state == "unknown")


def test_what_could_quote_a_person_is_left_out() -> None:
    """SEC-3: reasons are the other side's free text."""
    order = supplier_order("P00007", NUMBER, "cancelled", close_reason="call Li 13800138000")
    assert "138" not in state_words(order).replace(NUMBER, "")


def orders(**states: tuple[str, str, str]) -> dict[str, Claim]:
    """NAME=(state, goods, total): claims of orders with these numbers, and of the creation that told of them all."""
    found = {
        f"alibaba:main:order:{name}": Claim(1, (name,), state, is_ours=True, goods=goods, total=total, currency="CNY")
        for name, (state, goods, total) in states.items()
    }
    return {**found, CREATION: Claim(1, tuple(states), result="created")}


GAP = orders(a=("paid", "80.00", "88.00"))


@pytest.mark.parametrize(
    ("claims", "ours", "differs"),
    [
        (orders(a=("paid", "92.50", "100.50")), purchase(), False),
        (orders(a=("paid", "92.50", "100.50")), purchase(untaxed=100.5), False),  # freight stands on the purchase order
        (orders(a=("paid", "93.50", "101.50")), purchase(), False),  # within what is tolerated
        (orders(a=("paid", "93.51", "101.50")), purchase(), True),
        (GAP, purchase(), True),
        (orders(a=("paid", "50.00", "54.00"), b=("to_pay", "42.50", "46.50")), purchase(), False),
        (orders(a=("paid", "50.00", "54.00"), b=("cancelled", "42.50", "46.50")), purchase(), True),
        (orders(a=("cancelled", "80.00", "88.00")), purchase(), False),  # told otherwise
        (GAP, purchase(currency="USD"), False),  # not to be compared
        (GAP, purchase(reference="223793882693213"), False),  # another order, not seen yet
        ({key: one for key, one in GAP.items() if key != CREATION}, purchase(), False),  # more parts may come
        ({**GAP, CREATION: Claim(1, ("a",), result="partly")}, purchase(), False),
        ({**GAP, CREATION: Claim(1, ("a", "b"), result="created")}, purchase(), False),
        (
            {**GAP, "alibaba:main:order:a": Claim(1, ("a",), "paid", is_ours=True, total="88.00", currency="CNY")},
            purchase(),
            False,
        ),
        (
            {"alibaba:main:order:a": Claim(1, ("a",), "paid", goods="80.00", total="88.00", currency="CNY")},
            purchase(),
            True,
        ),  # by hand
    ],
)
def test_what_the_orders_come_to_is_held_against_the_purchase_order(
    claims: dict[str, Claim], ours: Purchase, differs: bool
) -> None:
    """PO-2: only where all of them are known and amounts can be compared; each gap is told once."""
    words = gap_of(ours, claims, "alibaba", Decimal(1))
    assert bool(words) == differs
    told = {
        **claims,
        "alibaba:main:order:a": Claim(**{**_fields(claims["alibaba:main:order:a"]), "told": Told(gap=words)}),
    }
    assert gap_of(ours, told, "alibaba", Decimal(1)) == ""


def _fields(claim: Claim) -> dict[str, Any]:
    return {name: getattr(claim, name) for name in Claim.__slots__}


@pytest.mark.parametrize(
    ("claims", "all_cancelled"),
    [
        (orders(a=("cancelled", "", "")), True),
        (orders(a=("cancelled", "", ""), b=("cancelled", "", "")), True),
        (orders(a=("cancelled", "", ""), b=("paid", "", "")), False),
        (orders(a=("stopped", "", "")), False),
        ({**orders(a=("cancelled", "", "")), CREATION: Claim(1, ("a", "b"), result="created")}, False),
    ],
)
def test_a_purchase_order_goes_only_with_all_of_its_orders(claims: dict[str, Claim], all_cancelled: bool) -> None:
    """PO-2."""
    assert is_all_cancelled(purchase(), claims) is all_cancelled


def test_a_claim_reads_back_as_it_was_kept_and_a_broken_one_as_nothing() -> None:
    """EVT-4: what cannot be read costs a note that is told again, never an exception."""
    told = Told("paid", "", "1.00 CNY", "", ("A", "B"), "gap", "d", 3, 9)
    claim = Claim(
        4,
        ("1",),
        "paid",
        is_ours=True,
        goods="1",
        total="2",
        currency="CNY",
        parcels={"A": Parcel("ZTO", "中通", shipped="x")},
        told=told,
    )
    assert Claim.read(claim.datas()) == claim
    odd = base64.b64encode(json.dumps({"version": 1, "of the future": 2}).encode()).decode()
    assert [Claim.read(one) for one in (None, False, "%", "e30=", odd, base64.b64encode(b"[1]").decode())] == [
        Claim()
    ] * 6
