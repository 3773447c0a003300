"""Invented customers and addresses. TEST-4: surnames say that they are made up, e-mail addresses end in a domain under
``.example`` (reserved by RFC 2606), North American phones are 555-01xx (reserved for fiction).
Cities, states and postcodes fit together; streets do not exist."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True)
class Place:
    """city, state code, postcode, country (ISO 3166-1, two letters), telephone area. phone: a number there, `{end}` being its
    last two digits; none means a North American one of 555-01xx."""

    city: str
    state: str
    postcode: str
    country: str
    area: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Homes:
    """Where customers live, where few of them do, and what their e-mail addresses end in."""

    usual: Sequence[Place]
    abroad: Sequence[Place]
    email_domain: str


class PeopleMix(Protocol):
    """Shares of customers of each oddity, 0..1."""

    @property
    def foreign_address(self) -> float: ...
    @property
    def bad_postcode(self) -> float: ...
    @property
    def missing_email(self) -> float: ...
    @property
    def long_name(self) -> float: ...
    @property
    def unicode_name(self) -> float: ...
    @property
    def missing_phone(self) -> float: ...
    @property
    def odd_phone(self) -> float: ...


@dataclass(frozen=True)
class Customer:
    """Whom an order ships to. `traits` says what is odd about them."""

    name: str
    email: str | None
    phone: str
    address1: str
    address2: str | None
    place: Place
    traits: tuple[str, ...]


US = (
    Place("Los Angeles", "CA", "90012", "US", "213"),
    Place("San Francisco", "CA", "94133", "US", "415"),
    Place("Austin", "TX", "78701", "US", "512"),
    Place("Houston", "TX", "77002", "US", "713"),
    Place("Syracuse", "NY", "13202", "US", "315"),
    Place("Brooklyn", "NY", "11201-5502", "US", "718"),
    Place("Chicago", "IL", "60646", "US", "773"),
    Place("Miami Beach", "FL", "33141", "US", "305"),
    Place("Seattle", "WA", "98101", "US", "206"),
    Place("Denver", "CO", "80202", "US", "303"),
    Place("Atlanta", "GA", "30303", "US", "404"),
    Place("Portland", "OR", "97204", "US", "503"),
    Place("Manchester", "NH", "03101", "US", "603"),
    Place("Billings", "MT", "59101-1234", "US", "406"),
)
ABROAD = (
    Place("Toronto", "ON", "M5V 2T6", "CA", "416"),
    Place("Montréal", "QC", "H2Y 1C6", "CA", "514"),
    Place("Ciudad de México", "CMX", "06000", "MX", "55", "+52 55 5550 01{end}"),
    Place("San Juan", "PR", "00901", "PR", "787"),
)
_GIVEN = ("Ava", "Noel", "Mira", "Otis", "June", "Pavel", "Rosa", "Theo", "Wren", "Iris", "Hugo", "Lena", "Max", "Nia")
_SURNAMES = ("Testwell", "Sampleton", "Mockingham", "Fakeley", "Specimen", "Placeholder", "Dummyson", "Trialford")
_UNICODE = (
    "Zoë Beispiel-Müßig",
    "José Ñoño de Prueba",
    "测试 李",
    "Þórunn Prófdóttir",
    "Тестова Ирина",
    "テスト 花子",
    "Ødegård Prøve",
    "Nguyễn Thử Nghiệm",
    "O’Sample Siobhán",
    "عينة تجربة",
    "Zażółć Gęślą-Jaźń 🎁",
)
_STREETS = ("Invented St", "Nowhere Ave", "Sample Blvd", "Fiction Rd", "Placeholder Ln", "Mockup Dr", "N Example Ct")
_SECOND = ("Apt 5", "Suite 200", "Garage", "Unit B", "# 12", "c/o Example Hall")
_US_PHONES = (
    "({area}) 555-01{end}",
    "{area}-555-01{end}",
    "{area}.555.01{end}",
    "+1 {area} 555 01{end}",
    "1{area}55501{end}",
    "{area}55501{end} ext. 4",
    "{area} 555 01{end} x12",
)
_BAD_POSTCODES = ("1234", "ABCDE", "00000", "9021O", "", "99999-00")


def customer(rng: random.Random, mix: PeopleMix, homes: Homes) -> Customer:
    """One customer, drawn with the shares of `mix`."""
    abroad = rng.random() < mix.foreign_address
    place = rng.choice(homes.abroad if abroad else homes.usual)
    name, name_trait = _name(rng, mix)
    phone, phone_trait = _phone(rng, mix, place)
    traits = [t for t in ("foreign_address" if abroad else "", name_trait, phone_trait) if t]
    if rng.random() < mix.bad_postcode:
        place = replace(place, postcode=rng.choice(_BAD_POSTCODES))
        traits.append("bad_postcode")
    email: str | None = f"{rng.getrandbits(128):032X}@{homes.email_domain}"
    if rng.random() < mix.missing_email:
        email = rng.choice((None, ""))
        traits.append("missing_email")
    address1 = f"{rng.randint(1, 9899)} {rng.choice(_STREETS)}"
    address2 = rng.choice(_SECOND) if rng.random() < 0.3 else None
    return Customer(name, email, phone, address1, address2, place, tuple(traits))


def _name(rng: random.Random, mix: PeopleMix) -> tuple[str, str]:
    draw = rng.random()
    if draw < mix.long_name:
        middle = " ".join(rng.choice(_GIVEN) for _ in range(40))
        return f"{rng.choice(_GIVEN)} {middle} {rng.choice(_SURNAMES)}", "long_name"
    if draw < mix.long_name + mix.unicode_name:
        return rng.choice(_UNICODE), "unicode_name"
    return f"{rng.choice(_GIVEN)} {rng.choice(_SURNAMES)}", ""


def _phone(rng: random.Random, mix: PeopleMix, place: Place) -> tuple[str, str]:
    end = f"{rng.randint(0, 99):02d}"
    draw = rng.random()
    if draw < mix.missing_phone:
        return rng.choice(("", "0000000000", "n/a")), "missing_phone"
    if place.phone:
        return place.phone.format(end=end), ""
    if draw < mix.missing_phone + mix.odd_phone:
        return rng.choice(_US_PHONES).format(area=place.area, end=end), "odd_phone"
    return f"{place.area}55501{end}", ""
