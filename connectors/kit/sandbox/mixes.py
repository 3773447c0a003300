"""Mixes of generated records: frozen dataclasses of shares between 0 and 1, with presets, as they come in JSON."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MixT = TypeVar("MixT", bound="DataclassInstance")


def check_shares(mix: "DataclassInstance") -> None:
    """Raises ValueError naming the fields that are single numbers and do not lie between 0 and 1."""
    shares = {f.name: getattr(mix, f.name) for f in fields(mix) if f.type in (float, "float")}
    wrong = [name for name, share in shares.items() if not 0.0 <= share <= 1.0]
    if wrong:
        raise ValueError(f"shares must lie between 0 and 1: {', '.join(wrong)}")


def mix_of(data: Any, presets: Mapping[str, MixT]) -> MixT:
    """A mix from JSON: a preset's name, or {"base": "default", "late": 0.5, ...}.

    Raises ValueError that names the unknown preset or field, or the share out of range."""
    given = {"base": data} if isinstance(data, str) else data
    if not isinstance(given, dict):
        raise ValueError("mix must be a preset's name or an object")  # noqa: TRY004 - the caller answers 400
    values: dict[str, Any] = dict(given)
    base = values.pop("base", "default")
    if base not in presets:
        raise ValueError(f"unknown mix {base!r}; known: {', '.join(sorted(presets))}")
    unknown = sorted(values.keys() - asdict(presets[base]).keys())
    if unknown:
        raise ValueError(f"unknown mix fields: {', '.join(unknown)}")
    overrides: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    try:
        return replace(presets[base], **overrides)
    except TypeError as error:
        raise ValueError(f"mix has a value of the wrong type: {error}") from error
