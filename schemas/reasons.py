"""Why a record failed: eight reasons, set once where the failure happens and used by headers, metrics, alerts and the command line (ERR-1).

A reason answers one question: what has to change before this record can succeed?

    transient   nothing, only time               -> try again, later and later
    throttled   our share of a quota             -> try again when the destination says so
    auth        credentials or rights            -> a person renews them; meanwhile the lane waits
    data        the record itself                -> a person mends the record (or its source) and replays
    mapping     our tables (SKU, carrier)        -> held until the mapping is made, then released by it
    rule        a business decision              -> a person decides; never tried again by itself
    conflict    the other side moved meanwhile   -> read its state and decide again, a few times
    bug         our code                         -> a developer; kept with everything needed to reproduce
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The eight reasons of ERR-1."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    AUTH = "auth"
    DATA = "data"
    MAPPING = "mapping"
    RULE = "rule"
    CONFLICT = "conflict"
    BUG = "bug"


class Severity(StrEnum):
    """How loudly a failure speaks: `info` is counted, `warning` is shown, `critical` alerts at once."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Owner(StrEnum):
    """Who acts on it."""

    PLATFORM = "platform"
    SECURITY = "security"
    CATALOGUE = "catalogue"
    ORDER_DESK = "order-desk"
    DEVELOPERS = "developers"


class LastResort(StrEnum):
    """Where a record goes when it is not tried again."""

    DEAD = "dead"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens to a failed record. `attempts`: how often it may be tried in all, None = until the last tier is used up."""

    severity: Severity
    owner: Owner
    attempts: int | None
    last_resort: LastResort = LastResort.DEAD


# The defaults of ERR-1 and ERR-3; configuration may replace any of them.
DEFAULT_POLICIES: dict[Reason, Policy] = {
    Reason.TRANSIENT: Policy(Severity.INFO, Owner.PLATFORM, attempts=None),
    Reason.THROTTLED: Policy(Severity.INFO, Owner.PLATFORM, attempts=None),
    Reason.AUTH: Policy(Severity.CRITICAL, Owner.SECURITY, attempts=3),
    Reason.DATA: Policy(Severity.WARNING, Owner.ORDER_DESK, attempts=1),
    Reason.MAPPING: Policy(Severity.WARNING, Owner.CATALOGUE, attempts=1, last_resort=LastResort.HELD),
    Reason.RULE: Policy(Severity.WARNING, Owner.ORDER_DESK, attempts=1),
    Reason.CONFLICT: Policy(Severity.WARNING, Owner.ORDER_DESK, attempts=4),
    Reason.BUG: Policy(Severity.CRITICAL, Owner.DEVELOPERS, attempts=1),
}

# FUL-2: a shipment its marketplace does not hear of counts as late there, whatever the reason.
CRITICAL_OPERATIONS = frozenset({"ship_order"})


def severity_of(policy: Policy, operation: str) -> Severity:
    """How loudly a record of this operation speaks that is not tried again."""
    return Severity.CRITICAL if operation in CRITICAL_OPERATIONS else policy.severity
