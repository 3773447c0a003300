"""Which partitions wait until when. Pure: the clock is passed in, epoch milliseconds UTC.

A retry tier is a queue: every record in it waits equally long, so the head is always the next one due, and looking at heads is enough.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

Place = tuple[str, int]  # topic, partition


class DueTimes:
    """Partitions whose head is not due yet, and when it will be."""

    def __init__(self) -> None:
        self._due: dict[Place, int] = {}
        self._heap: list[tuple[int, Place]] = []  # may hold entries that no longer count; `_due` is what counts

    def __contains__(self, place: Place) -> bool:
        return place in self._due

    def __len__(self) -> int:
        return len(self._due)

    def wait(self, place: Place, due_ms: int) -> None:
        """The head of this partition is due then. Replaces what was known."""
        self._due[place] = due_ms
        heapq.heappush(self._heap, (due_ms, place))

    def forget(self, places: Iterable[Place]) -> None:
        """These partitions are no longer ours; whoever gets them reads their heads anew."""
        for place in places:
            self._due.pop(place, None)

    def take_due(self, now_ms: int) -> list[Place]:
        """The partitions whose head is due now, earliest first; they wait no longer."""
        taken = []
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, place = heapq.heappop(self._heap)
            if self._due.get(place) == due_ms:
                del self._due[place]
                taken.append(place)
        return taken

    def next_due(self) -> int | None:
        """When the next head is due, None when nothing waits."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
