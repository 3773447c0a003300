"""`causeway supplier`: what suppliers changed that waits for a person: lead times of what is out of stock, smallest orders (PO-4).

Exit codes: 0 done; 1 no such proposal, or declined; 2 wrong usage or configuration; 3 Kafka or the registry cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.approving import LISTS, answer_proposals, chosen_of, waiting_words
from streams.cli.failure_desk import (
    EXIT_FAILED,
    JsonOption,
    NoteOption,
    YesOption,
    fail,
    open_desk,
    print_json,
    print_table,
    table,
)

if TYPE_CHECKING:
    from streams.cli.failure_desk import Desk

app = typer.Typer(
    no_args_is_help=True, help="Suppliers: changes of their stock and smallest orders that wait for approval."
)

LISTED_BY = LISTS["supplier"]
Proposals = Annotated[
    list[str] | None, typer.Argument(help="Ids of proposals, or their beginnings (8 characters at least).")
]
OfferOption = Annotated[str, typer.Option("--offer", help="All that waits of this offer, by its number.")]


@app.command()
def proposals(offer: OfferOption = "", json: JsonOption = False) -> None:
    """Changes at suppliers that wait for a person."""
    desk = open_desk()
    waiting = [item for item in _waiting(desk) if offer in ("", item["offer"])]
    if json:
        print_json({"total": len(waiting), "proposals": waiting})
        return
    made = table("id", "supplier", "offer", "sku", "is", "would be", "flow", "why")
    for item in waiting:
        supplier, flow = f"{item['source']} {item['account']}", item["flow"]
        made.add_row(
            item["id"][:12], supplier, item["offer"], item["sku"], item["before"], item["after"], flow, item["why"]
        )
    print_table(made)
    typer.echo(waiting_words(len(waiting), "supplier"))


@app.command()
def approve(ids: Proposals = None, offer: OfferOption = "", note: NoteOption = "", yes: YesOption = False) -> None:
    """Have them written into the vendor prices of Odoo."""
    _answer(ids or [], offer, "approved", note, yes)


@app.command()
def reject(ids: Proposals = None, offer: OfferOption = "", note: NoteOption = "", yes: YesOption = False) -> None:
    """Leave Odoo as it is; the same change is not proposed again."""
    _answer(ids or [], offer, "rejected", note, yes)


def _answer(ids: list[str], offer: str, state: str, note: str, yes: bool) -> None:
    if bool(ids) == bool(offer):
        raise fail("name proposals by their ids, or an offer with --offer NUMBER")
    desk = open_desk()
    waiting = _waiting(desk)
    of_offer = [item["id"] for item in waiting if item["offer"] == offer]
    if offer and not of_offer:
        raise fail(f"nothing of offer {offer} waits; see `{LISTED_BY}`", EXIT_FAILED)
    chosen = chosen_of(waiting, ids or of_offer, LISTED_BY)
    said = [
        f"offer {item['offer']}, SKU {item['sku']}: {item['before']} -> {item['after']}: {item['why']}"
        for item in chosen
    ]
    answer_proposals(desk, chosen, said, state, note, yes)


def _waiting(desk: Desk) -> list[dict[str, Any]]:
    from streams.approvals import read_supply_ledgers
    from streams.cli.flow_words import goes_out
    from streams.phases import Flow
    from streams.stages.supply.ledger import subject_of, waiting, words

    return [
        {
            "id": one["proposal"], "key": ledger["key"], "subject": subject_of(ledger["key"], sku_id, one["kind"]), "kind": one["kind"],
            "source": ledger["source"], "account": ledger["account"], "offer": ledger["offer_id"],
            "sku": "all" if sku_id is None else sku_id or "single", "before": words(one["kind"], one["told"]),
            "after": words(one["kind"], one["proposed"]), "why": one["why"],
            "flow": goes_out(desk.settings, Flow.SUPPLIER_TERMS, ledger["source"], ledger["account"], ""),
        }
        for ledger in read_supply_ledgers(desk.settings, desk.codec) for sku_id, one in waiting(ledger)
    ]  # fmt: skip
