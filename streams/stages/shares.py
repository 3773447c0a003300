"""This process's part of a destination's rate budget: the part of the work it owns (RATE-1). No coordinator: Kafka shares the partitions out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

from connectors.kit.ports import Shares, Sink
from schemas.topics import Lane

logger = logging.getLogger(__name__)


class Owned:
    """Partitions owned of each lane of one destination in this process. The lanes that a process does not run count as another's."""

    def __init__(self, sink: Sink, partitions: int, lanes: Sequence[Lane] = tuple(Lane)) -> None:
        self._sink = sink
        self._all = partitions * len(lanes)
        self._lanes: dict[Lane, set[int]] = {lane: set() for lane in lanes}

    def add(self, lane: Lane, partitions: set[int]) -> None:
        """These are ours now."""
        self._lanes[lane] |= partitions
        self._tell()

    def remove(self, lane: Lane, partitions: set[int]) -> None:
        """These are another's now."""
        self._lanes[lane] -= partitions
        self._tell()

    def _tell(self) -> None:
        owned = sum(len(partitions) for partitions in self._lanes.values())
        if not hasattr(self._sink, "set_share") or owned == 0:  # who owns nothing makes no calls
            return
        share = min(1.0, owned / self._all)
        logger.info("quota_share destination=%s share=%.3f", self._sink.destination, share)
        cast("Shares", self._sink).set_share(share)
