"""PO-1, LOG-1: where order numbers and parcels stand, and where they belong: plain tables."""

from __future__ import annotations

import pytest

from connectors.odoo.purchase_memory import Claim, Parcel
from connectors.odoo.purchase_places import MARK, Receipt, changes_of, parcels_of, reference_of, standing


def receipt(
    number: int, tracking: str = "", state: str = "assigned", note: str = "", *, has_tracking: bool = True
) -> Receipt:
    row = {
        "id": number,
        "name": f"WH/IN/{number}",
        "state": state,
        "carrier_tracking_ref": tracking,
        "carrier_id": False,
        "note": note,
    }
    return Receipt.of(row, has_tracking=has_tracking)


def claim(order: str, *current: str, gone: tuple[str, ...] = ()) -> Claim:
    parcels = {one: Parcel("ZTO") for one in current} | {one: Parcel(is_current=False) for one in gone}
    return Claim(orders=(order,), parcels=parcels, is_ours=True)


@pytest.mark.parametrize(
    ("reference", "ids", "wanted"),
    [
        ("", ["12", "9"], "9, 12"),  # by number, not by letters
        ("9, 12", ["12", "9"], "9, 12"),
        ("9 12", ["12", "9"], "9 12"),  # there and in order: not touched
        ("12, 9", ["12", "9"], "9, 12"),
        ("9, 9", ["9"], "9"),  # each once
        ("Q-1", ["9"], "Q-1, 9"),
        ("ask Li, 9; today", ["9", "12"], "ask Li; today, 9, 12"),
        ("99", ["9"], "99, 9"),  # part of another number is not it
        ("Q-1", [], "Q-1"),
        (" , ", ["9"], "9"),
    ],
)
def test_the_vendor_reference_has_each_number_once_behind_what_a_person_wrote(
    reference: str, ids: list[str], wanted: str
) -> None:
    """PO-1: and says so again when it is asked again."""
    claims = [claim(one) for one in ids]
    assert reference_of(reference, claims) == wanted
    assert reference_of(wanted, claims) == wanted


LOW, HIGH = "2999860512885985001", "2999860512885985002"
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
GROUPS = " ".join(LOW[at : at + 4] for at in range(0, len(LOW), 4))


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [
        (f"订单号：{LOW}", f"订单号：{LOW}, {HIGH}"),
        (f"订单号：{HIGH}", f"订单号：{HIGH}, {LOW}"),  # what stands in a person's words stays in them
        (f"张三采购，{LOW}；{HIGH}", f"张三采购，{LOW}；{HIGH}"),
        (f"PO{LOW} {HIGH}", f"PO{LOW} {HIGH}"),
        (f"#{LOW}, {LOW}, {HIGH}", f"#{LOW}, {HIGH}"),  # each once
        (f"{HIGH}, {LOW}, （急）", f"（急）, {LOW}, {HIGH}"),
        (f"no.{LOW.translate(WIDE)}", f"no.{LOW.translate(WIDE)}, {HIGH}"),
        (f"{LOW.translate(WIDE)}; {HIGH}", f"{LOW.translate(WIDE)}; {HIGH}"),
        (f"{LOW}9", f"{LOW}9, {LOW}, {HIGH}"),  # another number
        (f"no. {GROUPS}", f"no. {GROUPS}, {HIGH}"),
    ],
)
def test_a_number_in_a_persons_words_stands_there_and_they_stay_whole(reference: str, wanted: str) -> None:
    """PO-1: nor is it written a second time, and what was written is not written again."""
    claims = [claim(HIGH), claim(LOW)]
    assert reference_of(reference, claims) == wanted
    assert reference_of(wanted, claims) == wanted


@pytest.mark.parametrize(
    "reference",
    [f"订单号：{LOW}", f"张三采购，{LOW}；急", f"PO{LOW}", f"（{LOW.translate(WIDE)}）", f"no. {GROUPS}; call"],
)
def test_an_order_made_elsewhere_counts_whatever_is_written_around_its_number(reference: str) -> None:
    """PO-2: and its words are a person's."""
    by_hand = Claim(orders=(LOW,))
    assert standing(reference, [by_hand]) == [by_hand]
    assert standing(reference, [Claim(orders=(HIGH,))]) == []
    assert reference_of(reference, [by_hand]) == reference


@pytest.mark.parametrize(
    ("receipts", "claims", "wanted"),
    [
        ([receipt(1)], [claim("1", "A", "B")], {1: "A, B"}),
        ([receipt(1, "A, B")], [claim("1", "A", "B")], {}),
        ([receipt(1, "A"), receipt(2)], [claim("1", "A", "B")], {1: "A, B"}),  # the oldest that is open
        ([receipt(1, "A", "done"), receipt(2)], [claim("1", "A", "B")], {2: "B"}),
        ([receipt(1, "A", "done"), receipt(2)], [claim("1", "A")], {}),  # none moves
        ([receipt(1, "", "done")], [claim("1", "A")], {}),
        ([], [claim("1", "A")], {}),
        ([receipt(1, "A B")], [claim("1", "B", gone=("A",))], {1: "B"}),
        ([receipt(1, "A", "done"), receipt(2)], [claim("1", "B", gone=("A",))], {2: "B"}),
        ([receipt(1, "A")], [claim("1", gone=("A",))], {1: ""}),
        ([receipt(1, "A")], [claim("1", gone=("A",)), claim("2", "A")], {}),  # it still is in another order's hands
        ([receipt(1)], [claim("1", "A"), claim("2", "A")], {1: "A"}),
        ([receipt(1, "by truck; A")], [claim("1", "B", gone=("A",))], {1: "by truck, B"}),
    ],
)
def test_a_parcel_goes_on_the_oldest_open_receipt_once(
    receipts: list[Receipt], claims: list[Claim], wanted: dict[int, str]
) -> None:
    """LOG-1."""
    changes = changes_of(receipts, claims)
    assert {one.receipt.id: one.values["carrier_tracking_ref"] or "" for one in changes} == wanted
    after = {one.receipt.id: receipt(one.receipt.id, one.tracking, one.receipt.state) for one in changes}
    assert changes_of([after.get(one.id, one) for one in receipts], claims) == []


def test_without_the_apps_field_the_numbers_stand_in_a_line_of_the_note() -> None:
    """LOG-1: beside what a person wrote there, replaced and never doubled, also as Odoo's editor leaves it."""
    claims = [claim("1", "A&1", "B")]
    (first,) = changes_of([receipt(1, note="<p>Fragile</p>", has_tracking=False)], claims)
    assert first.values == {"note": f"<p>{MARK} A&amp;1, B</p><p>Fragile</p>"}
    (second,) = changes_of([receipt(1, note=first.values["note"], has_tracking=False)], [*claims, claim("2", "C")])
    assert second.values == {"note": f"<p>{MARK} A&amp;1, B, C</p><p>Fragile</p>"}
    edited = f"<p>Fragile</p><p> <b>{MARK} A&amp;1, B</b></p>"
    assert changes_of([receipt(1, note=edited, has_tracking=False)], claims) == []
    (gone,) = changes_of([receipt(1, note=edited, has_tracking=False)], [claim("1", gone=("A&1", "B"))])
    assert gone.values == {"note": "<p>Fragile</p>"}
    (alone,) = changes_of([receipt(1, note=f"<p>{MARK} A</p>", has_tracking=False)], [claim("1", gone=("A",))])
    assert alone.values == {"note": False}


def test_a_shared_parcel_names_all_its_orders() -> None:
    """LOG-1: several orders in one parcel."""
    found = parcels_of([claim("1", "A"), claim("2", "A", "B"), claim("3", gone=("A",))], ["A"])
    assert found == {"A": (Parcel("ZTO"), ("1", "2"))}


def test_an_order_made_elsewhere_counts_as_long_as_its_number_stands_there() -> None:
    """PO-2: a person wrote it, a person may take it off; what Causeway ordered stays."""
    by_hand, ours, made = (
        Claim(orders=("7",)),
        Claim(orders=("8",), is_ours=True),
        Claim(orders=("8", "9"), result="created"),
    )
    assert standing("see 7", [by_hand, ours, made]) == [by_hand, ours, made]
    assert standing("see 77", [by_hand, ours, made]) == [ours, made]
    assert reference_of("see 7 and Li", [by_hand]) == "see 7 and Li"
    assert reference_of("see Li", [by_hand, ours, made]) == "see Li, 8, 9"
