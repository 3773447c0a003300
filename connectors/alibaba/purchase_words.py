"""Why the platform does not order something, in the buyer's words: what is wrong and what to do (PO-1, ERR-3). Pure.

Codes by the API's pages; each may come with words in Chinese, which are added as they are.
"""

from __future__ import annotations

from connectors.alibaba.errors import Refusal
from connectors.kit.words import plain_words

WORDS = {
    "500_001": "The supplier does not sell this online any more: choose another offer, or write to the supplier.",
    "500_002": "Offers of several suppliers, or a variant without specId: one supplier a purchase order, OFFERID/SKUID/SPECID as vendor code.",
    "500_003": "The variant does not belong to the offer any more (suppliers make them anew): take the new vendor code from the offer.",
    "500_004": "The supplier has not enough in stock: order less, or wait.",
    "500_005": "Fewer units than the supplier sells at least: order more.",
    "500_006": "The quantity does not fit the supplier's lots or mixed batches: change the quantities.",
    "500_007": "There is no consignment relation with this supplier: agree on one at 1688, or set the flow `general`.",
    "500_008": "The supplier's price is 0: ask the supplier for a price.",
    "500_009": "The order's amount is below what the supplier sells at least: order more.",
    "400": "1688 refused the delivery address or another field: see its words; addresses are set in the configuration.",
    "ORDER_STATUS_ERROR": "The order is paid or on its way and cannot be cancelled any more: ask the supplier for a refund at 1688.",
    "400_3": "This 1688 account may not cancel the order: cancel it with the account that placed it.",
    "ORDER_NOT_EXIST": "1688 knows no such order any more.",
    "CLOSE_ORDER_TOO_FAST": "The order is too young to be cancelled: it is tried again.",
}
_TRADE_TYPE = "not support tradeType"


def words_for(said: Refusal) -> str:
    """For the buyer."""
    if said.code.startswith(_TRADE_TYPE) or said.words.startswith(_TRADE_TYPE):
        return "The supplier does not take this way of payment: leave trade_type empty, or set one that 1688 offers."
    known = WORDS.get(
        said.code, f"1688 refused it with {plain_words(said.code)[:60] or 'no code'}: look at the order at 1688."
    )
    theirs = plain_words(said.words)
    return f"{known} (1688: {theirs})" if theirs else known
