"""What each flow of each account writes: how far it is switched on, what was applied, what waits, what is in shadow, held or dead. Pure but for
`count_shadow`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.codec import Codec
from schemas.record import Record
from schemas.records import FailedRecord
from schemas.topics import DESTINATIONS, PARTNERS, SOURCES, shadow
from streams.observe.ledger import APPLIED, EXCLUDED, WAITING, FlowLedger, OpenJob
from streams.observe.newest import NewestReader
from streams.observe.operations import kept_as, operation_for, whose_record
from streams.phases import Flow, Phase, Phases, Pilot, flows_of, phase_of
from streams.settings import Settings
from streams.stages.catching_up import FLOWS as TOLD_FLOWS
from streams.stages.rules import FLOW_OF, Channel

MOST_SHADOW = 50_000

Place = tuple[Channel, Flow]
Reasons = dict[str, int]


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job at the marketplace that is not over: so many deliveries wait for it, so long."""

    job: str
    records: int
    age_seconds: float


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """One flow of one account.

    phase      off, shadow or on; empty for what belongs to no account of a marketplace or supplier's platform
    pilot      what it is kept to while it is tried; empty = everything
    applied, excluded, waiting    of the outcomes that were read
    shadow     kept in shadow now
    held, dead    reason -> how many now
    """

    account: str
    flow: str
    phase: str
    pilot: str
    applied: int
    excluded: int
    waiting: int
    shadow: int
    held: Reasons
    dead: Reasons
    jobs: tuple[JobStatus, ...]

    @property
    def is_quiet(self) -> bool:
        """Nothing is told of it but its phase."""
        return not (self.applied or self.excluded or self.waiting or self.shadow or self.held or self.dead)


@dataclass(frozen=True, slots=True)
class ShadowCount:
    """Kept in shadow now. `is_cut`: there are more than were looked at."""

    records: Mapping[Place, int] = field(default_factory=dict)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class FailedByFlow:
    """Held and dead now, by flow and reason."""

    held: Mapping[Place, Reasons] = field(default_factory=dict)
    dead: Mapping[Place, Reasons] = field(default_factory=dict)


def by_flow(letters: Iterable[FailedRecord], codec: Codec) -> FailedByFlow:
    """Failed records that nobody has done anything with, sorted; those of stages count for the flow they would have led to."""
    found: dict[str, dict[Place, Counter[str]]] = {"held": {}, "dead": {}}
    for letter in letters:
        headers = letter["headers"]
        entity, source = (bytes(headers.get(name, b"")).decode(errors="replace") for name in ("entity", "source"))
        operation = operation_for(letter["operation"], entity, source)
        if operation and letter["state"] in found:
            place = (whose_record(codec, operation, letter["key"], letter["value"]), FLOW_OF[operation])
            found[letter["state"]].setdefault(place, Counter())[letter["reason"]] += 1
    held, dead = ({place: dict(counts) for place, counts in found[state].items()} for state in ("held", "dead"))
    return FailedByFlow(held, dead)


def in_shadow(records: Iterable[Record], codec: Codec) -> dict[Place, int]:
    """Records of shadow topics, in the order of each key -> how many stand."""
    standing: dict[tuple[str, bytes], Place] = {}
    for record in records:
        if record.key is None:
            continue
        standing.pop((record.topic, record.key), None)
        key, operation = kept_as(record.key.decode(errors="replace"))
        if record.value is not None and operation in FLOW_OF:
            place = (whose_record(codec, operation, key, record.value), FLOW_OF[operation])
            standing[record.topic, record.key] = place
    return dict(Counter(standing.values()))


def left_behind(account: str, flow: str, phase: str, pilot: str, count: int) -> str:
    """One line about what lies in shadow although its flow is on, empty when nothing does or it is where it belongs."""
    if phase != Phase.ON or not count:
        return ""
    if flow in {one.value for one in TOLD_FLOWS.values()}:  # goes out by itself, but what the pilot leaves out
        return "" if pilot else f"{account} {flow} is on: {count} in shadow go out when the workers start with it"
    why = "outside the pilot scope, or " if pilot else ""
    ask = f"--account {account} --flow {flow}"
    return f"{account} {flow} is on: {count} in shadow, {why}from before; causeway shadow diff {ask}, then release"


def count_shadow(settings: Settings, codec: Codec, most: int = MOST_SHADOW) -> ShadowCount:
    """As the topics are now. Raises BrokerError, RegistryError."""
    reader = NewestReader(settings.kafka.librdkafka(), [shadow(name) for name in DESTINATIONS], most=most)
    return ShadowCount(in_shadow(reader.records(), codec), reader.is_cut)


def flow_rows(
    ledgers: Mapping[str, FlowLedger], failed: FailedByFlow, shadowed: Mapping[Place, int], channels: Sequence[Channel],
    phases: Phases, pilots: Mapping[str, Mapping[str, Pilot]], now: datetime,
) -> list[FlowStatus]:  # fmt: skip
    """Every flow of every configured account, and of others that something is told of."""
    counts, jobs = _by_place(ledgers)
    places = {(channel, flow) for channel in channels for flow in flows_of(channel[0])}
    places |= {*counts, *jobs, *failed.held, *failed.dead, *shadowed}
    rows = []
    for channel, flow in sorted(places, key=lambda place: (_rank(place[0][0]), place[0], list(Flow).index(place[1]))):
        place, own = (channel, flow), counts.get((channel, flow), Counter())
        rows.append(
            FlowStatus(
                ":".join(channel), flow.value, phase_of(phases, *channel, flow).value if channel[0] in PARTNERS else "",
                _pilot(pilots.get(channel[0], {}).get(channel[1].lower())), own[APPLIED], own[EXCLUDED], own[WAITING],
                shadowed.get(place, 0), failed.held.get(place, {}), failed.dead.get(place, {}),
                tuple(JobStatus(job.job, job.records, max(0.0, (now - job.since).total_seconds())) for job in jobs.get(place, [])),
            )
        )  # fmt: skip
    return rows


def _rank(system: str) -> int:
    """Marketplaces first, then suppliers' platforms, then what belongs to no account of either."""
    return 0 if system in SOURCES else 1 if system in PARTNERS else 2


def _by_place(ledgers: Mapping[str, FlowLedger]) -> tuple[dict[Place, Counter[str]], dict[Place, list[OpenJob]]]:
    counts: dict[Place, Counter[str]] = {}
    jobs: dict[Place, list[OpenJob]] = {}
    for operation, ledger in ledgers.items():
        flow = FLOW_OF[operation]
        for entry in ledger.entries.values():
            counts.setdefault((entry.channel, flow), Counter())[entry.state] += 1
        for channel in {entry.channel for entry in ledger.entries.values() if entry.job}:
            jobs.setdefault((channel, flow), []).extend(ledger.jobs(channel))
    return counts, jobs


def _pilot(pilot: Pilot | None) -> str:
    if pilot is None or pilot.is_everything:
        return ""
    parts = [
        f"SKUs {pilot.skus}" if pilot.skus else "",
        f"categories {', '.join(pilot.categories)}" if pilot.categories else "",
    ]
    return "; ".join(part for part in parts if part)
