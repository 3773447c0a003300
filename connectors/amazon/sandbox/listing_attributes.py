"""What a PATCH makes of a listing's attributes. Pure (amazon.md section 7; Amazon's "Merge a listing", "Manage purchasable offer").

    add, replace   the attribute is what is given now; all it had before is gone
    merge          the object with the same selectors keeps what is not named; null takes a property away; no such object: it is added
    delete         the objects with the given selectors go; an attribute cannot be deleted by its name alone

A listing is one for each marketplace: objects of marketplaces that the call does not speak of stay as they are. An attribute without a marketplace
among its selectors (fulfillment_availability) is the SKU's, whatever the marketplace. Only whole attributes are addressed, never a part of one.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from connectors.amazon.sandbox.definitions_types import ATTRIBUTES
from connectors.amazon.sandbox.listing_issues import Issue, wrong
from connectors.kit.sandbox.steering import Json

Attributes = dict[str, list[Json]]
OPERATIONS = ("add", "replace", "merge", "delete")
_PATH = re.compile(r"/attributes/([a-z][a-z0-9_]*)")
_DEFAULTS = {"audience": "ALL"}


class PatchError(Exception):
    """A patch cannot be carried out; holds the issue that says why."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


def patched(
    held: Mapping[str, Sequence[Json]], patches: Sequence[Json], places: Sequence[str]
) -> tuple[Attributes, list[Issue]]:
    """(attributes afterwards, what is wrong). places: the marketplaces of the call. What is wrong changes nothing."""
    # Objects of attributes are never changed, only exchanged, so they may be shared.
    changed: Attributes = {name: list(values) for name, values in held.items()}
    issues = []
    for patch in patches:
        try:
            name = attribute_of(patch["path"])
            changed[name] = _ACTS[patch["op"]](name, changed.get(name, []), list(patch.get("value", [])), places)
        except PatchError as error:
            issues.append(error.issue)
            continue
        if not changed[name]:
            del changed[name]
    return changed, issues


def attribute_of(path: str) -> str:
    """Raises PatchError for what is no attribute of the top level."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise PatchError(
            wrong(f"The path '{path[:80]}' is not supported: only attributes of the top level can be patched.")
        )
    return found[1]


def touched(patches: Sequence[Json]) -> set[str]:
    """Names of the attributes that patches speak of."""
    return {found[1] for patch in patches if (found := _PATH.fullmatch(patch["path"]))}


def placed(name: str, values: Sequence[Json], places: Sequence[str]) -> list[Json]:
    """Values with their marketplace; what names none is of the call's, if that is one. Raises PatchError."""
    attribute = ATTRIBUTES.get(name)
    if attribute is None or not attribute.by_marketplace:
        return list(values)
    found = [
        value if "marketplace_id" in value or len(places) != 1 else {**value, "marketplace_id": places[0]}
        for value in values
    ]
    for value in found:
        if value.get("marketplace_id") not in places:
            raise PatchError(wrong(f"'marketplace_id' of '{name}' is not among the marketplaces of the request.", name))
    return found


def selectors_of(name: str) -> tuple[str, ...]:
    return ATTRIBUTES[name].selectors if name in ATTRIBUTES else ("marketplace_id",)


def key_of(name: str, value: Json) -> tuple[object, ...]:
    """What tells an object of an attribute from the others."""
    return tuple(value.get(selector, _DEFAULTS.get(selector)) for selector in selectors_of(name))


def _replace(name: str, before: list[Json], values: list[Json], places: Sequence[str]) -> list[Json]:
    if not values:
        raise PatchError(wrong(f"'value' of '{name}' is required.", name))
    elsewhere = [one for one in before if "marketplace_id" in one and one["marketplace_id"] not in places]
    return elsewhere + [_without_nulls(name, value) for value in placed(name, values, places)]


def _merge(name: str, before: list[Json], values: list[Json], places: Sequence[str]) -> list[Json]:
    if not values:
        raise PatchError(wrong(f"'value' of '{name}' is required.", name))
    after = list(before)
    for value in values:
        for selector in selectors_of(name):
            # A text may have no language; every other selector leads to the object that is meant.
            if selector not in ("language_tag", *_DEFAULTS) and not value.get(selector):
                raise PatchError(wrong(f"merge of '{name}' needs a value for its selector '{selector}'.", name))
        (value,) = placed(name, [value], places)
        same = [at for at, one in enumerate(after) if key_of(name, one) == key_of(name, value)]
        if len(same) > 1:
            raise PatchError(wrong(f"merge of '{name}': several values have these selectors.", name))
        if same:
            merged = {**after[same[0]], **value}
            after[same[0]] = {key: one for key, one in merged.items() if one is not None}
        else:
            after.append({key: one for key, one in value.items() if one is not None})
    return after


def _delete(name: str, before: list[Json], values: list[Json], places: Sequence[str]) -> list[Json]:
    if not values or not all(any(value.get(one) for one in selectors_of(name)) for value in values):
        raise PatchError(wrong(f"delete of '{name}' needs a value with selectors of what is to be deleted.", name))
    return [one for one in before if not any(_selected(name, one, value, places) for value in values)]


def _selected(name: str, one: Json, value: Json, places: Sequence[str]) -> bool:
    if one.get("marketplace_id", places[0]) not in places:
        return False
    defaults = {**_DEFAULTS, **one}
    return all(
        defaults.get(selector) == value.get(selector, _DEFAULTS.get(selector, defaults.get(selector)))
        for selector in selectors_of(name)
    )


def _without_nulls(name: str, value: Json) -> Json:
    if nulls := sorted(key for key, one in value.items() if one is None):
        raise PatchError(wrong(f"'{nulls[0]}' of '{name}': null is for merge only.", name))
    return value


_ACTS: Mapping[str, Callable[[str, list[Json], list[Json], Sequence[str]], list[Json]]] = {
    "add": _replace,
    "replace": _replace,
    "merge": _merge,
    "delete": _delete,
}
