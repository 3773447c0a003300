"""Which methods of a model may be called from outside, and how the call is checked before it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Exposure:
    """records: the first argument is a list of ids. right: what the user must be allowed on the model (and on these
    records); empty = anybody. reads: changes nothing, so it may run beside other reads."""

    records: bool
    right: str
    reads: bool


_EXPOSED: dict[Callable[..., Any], Exposure] = {}


def exposed(*, records: bool = True, right: str = "write", reads: bool = False) -> Callable[[F], F]:
    """Marks a method ``(self, env, ids, ...)``, or ``(self, env, ...)`` where it is not on records."""

    def mark(method: F) -> F:
        _EXPOSED[method] = Exposure(records, right, reads)
        return method

    return mark


def exposure_of(model: type, name: str) -> Exposure | None:
    """An overriding method inherits the exposure of what it overrides."""
    for cls in model.__mro__:
        found = _EXPOSED.get(cls.__dict__.get(name, exposure_of))
        if found is not None:
            return found
    return None
