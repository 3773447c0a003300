"""Amazon's marketplaces as the sandbox plays them: ids, names, money (amazon.md section 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType


@dataclass(frozen=True)
class Marketplace:
    """country: as Amazon writes it (UK is GB in addresses); per_dollar: what a US price is multiplied with; digits: of the
    currency's smallest unit; adds_tax: prices are without tax, which comes on top."""

    id: str
    country: str
    name: str
    region: str
    currency: str
    language: str
    per_dollar: Decimal = Decimal(1)
    digits: int = 2
    adds_tax: bool = False

    @property
    def domain(self) -> str:
        return f"www.{self.name.lower()}"

    def minor(self, us_cents: int) -> int:
        """A US price in this currency's smallest unit."""
        return int(us_cents * self.per_dollar * 10**self.digits / 100)

    def money(self, minor: int) -> dict[str, str]:
        """Money of the model: the amount is text."""
        value = Decimal(minor).scaleb(-self.digits)
        return {"amount": f"{value:.{self.digits}f}", "currencyCode": self.currency}


_ALL = (
    Marketplace("ATVPDKIKX0DER", "US", "Amazon.com", "na", "USD", "en_US", adds_tax=True),
    Marketplace("A2EUQ1WTGCTBG2", "CA", "Amazon.ca", "na", "CAD", "en_CA", Decimal("1.35"), adds_tax=True),
    Marketplace("A1AM78C64UM0Y8", "MX", "Amazon.com.mx", "na", "MXN", "es_MX", Decimal(18)),
    Marketplace("A2Q3Y263D00KWC", "BR", "Amazon.com.br", "na", "BRL", "pt_BR", Decimal(5)),
    Marketplace("A1F83G8C2ARO7P", "UK", "Amazon.co.uk", "eu", "GBP", "en_GB", Decimal("0.80")),
    Marketplace("A1PA6795UKMFR9", "DE", "Amazon.de", "eu", "EUR", "de_DE", Decimal("0.95")),
    Marketplace("A13V1IB3VIYZZH", "FR", "Amazon.fr", "eu", "EUR", "fr_FR", Decimal("0.95")),
    Marketplace("APJ6JRA9NG5V4", "IT", "Amazon.it", "eu", "EUR", "it_IT", Decimal("0.95")),
    Marketplace("A1RKKUPIHCS9HS", "ES", "Amazon.es", "eu", "EUR", "es_ES", Decimal("0.95")),
    Marketplace("A33AVAJ2PDY3EV", "TR", "Amazon.com.tr", "eu", "TRY", "tr_TR", Decimal(40)),
    Marketplace("A1VC38T7YXB528", "JP", "Amazon.co.jp", "fe", "JPY", "ja_JP", Decimal(150), digits=0),
    Marketplace("A39IBJ37TRP1C6", "AU", "Amazon.com.au", "fe", "AUD", "en_AU", Decimal("1.50")),
)
MARKETPLACES: Mapping[str, Marketplace] = MappingProxyType({one.id: one for one in _ALL})
BY_COUNTRY: Mapping[str, Marketplace] = MappingProxyType({one.country: one for one in _ALL})
REGIONS = ("na", "eu", "fe")


def marketplace(name: str) -> Marketplace:
    """By id or country. Raises ValueError for one the sandbox does not know."""
    found = MARKETPLACES.get(name) or BY_COUNTRY.get(name)
    if found is None:
        raise ValueError(f"marketplace {name!r}: known are {', '.join(BY_COUNTRY)}")
    return found
