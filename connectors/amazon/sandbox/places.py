"""Where the buyers of each marketplace live. Phone numbers are of ranges kept for fiction where the country has one
(Ofcom, Bundesnetzagentur, Arcep, ACMA), otherwise of exchanges that do not exist."""

from collections.abc import Mapping
from types import MappingProxyType

from connectors.kit.sandbox.people import ABROAD, US, Homes, Place

EMAIL_DOMAIN = "marketplace.amazon.example"
_GB, _DE, _FR = "+44 20 7946 09{end}", "+49 30 23125 0{end}", "+33 1 99 00 00 {end}"
_PLACES: Mapping[str, tuple[Place, ...]] = {
    "US": US,
    "CA": (
        Place("Toronto", "ON", "M5V 2T6", "CA", "416"),
        Place("Montréal", "QC", "H2Y 1C6", "CA", "514"),
        Place("Vancouver", "BC", "V6B 1A1", "CA", "604"),
    ),
    "MX": (
        Place("Ciudad de México", "CMX", "06000", "MX", phone="+52 55 5550 01{end}"),
        Place("Guadalajara", "JAL", "44100", "MX", phone="+52 33 5550 01{end}"),
    ),
    "BR": (
        Place("São Paulo", "SP", "01310-100", "BR", phone="+55 11 5550 01{end}"),
        Place("Florianópolis", "SC", "88010-000", "BR", phone="+55 48 5550 01{end}"),
    ),
    "TR": (
        Place("İstanbul", "İstanbul", "34430", "TR", phone="+90 212 000 00 {end}"),
        Place("Muğla", "Muğla", "48000", "TR", phone="+90 252 000 00 {end}"),
    ),
    "UK": (
        Place("London", "England", "SW1A 1AA", "GB", phone=_GB),
        Place("Leeds", "", "LS1 4AP", "GB", phone=_GB),
        Place("Belfast", "Northern Ireland", "BT1 5GS", "GB", phone=_GB),
        Place("Edinburgh", "Scotland", "EH1 1YZ", "GB", phone=_GB),
    ),
    "DE": (
        Place("Berlin", "Berlin", "10115", "DE", phone=_DE),
        Place("München", "Bayern", "80331", "DE", phone=_DE),
        Place("Görlitz", "", "02826", "DE", phone=_DE),
    ),
    "FR": (
        Place("Paris", "", "75001", "FR", phone=_FR),
        Place("Saint-Étienne", "Loire", "42000", "FR", phone=_FR),
    ),
    "IT": (
        Place("Roma", "RM", "00184", "IT", phone="+39 06 0000 00{end}"),
        Place("Milano", "MI", "20121", "IT", phone="+39 02 0000 00{end}"),
    ),
    "ES": (
        Place("Madrid", "Madrid", "28013", "ES", phone="+34 910 000 0{end}"),
        Place("A Coruña", "A Coruña", "15001", "ES", phone="+34 981 000 0{end}"),
    ),
    "JP": (
        Place("千代田区", "東京都", "100-0001", "JP", phone="+81 3 0000 00{end}"),
        Place("大阪市北区", "大阪府", "530-0001", "JP", phone="+81 6 0000 00{end}"),
    ),
    "AU": (
        Place("Sydney", "NSW", "2000", "AU", phone="+61 2 5550 00{end}"),
        Place("Perth", "WA", "6000", "AU", phone="+61 8 5550 00{end}"),
    ),
}
_NEIGHBOURS: Mapping[str, tuple[str, ...]] = {
    "UK": ("FR", "DE"),
    "DE": ("FR", "IT"),
    "FR": ("DE", "ES"),
    "IT": ("FR", "DE"),
    "ES": ("FR", "IT"),
    "TR": ("DE",),
    "JP": ("AU",),
    "AU": ("JP",),
}


def _abroad(country: str) -> tuple[Place, ...]:
    return tuple(place for name in _NEIGHBOURS.get(country, ()) for place in _PLACES[name]) or ABROAD


HOMES: Mapping[str, Homes] = MappingProxyType(
    {country: Homes(places, _abroad(country), EMAIL_DOMAIN) for country, places in _PLACES.items()}
)
