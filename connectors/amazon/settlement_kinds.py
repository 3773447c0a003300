"""What a row of a settlement report is: (transaction-type, amount-type, amount-description) -> kind and name. Pure tables.

The list of triples is open. What is known by its own words has a kind; what is not is `unknown`, with its words, and waits in Odoo until a person
names an account for it, or gives the triple a kind. Nothing is guessed and nothing is dropped.

The name is the triple turned round, `amount-type/amount-description/transaction-type` without repetitions, so that an account can be named

    fee/ItemFees/FBAPerUnitFulfillmentFee/Refund    for one triple
    fee/ItemFees/FBAPerUnitFulfillmentFee           for one fee
    fee/Cost of Advertising                         for a family of fees

Sources: `Order/ItemPrice/Principal`, `Order/ItemFees/Commission` and `other-transaction` are Amazon's; the names of charges, withheld taxes and fees
are those of its Finances API; how they stand in the flat file was read off several sellers' public code, which differ only in upper and lower case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from connectors.kit.errors import DataError

UNKNOWN = "unknown"
KINDS = frozenset(
    {"sale", "shipping", "tax", "facilitator_tax", "promotion", "commission", "fee", "refund", "refund_tax", "adjustment", "reserve", UNKNOWN}
)  # fmt: skip

_SOLD = frozenset({"order", "orderretrocharge"})
_GIVEN_BACK = frozenset({"refund", "chargebackrefund", "atozguaranteerefund", "refundretrocharge"})
_PRICES = {
    "principal": "sale", "shipping": "shipping", "giftwrap": "sale",
    "tax": "tax", "shippingtax": "tax", "giftwraptax": "tax",
}  # fmt: skip
# Only where something is given back: what the buyer gets on top, or does not get.
_REFUND_PRICES = {"restockingfee": "refund", "returnshipping": "refund", "goodwill": "refund"}
_REFUNDED = {"sale": "refund", "shipping": "refund", "promotion": "refund", "tax": "refund_tax"}
# Amazon collects these from the buyer and pays them to the state. Other taxes withheld (TDS, TCS) are the seller's own: unknown until named.
_FACILITATOR = ("marketplacefacilitatortax", "marketplacefacilitatorvat", "lowvaluegoodstax")
_COMMISSIONS = frozenset({"commission", "refundcommission"})
_RESERVES = frozenset({"currentreserveamount", "previousreserveamountbalance"})
_FEE_TYPES = frozenset({"itemfees", "costofadvertising", "couponredemptionfee"})
_FEE_TRANSACTIONS = frozenset({"servicefee", "fbafees", "amazonfees"})
_FEES = frozenset(
    {
        "storagerenewalbilling",
        "fbalongtermstorage",
        "removalcomplete",
        "disposalcomplete",
        "shippinglabelpurchase",
        "shippinglabelpurchaseforreturn",
    }
)
_ADJUSTMENTS = frozenset(
    {"balanceadjustment", "nonsubscriptionfeeadjustment", "nonsubscriptionfeeadj", "compensatedclawback"}
)


def kind_of(transaction: str, amount_type: str, description: str, told: Mapping[str, str] | None = None) -> str:
    """The kind of a row. `told`: kinds by triple (`folded`), which come first."""
    if told and (kind := told.get(folded(f"{transaction}/{amount_type}/{description}"))):
        return kind
    return _kind(folded(transaction), folded(amount_type), folded(description))


@lru_cache(maxsize=4096)
def name_of(transaction: str, amount_type: str, description: str) -> str:
    """Amazon's words, from the general to the particular."""
    words = (amount_type, description, transaction)
    return "/".join(dict.fromkeys(word for word in words if word))


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """Sources differ in case, spaces, `-` and `_`."""
    return re.sub(r"[\s_-]", "", text).casefold()


def told_kinds(configured: Mapping[str, str]) -> dict[str, str]:
    """`transaction-type/amount-type/amount-description` -> kind, as configured. Raises DataError for a kind there is not."""
    for triple, kind in configured.items():
        if kind not in KINDS:
            raise DataError(
                f"settlement kind {kind!r} of {triple!r}: there are {', '.join(sorted(KINDS))}", code="DATA"
            )
    return {folded(triple): kind for triple, kind in configured.items()}


@lru_cache(maxsize=4096)
def _kind(transaction: str, amount_type: str, description: str) -> str:
    if description.startswith(_FACILITATOR):
        return "facilitator_tax"
    if amount_type in ("itemprice", "promotion"):
        return _price(transaction, amount_type, description)
    if amount_type == "itemfees":
        return "commission" if description in _COMMISSIONS else "fee"
    if amount_type == "itemwithheldtax":
        return UNKNOWN
    return _other(transaction, amount_type, description)


def _price(transaction: str, amount_type: str, description: str) -> str:
    """What buyers pay or get back. A promotion's own tax lessens the tax."""
    kind = _PRICES.get(description, UNKNOWN)
    if amount_type == "promotion":
        kind = "tax" if "tax" in description else "promotion"
    if transaction in _SOLD:
        return kind
    if transaction in _GIVEN_BACK:
        return _REFUNDED.get(kind) or _REFUND_PRICES.get(description, UNKNOWN)
    return UNKNOWN


def _other(transaction: str, amount_type: str, description: str) -> str:
    if description in _RESERVES:
        return "reserve"
    if any("reimbursement" in word for word in (amount_type, description)) or description in _ADJUSTMENTS:
        return "adjustment"
    if amount_type in _FEE_TYPES or transaction in _FEE_TRANSACTIONS or description in _FEES:
        return "fee"
    return "fee" if any(word.endswith(("fee", "fees")) for word in (transaction, amount_type, description)) else UNKNOWN
