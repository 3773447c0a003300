"""Amazon's marketplaces and the three regions they are reached in. One table; pure.

Ids are those of Amazon's page "Marketplace IDs" as reproduced in public code and, for US, CA, JP, BR, UK and TR, in examples of the published
models. Which prices include tax is Amazon's practice for the country: VAT, GST and the like are part of the price, the sales taxes
of the US and Canada are added.
"""

from __future__ import annotations

from dataclasses import dataclass

REGION_URLS = {
    "na": "https://sellingpartnerapi-na.amazon.com",
    "eu": "https://sellingpartnerapi-eu.amazon.com",
    "fe": "https://sellingpartnerapi-fe.amazon.com",
}


@dataclass(frozen=True, slots=True)
class Marketplace:
    """country: ISO 3166; tax: what the tax on a sale is called there; tax_included: prices are with it."""

    id: str
    country: str
    region: str
    currency: str
    tax: str
    tax_included: bool = True


_VAT, _GST = "VAT", "GST"
TABLE = (
    Marketplace("ATVPDKIKX0DER", "US", "na", "USD", "Sales tax", tax_included=False),
    Marketplace("A2EUQ1WTGCTBG2", "CA", "na", "CAD", "GST/HST/PST", tax_included=False),
    Marketplace("A1AM78C64UM0Y8", "MX", "na", "MXN", "IVA"),
    Marketplace("A2Q3Y263D00KWC", "BR", "na", "BRL", "Taxes"),
    Marketplace("A1F83G8C2ARO7P", "GB", "eu", "GBP", _VAT),
    Marketplace("A1PA6795UKMFR9", "DE", "eu", "EUR", _VAT),
    Marketplace("A13V1IB3VIYZZH", "FR", "eu", "EUR", _VAT),
    Marketplace("APJ6JRA9NG5V4", "IT", "eu", "EUR", _VAT),
    Marketplace("A1RKKUPIHCS9HS", "ES", "eu", "EUR", _VAT),
    Marketplace("A1805IZSGTT6HS", "NL", "eu", "EUR", _VAT),
    Marketplace("A2NODRKZP88ZB9", "SE", "eu", "SEK", _VAT),
    Marketplace("A1C3SOZRARQ6R3", "PL", "eu", "PLN", _VAT),
    Marketplace("A33AVAJ2PDY3EV", "TR", "eu", "TRY", _VAT),
    Marketplace("A2VIGQ35RCS4UG", "AE", "eu", "AED", _VAT),
    Marketplace("A17E79C6D8DWNP", "SA", "eu", "SAR", _VAT),
    Marketplace("ARBP9OOSHTCHU", "EG", "eu", "EGP", _VAT),
    Marketplace("A21TJRUUN4KGV", "IN", "eu", "INR", _GST),
    Marketplace("A1VC38T7YXB528", "JP", "fe", "JPY", "Consumption tax"),
    Marketplace("A39IBJ37TRP1C6", "AU", "fe", "AUD", _GST),
    Marketplace("A19VAU5U5O7RUS", "SG", "fe", "SGD", _GST),
)
BY_ID = {one.id: one for one in TABLE}
BY_COUNTRY = {one.country: one for one in TABLE}
# Amazon writes UK where ISO has GB.
_ALIASES = {"UK": "GB"}


def marketplace_of(name: str) -> Marketplace | None:
    """By id or country code (`US`, `UK`, `GB`); None for one that is not in the table."""
    code = name.strip().upper()
    return BY_ID.get(code) or BY_COUNTRY.get(_ALIASES.get(code, code))
