"""Seeded offers. Pure: the same (seed, index, mix, moment) gives the same offer.

TEST-4: ids of offers begin with ID_MARKER, names of suppliers say 示例 (example). The first offers are plain ones whose `cargoNumber`s are the
SKUs of the sandboxes' catalogue, so that a demo can order at the supplier what it sells elsewhere.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace

from connectors.alibaba.sandbox.categories import LEAVES
from connectors.alibaba.sandbox.moments import DAY
from connectors.alibaba.sandbox.offer_mix import OfferMix
from connectors.alibaba.sandbox.offer_oddities import IMAGE_HOST, TRAITS
from connectors.alibaba.sandbox.offers import BY_QUANTITY, PER_SKU, SKUS_BY_QUANTITY, Offer, Spec
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.kit.sandbox.catalog import SINGLES, Product

ID_MARKER = "999"
MAX_OFFERS = 1_000_000
_NAMES = (
    ("护眼台灯", "Eye care desk lamp"),
    ("手摇咖啡磨豆机", "Hand coffee grinder"),
    ("加厚瑜伽垫", "Thick yoga mat"),
    ("不锈钢保温杯", "Steel water bottle"),
    ("花园伸缩水管", "Garden hose"),
    ("北欧静音挂钟", "Silent wall clock"),
    ("纯棉浴巾", "Cotton bath towel"),
    ("竹木砧板", "Bamboo cutting board"),
    ("自行车前灯", "Bike light"),
    ("木质拼图1000片", "Wooden puzzle, 1000 pieces"),
    ("桌面手机支架", "Phone stand"),
    ("铸铁平底锅", "Cast iron pan"),
    ("陶瓷花盆", "Ceramic plant pot"),
    ("帆布笔袋", "Canvas pencil case"),
)
_COLOURS = (("石板灰", "Slate"), ("米白色", "Cream"), ("森林绿", "Forest green"), ("焦糖色", "Caramel"))
_SIZES = (("小号", "Small"), ("大号", "Large"))
_UNITS = (("件", "Piece"), ("个", "Piece"), ("套", "Set"), ("盒", "Box"))
COLOUR, SIZE = 3216, 450
CATALOG_OFFERS = len(_NAMES)


def make_offers(count: int, seed: int, mix: OfferMix, now: float, first: int = 0) -> list[Offer]:
    return [make_offer(seed, index, mix, now) for index in range(first, first + count)]


def make_offer(seed: int, index: int, mix: OfferMix, now: float) -> Offer:
    """now: epoch seconds, before which it was made."""
    offer = _plain(seed, index, now)
    if seed == 0 and index < CATALOG_OFFERS:
        return offer
    rng = random.Random(f"{seed}:offer:{index}:mix")
    offer = _priced(offer, mix, rng)
    traits = [name for name in TRAITS if rng.random() < getattr(mix, name)]
    if rng.random() < mix.minimum:
        offer = replace(offer, minimum=rng.choice((2, 3, 5)))
    if rng.random() < mix.batch:
        offer = replace(offer, batch=rng.choice((5, 10)), minimum=10)
        traits.append("batch")
    if rng.random() < mix.gone:
        offer = replace(offer, status=rng.choice(("deleted", "member expired", "auditing")))
        traits.append("gone")
    if rng.random() < mix.sold_out:
        offer = replace(offer.with_specs(replace(one, stock=0) for one in offer.specs), stock=0)
        traits.append("sold_out")
    if rng.random() < mix.zero_price:
        offer = replace(offer.with_specs(replace(one, price=0) for one in offer.specs), ranges=((offer.minimum, 0),))
        traits.append("zero_price")
    if rng.random() < mix.own_group:
        offer = replace(offer, group=f"g{offer.id}")
        traits.append("own_group")
    return replace(offer, traits=tuple(traits))


def spec_id(offer_id: int, number: int, version: int = 0) -> str:
    """32 hex digits; a spec that its seller made anew has another version."""
    return hashlib.md5(f"{offer_id}:{number}:{version}".encode(), usedforsecurity=False).hexdigest()


def sku_id(offer_id: int, number: int, version: int = 0) -> int:
    return int(f"9{offer_id % 10**8:08d}{version % 10}{number:03d}")


def _plain(seed: int, index: int, now: float) -> Offer:
    rng = random.Random(f"{seed}:offer:{index}")
    offer_id = int(f"{ID_MARKER}{seed % 1000:03d}{index:06d}")
    name, trans = _NAMES[index % len(_NAMES)]
    products = _catalog_products(index) if seed == 0 and index < CATALOG_OFFERS else ()
    fen = products[0].price_cents * 2 if products else rng.randrange(300, 9000)
    specs = _specs(offer_id, fen, products, rng)
    unit, unit_trans = _UNITS[index % len(_UNITS)]
    created = now - DAY * rng.randrange(200, 900)
    return Offer(
        id=offer_id,
        seller=list(SELLERS)[index % len(SELLERS)],
        category=LEAVES[index % len(LEAVES)].id,
        subject=f"{name}{'' if products else f' 新款{index}'}",
        subject_trans=f"{trans}{'' if products else f' No. {index}'}",
        quote_type=PER_SKU,
        specs=specs,
        ranges=((1, fen),),
        created=created,
        modified=now - DAY * rng.randrange(1, 100),
        unit=unit,
        unit_trans=unit_trans,
        image=f"{IMAGE_HOST}img/ibank/O1CN01sandbox{offer_id}.jpg",
        sold=rng.randrange(0, 3000),
    )


def _catalog_products(index: int) -> Sequence[Product]:
    """The catalogue's products of one kind, one for each finish."""
    return [one for number, one in enumerate(SINGLES) if number % CATALOG_OFFERS == index]


def _specs(offer_id: int, fen: int, products: Sequence[Product], rng: random.Random) -> tuple[Spec, ...]:
    values: list[tuple[tuple[str, str], tuple[str, str] | None]] = [(colour, None) for colour in _COLOURS]
    if not products and rng.random() < 0.5:
        values = [(colour, size) for colour in _COLOURS[:3] for size in _SIZES]
    specs = []
    for number, (colour, size) in enumerate(values):
        attributes = [(COLOUR, "颜色", colour[0], "Color", colour[1])]
        if size is not None:
            attributes.append((SIZE, "尺码", size[0], "Size", size[1]))
        cargo = products[number].sku if products else f"CW-{offer_id % 10**6:06d}-{number + 1}"
        price = products[number].price_cents * 2 if products else fen + 50 * number
        image = f"{IMAGE_HOST}img/ibank/O1CN01sandbox{offer_id}_{number}.jpg"
        made = (sku_id(offer_id, number), spec_id(offer_id, number), price, rng.randrange(200, 2000), cargo)
        specs.append(Spec(*made, tuple(attributes), image, rng.randrange(80, 3000)))
    return tuple(specs)


def _priced(offer: Offer, mix: OfferMix, rng: random.Random) -> Offer:
    """By quantity, some without SKUs at all; else per SKU as it is."""
    draw, fen = rng.random(), offer.ranges[0][1]
    steps = ((1, fen), (20, fen * 95 // 100), (200, fen * 88 // 100))
    if draw < mix.single_spec:
        return replace(offer, quote_type=BY_QUANTITY, specs=(), ranges=steps, stock=rng.randrange(200, 2000))
    if draw < mix.single_spec + mix.by_quantity:
        return replace(offer, quote_type=SKUS_BY_QUANTITY, ranges=steps)
    return offer
