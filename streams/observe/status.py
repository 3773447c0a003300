"""What runs, what waits, what failed: one look at everything, each part on its own, so that one that cannot be asked hides no other.

A part that is not known is `Unknown` with the reason: no endpoint, a registry that is down. Only the broker is needed for nearly all, so
`look` raises BrokerError when it is away.
"""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connectors.kit.ports import Connector
from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.records import Cursor
from schemas.registry import Registry, RegistryError
from schemas.topics import OUTCOMES, parse_tier
from streams.failure.queues import Depth, depths
from streams.failure.routing import previous_failure
from streams.kafka import QUIET, BrokerError
from streams.observe.failed import Failures, count_failed
from streams.observe.flows import FailedByFlow, FlowStatus, ShadowCount, count_shadow, flow_rows
from streams.observe.groups import POLLER, RELEASE, retry_group, stage_groups
from streams.observe.lag import GroupLag, read_lag
from streams.observe.ledger import DEAD, HELD, FlowLedger, Ledger, Ledgers
from streams.observe.newest import NewestReader
from streams.observe.on_the_way import orders_on_the_way
from streams.observe.scrape import ProcessView, look_at
from streams.observe.trace import partners_of
from streams.phases import Flow
from streams.poller.desk import Desk
from streams.poller.flows import FlowKey
from streams.settings import ConfigurationError, Settings
from streams.stages.rules import UPSERT_ORDER

T = TypeVar("T")

KAFKA_PORT = 9092  # where librdkafka looks when no port is given
CONNECT_SECONDS = 2.0
BROKER_SECONDS = 5.0
ORDERS_WINDOW = timedelta(hours=24)
MOST_OUTCOMES = 50_000


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part that could not be asked."""

    unknown: str


@dataclass(frozen=True, slots=True)
class StageStatus:
    """One stage. No `members`: it is not running. Lag counts what is not finished; seconds are the age of the oldest of it."""

    stage: str
    group: str
    members: int
    lag_records: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class TierStatus:
    """One retry tier. `waiting`: not due yet, `due`: due and not brought back yet; seconds until the next is due, or since the oldest was."""

    tier: str
    waiting: int
    due: int
    next_due_seconds: float | None
    overdue_seconds: float


@dataclass(frozen=True, slots=True)
class FlowView:
    """One poll flow: how far it has read, and when it last wrote that down. `failing_since`: every poll since then has failed, the last one for
    that reason; `next_try` is when it is polled again. None and empty while it is well."""

    account: str
    flow: str
    configured: bool
    read_until: datetime | None
    behind_seconds: float | None
    written_at: datetime | None
    records: int
    failing_since: datetime | None = None
    failing_reason: str = ""
    failing_detail: str = ""
    next_try: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrdersView:
    """Orders by what became of them, of the outcomes since then; held and dead as they are now. `is_cut`: there were more outcomes than were read;
    `unreadable`: so many of them are not counted. `on_the_way`: those of `waiting` that no outcome speaks of yet."""

    since: datetime
    is_cut: bool
    outcomes: int
    counts: dict[str, int]
    unreadable: int = 0
    on_the_way: int = 0


@dataclass(frozen=True, slots=True)
class WritesView:
    """Every flow of every account: applied, excluded, waiting and jobs of the outcomes since then; shadow, held and dead as they are now."""

    since: datetime
    is_cut: bool
    rows: tuple[FlowStatus, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """One look."""

    at: datetime
    environment: str
    bootstrap: str
    registry_url: str
    stages: tuple[StageStatus, ...]
    retry_members: int
    retry: tuple[TierStatus, ...]
    poller_members: int
    flows: tuple[FlowView, ...] | Unknown
    processes: tuple[ProcessView, ...] | Unknown
    release_members: int
    failed: Failures | Unknown
    orders: OrdersView | Unknown
    writes: WritesView | Unknown = field(default_factory=lambda: Unknown("not asked"))

    def as_json(self) -> dict[str, Any]:
        """For machines: times are ISO text when written by orjson."""
        return dataclasses.asdict(self)


def look(
    settings: Settings, connectors: Sequence[Connector], endpoints: Sequence[str] = (), *, now: datetime
) -> Status:
    """One look at everything. `endpoints`: host:port of processes to ask. Raises BrokerError when the cluster cannot be reached."""
    config = settings.kafka.librdkafka()
    _check_broker(config)
    retry = retry_group(settings)
    stages = stage_groups(connectors, settings)
    codec = Codec(Registry(settings.registry.client()))
    with ThreadPoolExecutor(8, thread_name_prefix="status") as pool:
        lag = pool.submit(read_lag, config, [*stages, retry, RELEASE, POLLER])
        tiers = pool.submit(depths, settings, retry.name, now.timestamp())
        flows = pool.submit(_known, lambda: _flows(settings, connectors, codec, now))
        failed = pool.submit(_known, lambda: count_failed(settings, codec))
        outcomes = pool.submit(_known, lambda: _outcomes(settings, connectors, codec, now))
        shadowed = pool.submit(_known, lambda: count_shadow(settings, codec))
        processes = pool.submit(_processes, endpoints)
    failures, told = _answer(failed), _answer(outcomes)
    if not isinstance(told, Unknown) and not isinstance(failures, Unknown):
        told = with_standing(told[0], failures[1]), told[1]
    by_stage = {found.group.stage: found for found in lag.result()}
    return Status(
        at=now,
        environment=settings.environment.value,
        bootstrap=settings.kafka.bootstrap,
        registry_url=settings.registry.url,
        stages=tuple(_stage(by_stage[group.stage], now) for group in stages),
        retry_members=len(by_stage["retry"].members),
        retry=tiers_of(settings, tiers.result(), by_stage["retry"], now),
        poller_members=len(by_stage["poller"].members),
        flows=_answer(flows),
        processes=processes.result(),
        release_members=len(by_stage["release"].members),
        failed=failures if isinstance(failures, Unknown) else failures[0],
        orders=told if isinstance(told, Unknown) else told[0],
        writes=_writes(settings, connectors, told, failures, _answer(shadowed), now),
    )


def _check_broker(config: Mapping[str, Any]) -> None:
    """Who looks wants to know soon that nobody answers; everything else may take its time."""
    servers = str(config["bootstrap.servers"])
    what = f"Kafka at {servers} cannot be reached"
    remedy = "start the local one with `causeway up` or set CAUSEWAY_KAFKA__BOOTSTRAP"
    if not any(_listens(server.strip()) for server in servers.split(",")):
        raise BrokerError(f"{what}: nothing accepts connections there; {remedy}")
    try:
        AdminClient({**QUIET, **config}).list_topics(timeout=BROKER_SECONDS)
    except KafkaException as error:
        raise BrokerError(f"{what}: {error.args[0].str()}; {remedy}") from error


def _listens(server: str) -> bool:
    """Whether something accepts connections at `[protocol://]host[:port]`; True also for what is no address, so that the client can say so."""
    try:
        place = urlsplit(f"//{server.rpartition('//')[2]}")
        socket.create_connection((place.hostname, place.port or KAFKA_PORT), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    except ValueError:
        return True
    return True


def tiers_of(settings: Settings, found: Sequence[Depth], lag: GroupLag, now: datetime) -> tuple[TierStatus, ...]:
    """Depths and heads of the tiers' partitions -> tiers, shortest first. Pure."""
    now_ms = now.timestamp() * 1000
    status = []
    for text, topic in zip(settings.retry.tiers, retry_group(settings).topics, strict=True):
        delay = parse_tier(text)
        dues = [due_ms(p.head, delay) for p in lag.partitions if p.topic == topic and p.head is not None]
        mine = [depth for depth in found if depth.topic == topic]
        late = [now_ms - due for due in dues if due <= now_ms]
        early = [due - now_ms for due in dues if due > now_ms]
        status.append(
            TierStatus(
                topic.removeprefix("retry."),
                sum(depth.waiting for depth in mine),
                sum(depth.due for depth in mine),
                min(early) / 1000 if early else None,
                max(late) / 1000 if late else 0.0,
            )
        )
    return tuple(status)


def due_ms(record: Record, delay: timedelta) -> int:
    """When a record of a tier is due, as the retry worker sees it: by its failure set, but no later than a tier after it came there."""
    failure = previous_failure(record.headers)
    latest = record.timestamp_ms + int(delay.total_seconds() * 1000)
    return min(failure.due, latest) if failure is not None else record.timestamp_ms


def _stage(lag: GroupLag, now: datetime) -> StageStatus:
    return StageStatus(
        lag.group.stage, lag.group.name, len(lag.members), lag.records, lag.oldest_seconds(now.timestamp())
    )


def _flows(settings: Settings, connectors: Sequence[Connector], codec: Codec, now: datetime) -> tuple[FlowView, ...]:
    found = Desk(settings, connectors, codec).cursors()
    return tuple(flow_view(flow.key, flow.cursor, flow.is_configured, now) for flow in found)


def flow_view(key: FlowKey, cursor: Cursor | None, is_configured: bool, now: datetime) -> FlowView:
    """A flow by its cursor; None when it was never polled. Pure."""
    if cursor is None:
        return FlowView(key.owner, key.flow, is_configured, None, None, None, 0)
    until = cursor["read_until"]
    return FlowView(
        key.owner, key.flow, is_configured, until, max(0.0, (now - until).total_seconds()) if until else None,
        cursor["at"] if cursor["pages"] else None, cursor["records"], cursor["failing_since"], cursor["failing_reason"],
        cursor["failing_detail"], cursor["next_try"],
    )  # fmt: skip


def _outcomes(
    settings: Settings, connectors: Sequence[Connector], codec: Codec, now: datetime
) -> tuple[OrdersView, Mapping[str, FlowLedger]] | Unknown:
    """One reading of the outcomes: the orders, and every flow's ledger. Unknown when there are some and none can be read."""
    since = now - ORDERS_WINDOW
    coming = orders_on_the_way(settings, connectors)  # before the outcomes: what ends meanwhile is found there
    reader = NewestReader(
        settings.kafka.librdkafka(), [OUTCOMES], most=MOST_OUTCOMES, since_ms=int(since.timestamp() * 1000)
    )
    orders, flows, read, unreadable, problem = Ledger(), Ledgers(), 0, 0, ""
    for record in reader.records():
        try:
            outcome = codec.decode("outcome", record.value)
        except DecodeError as error:
            unreadable, problem = unreadable + 1, str(error)
            continue
        orders.add(outcome)
        flows.add(outcome)
        read += 1
    if unreadable and not read:
        return Unknown(f"none of {unreadable} outcomes can be read: {problem}")
    on_the_way = orders.expect(coming.keys)
    flows.flows[UPSERT_ORDER].expect(coming.keys)
    is_cut = reader.is_cut or coming.is_cut
    return OrdersView(since, is_cut, read, orders.counts(), unreadable, on_the_way), flows.flows


def with_standing(orders: OrdersView, failed: FailedByFlow) -> OrdersView:
    """Held and dead as they stand now, the same numbers as in the flows' rows: an outcome does not know what was done since. Pure."""
    standing = {
        state: sum(sum(reasons.values()) for (_, flow), reasons in found.items() if flow is Flow.ORDERS)
        for state, found in ((HELD, failed.held), (DEAD, failed.dead))
    }
    return dataclasses.replace(orders, counts={**orders.counts, **standing})


def _writes(
    settings: Settings, connectors: Sequence[Connector], told: tuple[OrdersView, Mapping[str, FlowLedger]] | Unknown,
    failures: tuple[Failures, FailedByFlow] | Unknown, shadowed: ShadowCount | Unknown, now: datetime,
) -> WritesView | Unknown:  # fmt: skip
    if isinstance(told, Unknown):
        return told
    if isinstance(failures, Unknown):
        return failures
    if isinstance(shadowed, Unknown):
        return shadowed
    orders, ledgers = told
    rows = flow_rows(
        ledgers, failures[1], shadowed.records, partners_of(settings, connectors), settings.phases, settings.pilot, now
    )
    return WritesView(orders.since, orders.is_cut or failures[0].is_cut or shadowed.is_cut, tuple(rows))


def _processes(endpoints: Sequence[str]) -> tuple[ProcessView, ...] | Unknown:
    if not endpoints:
        return Unknown(
            "no metrics endpoint configured: set CAUSEWAY_STAGE__METRICS_PORT, or CAUSEWAY_STATUS_ENDPOINTS for several"
        )
    return look_at(endpoints)


def _known(ask: Callable[[], T]) -> T | Unknown:
    """What the registry or the configuration keeps from us is said; a broker that went away meanwhile is the caller's to tell."""
    try:
        return ask()
    except (RegistryError, ConfigurationError) as error:
        return Unknown(str(error))


def _answer(future: Future[T | Unknown]) -> T | Unknown:
    return future.result()
