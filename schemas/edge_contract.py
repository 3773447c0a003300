"""What a Box's agent may be told from afar, and what it tells of itself, besides its events. The standard library is all this needs.

Configuration is a small object of plain values: which devices, how much, how loud. Nothing in it can be a credential, an address or code, so
whoever holds the gateway cannot turn a Box to somebody else. What is not in it stays as the Box's own file says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas.hardware import LATEST_MICROS, MAX_BATCH_EVENTS, MAX_NAME_CHARACTERS

MAX_DEVICES = 100
MAX_HEALTH_BYTES = 16 * 1024
MAX_HEALTH_FIELDS = 50
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SPOOL_HEADER = "Causeway-Spool"
NO_SPOOL = "none"  # what the header says of a spool that has no name yet
MAX_SPOOL_NAMES = 200  # 3.4 kB of header
OTHER_SPOOL = "other_spool"  # the reason of a 403: another spool speaks for the Box

_BOX = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,63}")
_HEALTH_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SPOOL_NAME = re.compile(r"[0-9a-f]{16}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MOST_NUMBER = 2**53


class ContractError(ValueError):
    """Something that is not as agreed: says which name and what was expected, never what stood there."""


def is_box(text: object) -> bool:
    """Whether it can be a Box's identifier, as in events."""
    return isinstance(text, str) and _BOX.fullmatch(text) is not None


def _whole(least: int, most: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        good = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return "" if good else f"must be a whole number from {least} to {most}"

    return check


def _devices(value: Any) -> str:
    good = (
        isinstance(value, list)
        and len(value) <= MAX_DEVICES
        and all(isinstance(one, str) and 0 < len(one) <= MAX_NAME_CHARACTERS and not _CONTROL.search(one) for one in value)
    )  # fmt: skip
    return "" if good else f"must be at most {MAX_DEVICES} identifiers of devices"


def _level(value: Any) -> str:
    return "" if value in LOG_LEVELS else f"must be one of {', '.join(LOG_LEVELS)}"


# name -> (what it means, a check that answers what is wrong). The whole of what can be set from afar.
CONFIGURATION: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "devices": ("the devices to listen to; an empty list is all of them", _devices),
    "spool_megabytes": ("how large the spool may become", _whole(1, 100_000)),
    "spool_days": ("how old an event in the spool may become", _whole(1, 365)),
    "batch_events": ("most events in one call", _whole(1, MAX_BATCH_EVENTS)),
    "send_seconds": ("pause between calls while little happens", _whole(1, 3600)),
    "health_seconds": ("pause between reports of health", _whole(10, 3600)),
    "log_level": (f"one of {', '.join(LOG_LEVELS)}", _level),
}


def _number(least: float, most: float) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        good = isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
        return "" if good else f"must be a number from {least:g} to {most:g}"

    return check


def _truth(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _version(value: Any) -> str:
    return "" if isinstance(value, str) else "must be a text"


_COUNT = _whole(0, _MOST_NUMBER)  # beyond it JSON's numbers are not exact everywhere
_BYTES = _whole(0, 2**50)

# name -> (what it means, a check that answers what is wrong). A Box may leave out any, or say null, and add plain values of its own.
HEALTH: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "sent_at": ("the agent's clock at sending, epoch microseconds", _COUNT),
    "spool_events": ("events that wait to be sent", _COUNT),
    "spool_bytes": ("what they take on the disk", _BYTES),
    "oldest_seconds": ("age of the oldest of them", _number(0, LATEST_MICROS // 1_000_000)),
    "dropped": ("events the spool had to let go, since the Box was set up", _COUNT),
    "poll_gaps": ("holes in what could be heard, since the Box was set up", _COUNT),
    "skew_ms": ("the agent's clock minus the IoT Box's", _whole(-LATEST_MICROS // 1000, LATEST_MICROS // 1000)),
    "clock_trusted": ("whether the agent's clock is known to be right", _truth),
    "rss_bytes": ("memory of the agent", _BYTES),
    "agent_version": ("what runs there", _version),
    "config_version": ("the configuration it works by", _COUNT),
    "box_up": ("whether the IoT Box answers", _truth),
    "devices": ("devices that are there", _COUNT),
    "set_aside": ("events the gateway will never take", _COUNT),
    "refused_full": ("events a full spool did not take", _COUNT),
}


def spool_names(header: str) -> tuple[str, ...]:
    """The names of the spool that calls, newest first: of this start, then those of starts whose call may have arrived. Raises ContractError."""
    names = tuple(header.split()) if header.strip() != NO_SPOOL else ()
    if len(names) > MAX_SPOOL_NAMES or not all(_SPOOL_NAME.fullmatch(name) for name in names):
        raise ContractError(
            f"{SPOOL_HEADER}: must be `{NO_SPOOL}`, or at most {MAX_SPOOL_NAMES} names of 16 hex digits, newest first"
        )
    return names


def configuration_of(document: Any) -> dict[str, Any]:
    """A configuration as it came, held against what is allowed. Raises ContractError."""
    if not isinstance(document, Mapping):
        raise ContractError("a configuration must be an object")
    for name, value in document.items():
        if name not in CONFIGURATION:
            raise ContractError(f"there is no setting of that name: {', '.join(CONFIGURATION)} can be set")
        if problem := CONFIGURATION[name][1](value):
            raise ContractError(f"{name}: {problem}")
    return dict(document)


def configuration_from_words(words: Iterable[str]) -> dict[str, Any]:
    """`key=value ...` as people write it; an empty value takes the setting back (None). Devices are separated by commas. Raises ContractError."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ContractError(f"{word!r}: write name=value; an empty value takes the setting back")
        if name not in CONFIGURATION:
            raise ContractError(f"there is no setting {name!r}: {', '.join(CONFIGURATION)} can be set")
        found[name] = _value(name, text)
        if found[name] is not None and (problem := CONFIGURATION[name][1](found[name])):
            raise ContractError(f"{name}: {problem}")
    return found


def _value(name: str, text: str) -> Any:
    if not text:
        return None
    if name == "devices":
        return [] if text == "all" else [one.strip() for one in text.split(",") if one.strip()]
    if name == "log_level":
        return text.upper()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else text


def health_of(document: Any) -> dict[str, Any]:
    """A health report as it came: a flat object of numbers, truths and short texts, those of HEALTH as they can be. Raises ContractError."""
    if not isinstance(document, Mapping) or len(document) > MAX_HEALTH_FIELDS:
        raise ContractError(f"a health report must be an object of at most {MAX_HEALTH_FIELDS} fields")
    for name, value in document.items():
        if not isinstance(name, str) or not _HEALTH_NAME.fullmatch(name):
            raise ContractError("a field's name must be small letters, digits and _, at most 40")
        if not _is_plain(value):
            raise ContractError(f"{name}: must be a number, true, false, null or a text of at most 200 characters")
        if name in HEALTH and value is not None and (problem := HEALTH[name][1](value)):
            raise ContractError(f"{name}: {problem}, or null: {HEALTH[name][0]}")
    return dict(document)


def _is_plain(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return -_MOST_NUMBER <= value <= _MOST_NUMBER
    return isinstance(value, str) and len(value) <= 200 and not _CONTROL.search(value)
