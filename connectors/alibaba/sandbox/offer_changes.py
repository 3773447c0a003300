"""What a seller may do to its offer, as control calls name it. Pure."""

from collections.abc import Callable
from dataclasses import replace

from connectors.alibaba.sandbox.offer_generator import sku_id, spec_id
from connectors.alibaba.sandbox.offer_oddities import TRAITS
from connectors.alibaba.sandbox.offers import STATUSES, Offer, Spec
from connectors.kit.sandbox.steering import Json, number

# Kind -> the action its message tells (alibaba.md section 10).
ACTIONS = {
    "price": "modify",
    "stock": "modify",
    "status": "member_expired",
    "rename": "modify",
    "minimum": "modify",
    "respec": "sku_modify",
    "add_spec": "sku_new",
    "drop_spec": "sku_delete",
    "traits": "modify",
    "group": "modify",
    "touch": "modify",
}
_MOST = 10**9


def changed(offer: Offer, change: Json, now: float) -> Offer:
    """price: `fen`; stock: `quantity`; both of one `spec` or of all; status: `status`; rename: `subject`; minimum: `minimum`, `batch`; respec
    (a spec made anew: other ids), drop_spec: `spec`; add_spec: `value`; traits: `traits`; group: `group`; touch. Raises ValueError."""
    kind = str(change.get("kind"))
    if kind not in ACTIONS:
        raise ValueError(f"kind: one of {', '.join(ACTIONS)} is expected")
    return replace(_KINDS[kind](offer, change), modified=now)


def _price(offer: Offer, change: Json) -> Offer:
    fen = int(number(change, "fen", 0, _MOST))
    if change.get("spec") is None:
        share = [(start, fen * price // max(1, offer.ranges[0][1])) for start, price in offer.ranges]
        offer = replace(offer, ranges=tuple(share))
    return _each(offer, change, lambda one: replace(one, price=fen))


def _stock(offer: Offer, change: Json) -> Offer:
    quantity = int(number(change, "quantity", 0, _MOST))
    return _each(replace(offer, stock=quantity), change, lambda one: replace(one, stock=quantity))


def _status(offer: Offer, change: Json) -> Offer:
    if change.get("status") not in STATUSES:
        raise ValueError(f"status: one of {', '.join(STATUSES)} is expected")
    return replace(offer, status=change["status"])


def _rename(offer: Offer, change: Json) -> Offer:
    return replace(offer, subject=str(change["subject"]))


def _minimum(offer: Offer, change: Json) -> Offer:
    batch = None if change.get("batch") is None else int(number(change, "batch", 1, _MOST))
    return replace(offer, minimum=int(number(change, "minimum", 1, _MOST, 1)), batch=batch)


def _respec(offer: Offer, change: Json) -> Offer:
    place = _place(offer, change)
    # One version more than any spec has had: ids never come back.
    version = 1 + max(int(str(one.sku_id)[9]) for one in offer.specs)
    sku, spec = sku_id(offer.id, place, version), spec_id(offer.id, place, version)
    specs = [replace(one, sku_id=sku, spec_id=spec) if at == place else one for at, one in enumerate(offer.specs)]
    return offer.with_specs(specs)


def _add_spec(offer: Offer, change: Json) -> Offer:
    number_of, first = len(offer.specs), offer.specs[0]
    name = first.attributes[0]
    value = str(change["value"])
    attributes = ((name[0], name[1], value, name[3], value), *first.attributes[1:])
    ids = (sku_id(offer.id, number_of, 5), spec_id(offer.id, number_of, 5))
    fresh = Spec(*ids, first.price, first.stock, f"{first.cargo}-N", attributes, first.image, first.weight)
    return offer.with_specs((*offer.specs, fresh))


def _drop_spec(offer: Offer, change: Json) -> Offer:
    place = _place(offer, change)
    return offer.with_specs(one for at, one in enumerate(offer.specs) if at != place)


def _traits(offer: Offer, change: Json) -> Offer:
    wanted = change.get("traits")
    if not isinstance(wanted, list) or not set(wanted) <= TRAITS.keys():
        raise ValueError(f"traits: of {', '.join(TRAITS)}")
    return replace(offer, traits=tuple(wanted))


def _group(offer: Offer, change: Json) -> Offer:
    return replace(offer, group=str(change["group"]))


def _touch(offer: Offer, change: Json) -> Offer:
    return offer


def _each(offer: Offer, change: Json, act: Callable[[Spec], Spec]) -> Offer:
    """All specs, or the one that is named."""
    if change.get("spec") is not None:
        place = _place(offer, change)
        return offer.with_specs(act(one) if at == place else one for at, one in enumerate(offer.specs))
    return offer.with_specs(map(act, offer.specs))


def _place(offer: Offer, change: Json) -> int:
    for at, one in enumerate(offer.specs):
        if one.spec_id == change.get("spec"):
            return at
    raise ValueError("spec: a specId of the offer is expected")


_KINDS: dict[str, Callable[[Offer, Json], Offer]] = {
    "price": _price,
    "stock": _stock,
    "status": _status,
    "rename": _rename,
    "minimum": _minimum,
    "respec": _respec,
    "add_spec": _add_spec,
    "drop_spec": _drop_spec,
    "traits": _traits,
    "group": _group,
    "touch": _touch,
}
