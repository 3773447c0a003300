"""What kind of offers the generator makes, and how many of each: shares between 0 and 1, frozen, with presets."""

from dataclasses import dataclass, fields
from typing import Any

from connectors.alibaba.sandbox.offer_oddities import TRAITS
from connectors.kit.sandbox.mixes import check_shares, mix_of


@dataclass(frozen=True)
class OfferMix:
    """single_spec: offers without SKUs (quoteType 0); by_quantity: of the others those of quoteType 2; the rest are traits of
    offer_oddities.py and of the offer itself, by name."""

    single_spec: float = 0.0
    by_quantity: float = 0.0
    minimum: float = 0.0
    batch: float = 0.0
    gone: float = 0.0
    sold_out: float = 0.0
    zero_price: float = 0.0
    own_group: float = 0.0
    missing_subject: float = 0.0
    relative_images: float = 0.0
    plain_http_images: float = 0.0
    mojibake: float = 0.0
    wide_characters: float = 0.0
    rare_characters: float = 0.0
    null_lists: float = 0.0
    number_prices: float = 0.0
    text_ids: float = 0.0
    missing_spec: float = 0.0
    doubled_cargo: float = 0.0
    script_description: float = 0.0

    def __post_init__(self) -> None:
        check_shares(self)


_ODD = dict.fromkeys(TRAITS, 0.03)
PLAIN = OfferMix()
DEFAULT = OfferMix(
    single_spec=0.2, by_quantity=0.35, minimum=0.6, batch=0.1, gone=0.03, sold_out=0.03, own_group=0.05, **_ODD
)
HEAVY = OfferMix(
    single_spec=0.25,
    by_quantity=0.4,
    minimum=0.6,
    batch=0.2,
    gone=0.1,
    sold_out=0.1,
    zero_price=0.05,
    own_group=0.2,
    **dict.fromkeys(TRAITS, 0.15),
)
PRESETS = {"plain": PLAIN, "default": DEFAULT, "heavy": HEAVY}
assert {one.name for one in fields(OfferMix)} >= set(TRAITS)


def mix_from(data: Any) -> OfferMix:
    """Raises ValueError."""
    return mix_of(data, PRESETS)
