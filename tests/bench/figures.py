"""What was measured, as values: rounds, medians, the JSON line and the row of the table. Pure.

`limit` is the aim. With a peer it is a ratio: ours should be at least `limit` times the peer. Without one it is in the unit of ours: the most
that a setting allows (records/s), or the longest it may take (s).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Series:
    """The rounds of one contender, in the unit of its measure. Raises ValueError when there is none."""

    rounds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.rounds:
            raise ValueError("a series needs at least one round")

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        """The median, and from the smallest to the largest round."""
        return f"{shown(self.median)} ({shown(min(self.rounds))} to {shown(max(self.rounds))})"


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the result. Round n of `ours` ran next to round n of `peer`."""

    bench: str
    unit: str
    limit: float
    ours: Series
    peer: Series | None = None

    @property
    def paired(self) -> Series | None:
        """Ours to the peer's, round by round: what the machine did to both at that time cancels out. None without a peer."""
        if self.peer is None:
            return None
        return Series(tuple(one / other for one, other in zip(self.ours.rounds, self.peer.rounds, strict=True)))

    @property
    def middle(self) -> tuple[float, float | None]:
        """Ours and the peer's in the round whose ratio is the median (of an even number the lower one); without a peer the median."""
        paired = self.paired
        if self.peer is None or paired is None:
            return self.ours.median, None
        at = paired.rounds.index(statistics.median_low(paired.rounds))
        return self.ours.rounds[at], self.peer.rounds[at]

    def as_json(self) -> dict[str, str | float | None]:
        """The line of `--json`."""
        ours, peer = self.middle
        return {
            "bench": self.bench,
            "ours": rounded(ours),
            "peer": None if peer is None else rounded(peer),
            "limit": self.limit,
            "unit": self.unit,
        }

    def as_row(self) -> tuple[str, str, str, str, str]:
        """bench, ours, peer, ratio, aim."""
        paired = self.paired
        if self.peer is None or paired is None:
            return self.bench, f"{self.ours} {self.unit}", "-", "-", f"{shown(self.limit)} {self.unit}"
        return (
            self.bench,
            f"{self.ours} {self.unit}",
            f"{self.peer} {self.unit}",
            f"{paired.median:.2f} ({min(paired.rounds):.2f} to {max(paired.rounds):.2f})",
            f"{self.limit:g} x",
        )


def turns(names: Sequence[str], rounds: int) -> list[str]:
    """Who runs when: A B C A B C ..., so that a slow minute of the machine hits all."""
    return list(names) * rounds


def rounded(value: float) -> float:
    """Four digits are more than a machine repeats."""
    return float(f"{value:.4g}")


def shown(value: float) -> str:
    """For people: 27,800 or 4.2."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
