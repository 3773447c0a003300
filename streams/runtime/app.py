"""A Faust app for one stage: its agent, its group, and everything of Faust switched off that the pipeline does not use."""

from __future__ import annotations

from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.events import Event
from faust.serializers.schemas import Schema
from mode import get_logger
from yarl import URL

from streams.runtime.chunk import Partition
from streams.runtime.consumer import ChunkTransport
from streams.runtime.errors import MisuseError
from streams.runtime.kafka import broker_credentials, broker_urls
from streams.runtime.lanes import Lanes
from streams.runtime.settings import RuntimeSettings
from streams.runtime.stage import Stage
from streams.settings import KafkaSettings

_NEVER_SECONDS = 7 * 24 * 3600.0


class ChunkSchema(Schema):  # type: ignore[misc] # faust ships no types
    """A message's value already is what the agent wants: nothing to deserialise."""

    def compile(self, app: Any, **kwargs: Any) -> Any:
        """Faust's hook for the function that turns a message into an event."""

        async def decode(message: Any, *, propagate: bool = False) -> Event:
            return app.create_event(None, message.value, None, message)

        return decode


class ConsumeOnly(BootStrategy):  # type: ignore[misc] # faust ships no types
    """No producer (deliveries go through librdkafka), no web server with its table views."""

    enable_kafka_producer = False
    enable_kafka_consumer = True
    enable_web = False


class StageApp(faust.App):  # type: ignore[misc] # faust ships no types
    """One stage's Faust app. Built by `build_app`."""

    BootStrategy = ConsumeOnly
    logger = get_logger("faust.stage")  # mode would log under this module's name, as if it were ours

    def __init__(self, stage: Stage, lanes: Lanes, kafka: KafkaSettings, settings: RuntimeSettings) -> None:
        self.lanes = lanes
        self.settle_seconds = settings.revoke
        super().__init__(stage.name, **_options(stage, kafka, settings))
        self.transport = ChunkTransport(self.conf.broker, self)

    def consumer_is_there(self) -> bool:
        """Whether its consumer was made: Faust makes it on first use, and stopping an app that never started must not."""
        return self._consumer is not None

    def committed(self, partition: Partition) -> int | None:
        """What the broker has confirmed of this partition. From any thread."""
        return self._consumer.committed.get(partition) if self._consumer is not None else None

    async def on_first_start(self) -> None:
        """Faust makes a data directory here; there is nothing to put into it."""

    def agent(self, *args: Any, concurrency: int = 1, isolated_partitions: bool = False, **kwargs: Any) -> Any:
        """As Faust's, for one actor only."""
        if concurrency != 1 or isolated_partitions:
            asked = f"concurrency {concurrency}" if concurrency != 1 else "isolated partitions"
            raise MisuseError(
                f"an agent of {self.conf.id} asks for {asked}: one actor it stays, because Faust commits past events in flight "
                "otherwise (faust #606); lanes already work partitions side by side"
            )
        return super().agent(*args, concurrency=concurrency, **kwargs)

    def Table(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802 - Faust's name
        """Not here: state lives in compacted topics that the stages read themselves."""
        raise MisuseError(f"{self.conf.id} asks for a Faust table; state lives in compacted topics")

    GlobalTable = SetTable = SetGlobalTable = Table


def build_app(stage: Stage, lanes: Lanes, kafka: KafkaSettings, settings: RuntimeSettings) -> StageApp:
    """The app with its one agent."""
    app = StageApp(stage, lanes, kafka, settings)
    topic = app.topic(*stage.topics, schema=ChunkSchema(), acks=False, internal=False)

    @app.agent(topic, name=stage.name)  # type: ignore[untyped-decorator] # faust ships no types
    async def feed_lanes(parcels: Any) -> None:
        async for parcel in parcels:
            lanes.put(parcel)

    return app


def _options(stage: Stage, kafka: KafkaSettings, settings: RuntimeSettings) -> dict[str, Any]:
    return {
        "env": {},  # Faust reads DEBUG, BROKER_URL, ... from the environment, and those would win over what is set here
        "autodiscover": False,
        "broker": [URL(url) for url in broker_urls(kafka)],
        "broker_credentials": broker_credentials(kafka),
        "broker_client_id": f"causeway-{stage.name}",
        "broker_commit_interval": settings.commit,
        "broker_heartbeat_interval": settings.heartbeat,
        "broker_max_poll_interval": _NEVER_SECONDS,  # the watchdog judges progress; a slow chunk is no reason to rebalance
        "broker_max_poll_records": stage.limits.chunk_records,
        "broker_rebalance_timeout": settings.rebalance,
        "broker_request_timeout": settings.request,
        "broker_session_timeout": settings.session,
        "consumer_auto_offset_reset": "earliest",
        "consumer_metadata_max_age_ms": int(settings.metadata * 1000),
        "reply_create_topic": False,
        "stream_buffer_maxsize": 65536,  # chunks; the lanes bound what is out, this must never be the bound
        "stream_recovery_delay": 0.0,
        "stream_wait_empty": True,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "web_enabled": False,
    }
