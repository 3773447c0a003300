"""References of vendors, `PLATFORM:ACCOUNT:SELLER`: which account of a supplier's platform their purchase orders are for (PO-1). Pure.

People write them, so blanks around the parts, full-width colons and capital letters of platform and account do not count. The seller's own number
is taken as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

_WIDE_COLON = "："


@dataclass(frozen=True, slots=True)
class VendorReference:
    """platform, account: in small letters, as both are configured; account, seller: "" where they are not said."""

    platform: str
    account: str
    seller: str

    @property
    def whose(self) -> str:
        return f"{self.platform}:{self.account}"

    @property
    def text(self) -> str:
        """As it should be written."""
        return f"{self.whose}:{self.seller}"


def vendor_reference(text: str) -> VendorReference | None:
    """None for what cannot be one: the reference of a vendor who has nothing to do with any platform may be anything without a colon."""
    parts = [part.strip() for part in text.replace(_WIDE_COLON, ":").split(":", 2)]
    if len(parts) == 1 or not parts[0]:
        return None
    platform, account, seller = (*parts, "")[:3]
    return VendorReference(platform.lower(), account.lower(), seller)


def is_of(text: str, whose: str) -> bool:
    """Whether a vendor of this reference is one of `PLATFORM:ACCOUNT`."""
    found = vendor_reference(text)
    return found is not None and found.whose == whose


def is_same(one: str, other: str) -> bool:
    """Whether both are references of the same seller at the same account."""
    found = vendor_reference(one)
    return found is not None and bool(found.seller) and found == vendor_reference(other)
