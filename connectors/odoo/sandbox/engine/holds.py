"""Transactions that stay open on request: the call runs when it comes in, its rows are kept apart until it is let go.

A rule names the calls (model and method, `*` = any). A call that a rule takes is an `OpenTransaction`: other calls go on
and commit with newer write_dates, nobody sees its rows, and rows it has touched are locked against other writers.
"""

from __future__ import annotations

import itertools
import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["commit", "rollback"]
State = Literal["open", "committed", "rolled back"]
OUTCOMES = ("commit", "rollback")
# Other calls read the tables of these while they run: they cannot be kept apart.
NEVER_HELD = ("ir.model", "ir.model.fields")
KEPT = 200


@dataclass
class HoldRule:
    """seconds: how long the call stays open, None = until it is released. times: for how many calls the rule is good,
    None = for all. rate: share of the matching calls it takes."""

    id: int
    model: str = "*"
    method: str = "*"
    seconds: float | None = None
    outcome: Outcome = "commit"
    times: int | None = 1
    rate: float = 1.0

    def matches(self, model: str, method: str) -> bool:
        return self.model in ("*", model) and self.method in ("*", method) and self.times != 0


@dataclass
class OpenTransaction:
    """started: its write_date, microseconds. rows: how many rows it will change. waiting: calls that wait for its end."""

    id: int
    rule: HoldRule
    model: str
    method: str
    started: str
    rows: int = 0
    waiting: int = 0
    state: State = "open"
    outcome: Outcome = "commit"
    go: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def as_json(self) -> dict[str, Any]:
        names = ("id", "model", "method", "started", "rows", "waiting", "state", "outcome")
        return {"rule": self.rule.id, **{name: getattr(self, name) for name in names}}


class Holds:
    """The rules and what they hold; used from many threads."""

    def __init__(self, seed: int = 0) -> None:
        self._rules: list[HoldRule] = []
        self._seen: dict[int, OpenTransaction] = {}
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._random = random.Random(seed)

    def add(self, **what: Any) -> HoldRule:
        with self._changed:
            rule = HoldRule(next(self._numbers), **what)
            self._rules.append(rule)
            return rule

    def drawn(self, model: str, method: str) -> HoldRule | None:
        """The rule that takes this call, if any; it is spent by one."""
        with self._changed:
            if model in NEVER_HELD:
                return None
            for rule in self._rules:
                if rule.matches(model, method) and self._random.random() < rule.rate:
                    if rule.times is not None:
                        rule.times -= 1
                    return rule
            return None

    # ---- one call

    def opened(self, rule: HoldRule, model: str, method: str, started: str, rows: int) -> OpenTransaction:
        with self._changed:
            one = OpenTransaction(next(self._numbers), rule, model, method, started, rows, outcome=rule.outcome)
            self._seen[one.id] = one
            for old in [key for key, seen in self._seen.items() if seen.ended.is_set()][:-KEPT]:
                del self._seen[old]
            self._changed.notify_all()
            return one

    def closed(self, one: OpenTransaction, state: State) -> None:
        with self._changed:
            one.state = state
            one.ended.set()
            self._changed.notify_all()

    def await_end(self, one: OpenTransaction) -> None:
        """For a call that needs a row of it."""
        with self._changed:
            one.waiting += 1
        one.ended.wait()
        with self._changed:
            one.waiting -= 1

    # ---- control

    def wait_open(self, rule: int, seconds: float) -> OpenTransaction | None:
        """The first open transaction of this rule; None when none is there in time."""

        def found() -> OpenTransaction | None:
            mine = (one for one in self._seen.values() if one.rule.id == rule and one.state == "open")
            return next(mine, None)

        with self._changed:
            return self._changed.wait_for(found, seconds)

    def release(self, ids: list[int] | None, outcome: Outcome | None, seconds: float) -> list[OpenTransaction]:
        """Let transactions go (None = all open ones) and wait until they have ended."""
        with self._changed:
            chosen = [one for one in self._seen.values() if one.state == "open" and (ids is None or one.id in ids)]
        for one in chosen:
            one.outcome = outcome or one.outcome
            one.go.set()
        for one in chosen:
            one.ended.wait(seconds)
        return chosen

    def clear(self, seconds: float = 10.0) -> None:
        """No rules any more, and what is open is rolled back."""
        with self._changed:
            self._rules.clear()
        self.release(None, "rollback", seconds)

    def open_count(self) -> int:
        with self._changed:
            return sum(one.state == "open" for one in self._seen.values())

    def as_json(self) -> dict[str, Any]:
        with self._changed:
            return {
                "rules": [asdict(rule) for rule in self._rules if rule.times != 0],
                "transactions": [one.as_json() for one in self._seen.values()],
            }
