"""How often we may call the platform (RATE-1). It publishes no numbers: clients settle at 4 to 5 calls a second of an app, and 8 at once have
tripped its flow control. All calls of an app key share one bucket; tokens have their own, so that nobody waits for one behind a long line.
"""

from __future__ import annotations

from pydantic import Field

from connectors.alibaba.apis import AlibabaApis
from connectors.kit.rate import Plan, Quota
from connectors.kit.settings import Part

TOKEN = "token"  # noqa: S105 - the name of a call
DRAWS: dict[str, tuple[str, ...]] = {TOKEN: (TOKEN,), **dict.fromkeys(AlibabaApis.model_fields, ("calls",))}


class AlibabaRates(Part):
    """Calls we allow ourselves, for each app key."""

    per_second: float = Field(4, gt=0, le=10_000, description="calls a second of an app key")
    burst: float = Field(4, ge=1, le=10_000, description="calls at once after a pause")
    parallel: int = Field(2, ge=1, le=64, description="calls under way at the same time")
    grants_per_minute: float = Field(30, gt=0, description="calls for tokens")

    def plan(self) -> Plan:
        """The quotas of one app key and which call draws from which."""
        return Plan(
            {"calls": Quota(self.per_second, 1.0, self.burst), TOKEN: Quota(self.grants_per_minute, 60.0)}, DRAWS
        )
