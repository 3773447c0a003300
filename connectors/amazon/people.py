"""Who bought and where it goes. Every part may be missing: what an application has no role for is not told. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.countries import country_in
from connectors.kit.emails import email_of
from connectors.kit.phones import e164
from connectors.kit.reading import Reader
from schemas.records import Address, Buyer

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


def ship_to_of(order: Reader) -> Address:
    """Where it goes; empty texts where Amazon tells nothing."""
    return _address(order["recipient"]["deliveryAddress"])


def bill_to_of(order: Reader) -> Address | None:
    """The address of the buyer's tax registration, where there is one."""
    registration = _registration(order)
    address = registration["taxRegistrationAddress"]
    if address.missing:
        return None
    found = _address(address)
    return {**found, "company": found["company"] or registration.text("legalName")}


def note_of(order: Reader) -> str:
    """What the buyer says of the delivery."""
    wish = order["recipient"]["deliveryPreference"]
    return "\n".join(text for text in (wish.text("dropOffLocation"), wish.text("addressInstruction")) if text)


def is_told(address: Address) -> bool:
    """Whether Amazon told where it goes at all: without the role there is neither name nor street."""
    return bool(address["name"] or address["street"])


def _address(one: Reader) -> Address:
    country = country_in(one, "countryCode")
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
    for one in order["tax"].children("taxRegistrations"):
        if one.text("entityType").upper() == "BUYER":
            return one
    return Reader({}, "tax")
