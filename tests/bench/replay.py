"""ERR-6: how close a replay of dead letters comes to the rate it was given. Its own Kafka, always: replays write to the pipeline's topics.

Per round as many new dead letters, orders that Odoo had refused, go back to the topic of their destination. The clock runs over all of the replay:
reading what was done before, sending, noting each record in the audit trail. Nobody delivers, so it waits for no outcome.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from schemas import topics
from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Deliver, Order
from schemas.registry import Registry
from streams.failure.dead import Filter, Letter, read_dead
from streams.failure.plan import Plan, make_plan
from streams.failure.replay import Options, Replay
from streams.failure.routing import FailureRouting
from streams.kafka import BrokerError, SyncProducer, ensure_topics, read_to_end
from streams.settings import Environment, KafkaSettings, RegistrySettings, Settings
from tests.bench.cluster import Say, cluster
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series
from tests.bench.sample_orders import orders

RECORDS = 4000
RATE = 1000.0
ROUNDS = 3
_TARGET = topics.deliver("odoo", topics.Lane.CRITICAL)


def replay(say: Say, *, records: int = RECORDS, rate: float = RATE, rounds: int = ROUNDS) -> list[Measure]:
    """`rate`: the option the replay is given, records a second. Raises BenchError."""
    try:
        with _pipeline(say) as (settings, codec):
            unlimited = _round(settings, codec, records, 0.0)  # warms up as well
            say(f"replay: {unlimited:,.0f} records/s when nothing limits it")
            rates = []
            for _ in range(rounds):
                rates.append(_round(settings, codec, records, rate))
                say(f"replay: {rates[-1]:,.0f} records/s at --rate {rate:.0f}")
    except BrokerError as error:
        raise BenchError(f"replay: {error}") from error
    return [Measure("replay", "records/s", rate, Series(tuple(rates)))]


@contextmanager
def _pipeline(say: Say) -> Iterator[tuple[Settings, Codec]]:
    """The pipeline's topics and schemas on a cluster of their own."""
    with cluster(say, registry=True, own=True) as endpoints:
        settings = Settings(
            environment=Environment.SANDBOX,
            kafka=KafkaSettings(bootstrap=endpoints.bootstrap),
            registry=RegistrySettings(url=endpoints.registry_url),
        )
        ensure_topics(settings)
        with Registry(settings.registry.client()) as registry:
            registry.register(settings.topic_table())
            yield settings, Codec(registry)


def _round(settings: Settings, codec: Codec, count: int, rate: float) -> float:
    """Records per second of one replay."""
    run = uuid4().hex[:8]
    _bury(settings, codec, count, run)
    plan, letters = _planned(settings, codec, run)
    if len(plan.replayable) != count:
        raise BenchError(f"replay: {len(plan.replayable)} of {count} dead letters can be replayed")
    options = Options(rate=rate, wait_seconds=0.0)
    began = time.perf_counter()
    Replay(settings, codec, plan, letters, options, "bench").run(threading.Event())
    took = time.perf_counter() - began
    _verified(settings, count, run)
    return count / took


def _bury(settings: Settings, codec: Codec, count: int, run: str) -> None:
    routing, now = FailureRouting(codec, settings), datetime.now(UTC)
    moment = int(now.timestamp() * 1000)
    dead = list[Message]()
    for number, order in enumerate(orders(count, 1)):
        routed = routing.route(
            _record(codec, order, f"{run}:{number}", now),
            destination="odoo",
            operation="upsert_order",
            reason=Reason.DATA,
            detail="refused by the bench",
            now_ms=moment,
        )
        dead += routed.messages
    with SyncProducer(settings.kafka.librdkafka()) as producer:
        producer.send_all(dead)


def _record(codec: Codec, order: Order, key: str, now: datetime) -> Record:
    """The delivery of an order, as the sink's topic carries it."""
    headers = Headers(
        id=uuid4().hex, source=order["source"], entity="order", version=order["version"], checksum=uuid4().hex, correlation=key,
        fetched=int(now.timestamp() * 1000), env="sandbox",
    )  # fmt: skip
    value = Deliver(
        id=headers.id, destination="odoo", operation="upsert_order", kind="state", lane="critical", source=order["source"],
        account=order["account"], key=key, version=order["version"], checksum=headers.checksum, correlation=key, created_at=now,
        schema="order", body=codec.encode("order", order),
    )  # fmt: skip
    return Record(_TARGET, 0, 0, headers.fetched, key.encode(), codec.encode("deliver", value), encode_headers(headers))


def _planned(settings: Settings, codec: Codec, run: str) -> tuple[Plan, dict[str, Letter]]:
    wanted, now = Filter(key=f"{run}:*"), datetime.now(UTC)
    found = read_dead(settings, codec, wanted, now).letters
    plan = make_plan(found, [topic.name for topic in settings.topic_table()], wanted, by="bench", at=now)
    return plan, {letter.id: letter for letter in found}


def _verified(settings: Settings, count: int, run: str) -> None:
    """Each record is back in its topic, once. Raises BenchError."""
    back = [record.key for record in read_to_end(settings.kafka.librdkafka(), [_TARGET])]
    keys = [key for key in back if key is not None and key.startswith(run.encode())]
    if len(keys) != count or len(set(keys)) != count:
        raise BenchError(f"replay: {len(keys)} records came back for {count}, {len(set(keys))} of them different")
