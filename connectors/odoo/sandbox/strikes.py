"""Faults that only the app can play. They are drawn before the call runs, because the plan lives on the event loop.

bad_record: load() refuses this record and names it in a message; create() refuses the call.
serialization: any writing call fails with PostgreSQL's serialization failure, after Odoo's own tries.
lost_race: load() answers `ids: false` with the serialization message per record, as to the loser of a race.
expired_token: the credentials are refused (Access Denied), as after a key was revoked or has expired.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.sandbox.fault_rules import BAD_RECORD, EXPIRED_TOKEN
from connectors.kit.sandbox.faults import CallFaults

SERIALIZATION, LOST_RACE = "serialization", "lost_race"
APP_KINDS = (BAD_RECORD, SERIALIZATION, LOST_RACE, EXPIRED_TOKEN)
# In the presets are only those that a client gets over by sending again: nobody revokes a key for one call, and a record
# that is refused for no reason of its own would end among the dead letters.
PRESET_KINDS = (SERIALIZATION, LOST_RACE)
READS = (
    "search",
    "read",
    "fields_get",
    "name_search",
    "check_",
    "has_",
    "context_get",
    "default_get",
    "exists",
    "get_",
)


@dataclass
class Strikes:
    """What strikes one call. `records`: one answer per record, in the order they are asked for."""

    denied: bool = False
    serialization: bool = False
    lost_race: bool = False
    records: deque[bool] = field(default_factory=deque)

    def strikes_record(self) -> bool:
        return self.records.popleft() if self.records else False


NO_STRIKES = Strikes()


def drawn(faults: CallFaults, service: Any, method: Any, args: Any) -> Strikes:
    """Draw for one call: `method` is the model's method, `args` the arguments of execute_kw."""
    if service != "object" or not faults.plan.rules:
        return NO_STRIKES
    if faults.strikes(EXPIRED_TOKEN):
        return Strikes(denied=True)
    if not isinstance(method, str) or method.startswith(READS):
        return NO_STRIKES
    strikes = Strikes(serialization=faults.strikes(SERIALIZATION))
    if method == "load":
        strikes.lost_race = faults.strikes(LOST_RACE)
    if method in ("load", "create"):
        strikes.records.extend(faults.strikes(BAD_RECORD) for _ in range(_records(method, args)))
    return strikes


def _records(method: str, args: Any) -> int:
    """At most so many records: of load() every row counts as one."""
    try:
        values = args[1] if method == "load" else args[0]
    except (IndexError, TypeError, KeyError):
        return 0
    return len(values) if isinstance(values, list) else 1
