"""What goes wrong and when: a plan drawn from a seed. Pure, so a run that failed can be had again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What is done to a target."""

    KILL = "kill -9"
    TERM = "SIGTERM"
    STOP = "SIGSTOP"
    BROKER_KILL = "broker kill -9"
    BROKER_RESTART = "broker restart"
    REGISTRY_DOWN = "registry down"
    FAULTS = "faults"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that goes wrong. `lasts`: seconds of a stop or outage. `target`: process name, or fault preset."""

    at: float
    action: Action
    target: str = ""
    lasts: float = 0.0

    def __str__(self) -> str:
        lasting = f" for {self.lasts:.0f} s" if self.lasts else ""
        return f"{self.at:5.1f} s  {self.action} {self.target}{lasting}"


def draw(seed: int, seconds: float, processes: Sequence[str]) -> list[Event]:
    """Something every two to six seconds, each process struck at least once, the broker and the registry too; in order of time."""
    rng = random.Random(seed)
    events = [
        Event(rng.uniform(0.2, 0.8) * seconds, Action.BROKER_KILL if rng.random() < 0.5 else Action.BROKER_RESTART),
        Event(rng.uniform(0.1, 0.7) * seconds, Action.REGISTRY_DOWN, lasts=rng.uniform(3, 8)),
    ]
    events += [Event(part * seconds, Action.FAULTS, rng.choice(("default", "heavy"))) for part in (0.0, 0.5)]
    struck = list(processes)
    rng.shuffle(struck)
    at = 2.0
    while at < seconds:
        target = struck.pop() if struck else rng.choice(list(processes))
        action = rng.choices((Action.KILL, Action.TERM, Action.STOP), weights=(5, 3, 2))[0]
        events.append(Event(at, action, target, rng.uniform(3, 15) if action is Action.STOP else 0.0))
        at += rng.uniform(2, 6)
    return sorted(events, key=lambda event: event.at)
