"""Who bought and where it goes. Every part may be missing: what an application has no role for is not told. Pure.

`unread` collects what cannot be read of an address, as `place: problem`: an order is lost to nobody for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.countries import country_in
from connectors.kit.emails import email_of
from connectors.kit.phones import e164
from connectors.kit.reading import Reader
from connectors.kit.shipping_check import SHIP_TO, no_address, read_or
from schemas.records import Address, Buyer

BILL_TO = "bill_to"
_KINDS = {"RESIDENTIAL": "residential", "COMMERCIAL": "commercial", "PICKUP_POINT": "pickup"}


def buyer_of(order: Reader, ship_to: Address) -> Buyer:
    """The buyer's own data; the telephone number is that of the delivery, Amazon gives no other."""
    buyer, registration = order["buyer"], _registration(order)
    return Buyer(
        id="",
        name=buyer.text("buyerName"),
        email=email_of(buyer.text("buyerEmail")),
        phone=ship_to["phone"],
        company=buyer.text("buyerCompanyName"),
        tax_id=registration.text("taxRegistrationNumber"),
        tax_exempt_id="",
    )


def has_registration(order: Reader) -> bool:
    """Whether the buyer is registered for tax, as far as Amazon tells."""
    return bool(_registration(order).text("taxRegistrationNumber"))


def ship_to_of(order: Reader, unread: list[str]) -> Address:
    """Where it goes; empty texts where Amazon tells nothing."""
    return read_or(
        no_address(), SHIP_TO, unread, lambda: _address(order["recipient"]["deliveryAddress"], SHIP_TO, unread)
    )


def bill_to_of(order: Reader, unread: list[str]) -> Address | None:
    """The address of the buyer's tax registration, where there is one."""
    registration = _registration(order)
    address = registration["taxRegistrationAddress"]
    if address.missing:
        return None
    found = read_or(None, BILL_TO, unread, lambda: _address(address, BILL_TO, unread))
    return {**found, "company": found["company"] or registration.text("legalName")} if found else None


def note_of(order: Reader, unread: list[str]) -> str:
    """What the buyer says of the delivery."""
    return read_or("", "buyer_note", unread, lambda: _note(order["recipient"]["deliveryPreference"]))


def _note(wish: Reader) -> str:
    return "\n".join(text for text in (wish.text("dropOffLocation"), wish.text("addressInstruction")) if text)


def is_told(address: Address) -> bool:
    """Whether Amazon told where it goes at all: without the role there is neither name nor street."""
    return bool(address["name"] or address["street"])


def _address(one: Reader, place: str, unread: list[str]) -> Address:
    if not one.missing:
        one.an_object()
    country = read_or("", f"{place}.country", unread, lambda: country_in(one, "countryCode"))
    state = one.text("stateOrRegion")
    streets: Sequence[str] = [
        text for name in ("addressLine1", "addressLine2", "addressLine3") if (text := one.text(name))
    ]
    street, street2, street3 = (*streets, "", "", "")[:3]
    return Address(
        name=one.text("name"),
        company=one.text("companyName"),
        street=street,
        street2=street2,
        street3=street3,
        city=one.text("city") or one.text("municipality"),
        district=one.text("districtOrCounty") or one["extendedFields"].text("neighborhood"),
        state=state.upper() if len(state) <= 3 else state,
        zip=one.text("postalCode"),
        country=country,
        phone=e164(one.text("phone"), country),
        kind=_KINDS.get(one.text("addressType").upper(), ""),
    )


def _registration(order: Reader) -> Reader:
    """The buyer's tax registration; an empty one when there is none."""
    for one in order["tax"].objects("taxRegistrations"):
        if one.text("entityType").upper() == "BUYER":
            return one
    return Reader({}, "tax")
