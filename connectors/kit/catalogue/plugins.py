"""Conversions a user adds (PRD-5): modules named in the configuration, and packages that offer the entry point group `causeway.conversions`.

A module or entry point offers one `Conversion`, several in a list, or a mapping; a module as its attribute `CONVERSIONS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from connectors.kit.catalogue.conversion import Conversion, named
from connectors.kit.catalogue.conversions import BUILT_IN

GROUP = "causeway.conversions"


def conversions(modules: Sequence[str] = (), points: Iterable[EntryPoint] | None = None) -> dict[str, Conversion]:
    """All conversions by name: ours, those of the entry points, those of the modules. Raises ValueError saying what to set right.

    A name of ours may not be used again: a table must mean the same wherever it is read.
    """
    found: list[Conversion] = list(BUILT_IN.values())
    for point in entry_points(group=GROUP) if points is None else points:
        try:
            offered = point.load()
        except Exception as error:
            raise ValueError(f"the entry point {point.name!r} of {GROUP} cannot be loaded: {error}") from error
        found += _offered(offered, f"the entry point {point.name!r}")
    for name in modules:
        found += _of_module(name)
    return named(*found)


def _of_module(name: str) -> list[Conversion]:
    try:
        module = import_module(name)
    except ImportError as error:
        raise ValueError(
            f"the module of conversions {name!r} cannot be imported ({error}); install it or set PYTHONPATH"
        ) from error
    offered = getattr(module, "CONVERSIONS", None)
    if offered is None:
        raise ValueError(f"the module of conversions {name!r} has no CONVERSIONS; give it a list of Conversion")
    return _offered(offered, f"the module {name!r}")


def _offered(offered: object, who: str) -> list[Conversion]:
    values = (
        offered.values() if isinstance(offered, Mapping) else [offered] if isinstance(offered, Conversion) else offered
    )
    if not isinstance(values, Iterable):
        raise ValueError(f"{who} offers no Conversion but {type(offered).__name__}")  # noqa: TRY004 - one kind of error for wrong configuration
    listed = list(values)
    if wrong := [type(one).__name__ for one in listed if not isinstance(one, Conversion)]:
        raise ValueError(f"{who} offers {wrong[0]} where a Conversion belongs")
    return listed
