"""Times and limits of the runtime that are the same for every stage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """Seconds everywhere. The defaults suit a sink that takes minutes for a chunk.

    commit            how often offsets of finished chunks are committed (also at every revocation and at the end)
    revoke            how long a rebalance waits for chunks in work before it cancels them; less than `rebalance`
    rebalance         how long the group waits for a member to come back before it goes on without
    session           how long a silent worker keeps its partitions; heartbeats come from a thread of their own
    heartbeat         about a sixth of `session`
    stop              how long SIGTERM waits for chunks in work, commits and leaving the group
    stalled           lag without progress for this long, with nothing in work or paused, ends the process
    joining           longest time without a settled assignment before that counts as stalled too
    watch             how often the watchdog looks
    topic_check       how long to look for the stages' topics at start
    metadata          how old a consumer's view of the topics may be. A broker that has just come back may know none of them yet; a group that
                      meets at that moment shares out nothing, and meets again once its view has changed: by aiokafka's default after 5 min
    """

    commit: float = 1.0
    revoke: float = 20.0
    rebalance: float = 60.0
    session: float = 30.0
    heartbeat: float = 5.0
    request: float = 60.0
    stop: float = 40.0
    stalled: float = 120.0
    joining: float = 300.0
    watch: float = 5.0
    topic_check: float = 15.0
    metadata: float = 15.0

    def __post_init__(self) -> None:
        if self.revoke >= self.rebalance:
            raise ValueError(f"revoke ({self.revoke} s) must be shorter than rebalance ({self.rebalance} s)")
        if self.session > self.request:
            raise ValueError(f"session ({self.session} s) must not be longer than request ({self.request} s)")
