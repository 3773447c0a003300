"""What an answer of the gateway means for the spool. Pure; the contract is told in schemas/hardware.py and docs/edge.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.edge_contract import OTHER_SPOOL

MOST_WAIT_SECONDS = 3600.0
TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Taken:
    """All up to `through` is safe. To a question: `last` is the id of that event, `strict` says that it may be another spool's."""

    through: int
    config_version: int | None = None
    last: str = ""
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Hole:
    """The other side misses this number."""

    expected: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The event at this place of the batch can never be; with -1 the batch itself was not understood."""

    index: int
    problem: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The batch is too large for the other side."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The credential is not known, or no longer; or another spool speaks for the Box (`why` is OTHER_SPOOL)."""

    why: str = "not_allowed"


@dataclass(frozen=True, slots=True)
class AskFirst:
    """The other side wants to be asked how far it is, before anything (more) is sent."""


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing was promised. `why` is TIMEOUT when time was up before all had gone. `seconds`: how long to wait, None when nobody said."""

    why: str
    seconds: float | None = None


Verdict = Taken | Hole | Refused | TooLarge | NotAllowed | AskFirst | Later


def verdict_of(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """An HTTP answer to POST /edge/v1/events. What makes no sense is Later: whatever is not a clear yes promises nothing."""
    document = _document(body)
    if status == 200 and (through := whole(document.get("through"))) is not None:
        last = document.get("last")
        version, strict = whole(document.get("config_version")), document.get("strict") is True
        return Taken(through, version, last if isinstance(last, str) else "", strict)
    if status == 409 and (expected := whole(document.get("expected"))) is not None and expected >= 1:
        return Hole(expected)
    if status == 422:
        index = document.get("index")
        place = index if isinstance(index, int) and not isinstance(index, bool) else -1
        return Refused(place, str(document.get("problem", ""))[:200])
    if status in (401, 403):
        return NotAllowed(OTHER_SPOOL) if document.get("reason") == OTHER_SPOOL else NotAllowed()
    if status == 428:
        return AskFirst()
    if status == 413:
        return TooLarge()
    return Later(f"status_{status}", retry_after(headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`, at most an hour; dates are not read (clocks may be wrong here)."""
    text = headers.get("retry-after", "").strip()
    return min(float(text), MOST_WAIT_SECONDS) if text.isascii() and text.isdigit() else None


def backoff(attempt: int, share: float, most: float = 60.0) -> float:
    """Seconds before the next try: 1, 2, 4 ... `most`, of which between half and all by `share` (0..1)."""
    return float(min(most, 2.0 ** min(attempt, 20))) * (0.5 + share / 2)


def whole(value: Any) -> int | None:
    """A whole number that is not negative."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
