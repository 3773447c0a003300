"""Reading the parameters of a query. What is wrong is a ValueError with the reason; each API answers it in its own words."""

from collections.abc import Mapping


def whole(params: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    """A whole number within its bounds, `default` when it is not given."""
    text = params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or not low <= int(text) <= high:
        raise ValueError(f"a whole number from {low} to {high} is expected")
    return int(text)


def one_of(params: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    """One of the values allowed, None when it is not given."""
    value = params.get(name)
    if value is not None and value not in allowed:
        raise ValueError(f"one of {', '.join(allowed)} is expected")
    return value
