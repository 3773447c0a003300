"""Reading the parameters of a call: all are text, objects and lists are JSON text. What cannot be read is the gateway's refusal."""

import json
from typing import Any

from connectors.alibaba.sandbox import moments
from connectors.alibaba.sandbox.errors import invalid
from connectors.alibaba.sandbox.parts import Call
from connectors.kit.sandbox import queries

_INT64 = 2**63


def whole(call: Call, name: str, low: int, high: int, default: int) -> int:
    try:
        return queries.whole(call.parameters, name, low, high, default)
    except ValueError as error:
        raise invalid(name, str(error)) from error


def moment(call: Call, name: str, default: float) -> float:
    """Epoch seconds."""
    if name not in call.parameters:
        return default
    try:
        return moments.read(call.text(name))
    except ValueError as error:
        raise invalid(name, str(error)) from error


def flag(call: Call, name: str) -> bool | None:
    """`true` or `false` as text; None when it is not given."""
    found = call.parameters.get(name)
    if found not in (None, "true", "false"):
        raise invalid(name, "true or false is expected")
    return None if found is None else found == "true"


def number(call: Call, name: str) -> int:
    """An id: a Long."""
    return long(call.text(name), name)


def long(value: Any, name: str) -> int:
    """A Long inside of a JSON parameter or alone: a number or its digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _INT64:
        raise invalid(name, "a Long is expected")
    return value


def longs(call: Call, name: str, most: int) -> list[int]:
    found = parsed(call, name)
    if not isinstance(found, list) or not found or len(found) > most:
        raise invalid(name, f"a list of 1 to {most} Longs is expected")
    return [long(value, name) for value in found]


def an_object(call: Call, name: str) -> dict[str, Any]:
    found = parsed(call, name)
    if not isinstance(found, dict):
        raise invalid(name, "a JSON object is expected")
    return found


def objects(call: Call, name: str) -> list[dict[str, Any]]:
    found = parsed(call, name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise invalid(name, "a JSON array of objects is expected")
    return found


def parsed(call: Call, name: str) -> Any:
    return from_text(call.text(name), name)


def from_text(text: Any, name: str) -> Any:
    """What JSON text says."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise invalid(name, "JSON is expected") from error


def of_1688(call: Call) -> None:
    if call.text("webSite") != "1688":
        raise invalid("webSite", "1688 is expected")
