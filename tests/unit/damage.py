"""Foreign JSON with something wrong in it: one value replaced, or anything anywhere."""

import copy
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]
Path = tuple[str | int, ...]
REMOVED = object()

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def damaged(whole: Json, path: str | Path, value: Any) -> Json:
    """A copy with one value replaced: `orderLines.orderLine.0.item.sku`, or its parts; REMOVED takes it out."""
    found = copy.deepcopy(whole)
    parts = [int(part) if part.isdecimal() else part for part in path.split(".")] if isinstance(path, str) else path
    *parents, last = parts
    holder: Any = found
    for part in parents:
        holder = holder[part]
    if value is REMOVED:
        del holder[last]
    else:
        holder[last] = value
    return found


def paths(value: Any, path: Path = ()) -> list[Path]:
    """Every path in a JSON value."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    deeper = [deep for name, inner in items for deep in paths(inner, (*path, name))]
    return [(*path, name) for name, _ in items] + deeper
