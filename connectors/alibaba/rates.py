"""How often we may call the platform (RATE-1). It publishes no numbers: clients settle at 4 to 5 calls a second of an app, and 8 at once have
tripped its flow control. All calls of an app key share one bucket; tokens have their own, so that nobody waits for one behind a long line.

Who reads is another process than who writes, and neither knows what the other does: each has its part of the bucket (`reading_share`), and of the
writing part each worker that of the work it owns.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from connectors.alibaba.apis import AlibabaApis
from connectors.kit.rate import Plan, Quota
from connectors.kit.settings import Part

TOKEN = "token"  # noqa: S105 - the name of a call
DRAWS: dict[str, tuple[str, ...]] = {TOKEN: (TOKEN,), **dict.fromkeys(AlibabaApis.model_fields, ("calls",))}


class Use(StrEnum):
    """What an app key is used for in a process."""

    READING = "reading"
    WRITING = "writing"


class AlibabaRates(Part):
    """Calls we allow ourselves, for each app key."""

    per_second: float = Field(4, gt=0, le=10_000, description="calls a second of an app key")
    burst: float = Field(4, ge=1, le=10_000, description="calls at once after a pause")
    parallel: int = Field(2, ge=1, le=64, description="calls under way at the same time")
    reading_share: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="part of both for what is read, by the poller; the rest is for what is written, by the workers",
    )
    grants_per_minute: float = Field(30, gt=0, description="calls for tokens")

    def plan(self, use: Use = Use.WRITING) -> Plan:
        """The quotas of one app key for that use, and which call draws from which."""
        part = self._part(use)
        calls = Quota(self.per_second * part, 1.0, max(1.0, self.burst * part))
        return Plan({"calls": calls, TOKEN: Quota(self.grants_per_minute, 60.0)}, DRAWS)

    def at_once(self, use: Use = Use.WRITING) -> int:
        """Calls under way at the same time, for that use."""
        return max(1, int(self.parallel * self._part(use)))

    def _part(self, use: Use) -> float:
        return self.reading_share if use is Use.READING else 1 - self.reading_share
