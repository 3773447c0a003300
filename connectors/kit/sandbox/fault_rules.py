"""Fault rules as values, and the seeded plan that decides which call a fault strikes. No IO, no clock.

Each rule draws from its own random stream (seed and position), once per call it matches: the same seed and the same
sequence of calls give the same faults, and adding a rule at the end does not move the others.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from pydantic import ConfigDict, Field, TypeAdapter, field_validator
from pydantic.dataclasses import dataclass

# Done by the middleware. Of the ending kinds at most one strikes a call; latency may come on top.
LATENCY = "latency"
ENDING_KINDS = ("status", "reset", "lost", "malformed", "truncated")
# Answered by the sandbox's app itself, which asks ``scope["faults"].strikes(kind)``. A sandbox may add its own.
EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a fault
BAD_RECORD = "bad_record"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class FaultRule:
    """One kind of misbehaviour, and which calls it strikes.

    kind: latency | status | reset (connection closed before the app ran) | lost (the app ran to its end, then the
      connection closed without an answer) | malformed (whole body, broken JSON) | truncated (body shorter than
      announced, then closed) | a kind of the sandbox's own, such as expired_token or bad_record
    rate: share of the matching calls, 0..1
    method, path: regular expressions, searched in the method and the path; empty matches all
    skip: leave the first so many matching calls alone
    limit: strike at most so often ("the next 3"); None = no limit
    ms: how long a latency fault waits, in milliseconds
    code, headers, body: what a status fault answers; an empty body gives the sandbox's own error shape
    """

    kind: str
    rate: float = Field(default=1.0, ge=0.0, le=1.0)
    method: str = ""
    path: str = ""
    skip: int = Field(default=0, ge=0)
    limit: int | None = Field(default=None, ge=1)
    ms: int = Field(default=200, ge=0, le=600_000)
    code: int = Field(default=503, ge=400, le=599)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @field_validator("method", "path")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value

    def matches(self, method: str, path: str) -> bool:
        return bool(re.search(self.method, method) and re.search(self.path, path))


_RULES = TypeAdapter(list[FaultRule])
Preset = tuple[FaultRule, ...]


def rules_from(data: Any) -> list[FaultRule]:
    """Rules from parsed JSON. Raises pydantic.ValidationError, which names each wrong field."""
    return _RULES.validate_python(data)


def rules_as_json(rules: Sequence[FaultRule]) -> list[dict[str, Any]]:
    dumped: list[dict[str, Any]] = _RULES.dump_python(list(rules), mode="json")
    return dumped


def mixed(share: float, throttle_headers: Mapping[str, str], app_kinds: Iterable[str] = (), path: str = "") -> Preset:
    """A mix in which about `share` of all calls fail, spread evenly over the ending faults, as many are slow, and each
    of `app_kinds` strikes `share` / 4 of the times the app asks."""
    each = share / 8
    ending = [FaultRule("status", each, path=path, code=code) for code in (500, 503)]
    throttled = FaultRule("status", each * 2, path=path, code=429, headers=throttle_headers)
    others = [FaultRule(kind, each, path=path) for kind in ("reset", "lost", "malformed", "truncated")]
    asked = [FaultRule(kind, share / 4, path=path) for kind in app_kinds]
    return (FaultRule(LATENCY, share, path=path, ms=150), *ending, throttled, *others, *asked)


def standard_presets(
    throttle_headers: Mapping[str, str], app_kinds: Iterable[str] = (), path: str = ""
) -> dict[str, Preset]:
    """none: no faults; default: about 5 % of the calls fail; heavy: about 20 % fail. `path` limits them to an API."""
    kinds = tuple(app_kinds)
    return {
        "none": (),
        "default": mixed(0.05, throttle_headers, kinds, path),
        "heavy": mixed(0.20, throttle_headers, kinds, path),
    }


class FaultPlan:
    """The rules in force, their random streams and what they did so far. Not shared between threads."""

    def __init__(self, rules: Sequence[FaultRule] = (), seed: int = 0) -> None:
        self.seed = seed
        self.rules: list[FaultRule] = []
        self.seen: list[int] = []
        self.struck: list[int] = []
        self.counts: Counter[str] = Counter()
        self._streams: list[random.Random] = []
        self.add(rules)

    def add(self, rules: Sequence[FaultRule]) -> None:
        for rule in rules:
            self._streams.append(random.Random(f"{self.seed}:{len(self.rules)}"))
            self.rules.append(rule)
            self.seen.append(0)
            self.struck.append(0)

    def latency_ms(self, method: str, path: str) -> int:
        """Milliseconds this call has to wait; 0 = none."""
        struck = self._first((LATENCY,), method, path)
        return struck.ms if struck else 0

    def ending(self, method: str, path: str) -> FaultRule | None:
        """The fault that ends this call, if one strikes; the first that strikes wins."""
        return self._first(ENDING_KINDS, method, path)

    def strikes(self, kind: str, method: str, path: str) -> bool:
        """Whether a fault of this kind strikes now; every question is a new draw."""
        return self._first((kind,), method, path) is not None

    def as_json(self) -> dict[str, Any]:
        rules = rules_as_json(self.rules)
        for rule, seen, struck in zip(rules, self.seen, self.struck, strict=True):
            rule.update(seen=seen, struck=struck)
        return {"seed": self.seed, "rules": rules, "counts": dict(self.counts)}

    def _first(self, kinds: tuple[str, ...], method: str, path: str) -> FaultRule | None:
        for index, rule in enumerate(self.rules):
            if rule.kind in kinds and rule.matches(method, path) and self._draw(index):
                self.struck[index] += 1
                self.counts[rule.kind] += 1
                return rule
        return None

    def _draw(self, index: int) -> bool:
        rule = self.rules[index]
        self.seen[index] += 1
        hit = self._streams[index].random() < rule.rate
        if self.seen[index] <= rule.skip or (rule.limit is not None and self.struck[index] >= rule.limit):
            return False
        return hit
