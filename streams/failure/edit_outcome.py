"""What became of an edited record: sent, and its outcome waited for, as a replay does (ERR-6)."""

from __future__ import annotations

import time
from collections.abc import Sequence

from schemas.codec import Codec
from schemas.headers import decode_headers
from schemas.record import Message
from streams.failure.dead import Letter
from streams.failure.plan import Entry
from streams.failure.replay import Outcomes
from streams.failure.verdicts import GOOD, Verdict, Verdicts
from streams.kafka import SyncProducer
from streams.settings import Settings

_TICK_SECONDS = 0.1


def send(
    settings: Settings, codec: Codec, letter: Letter, message: Message, noted: Sequence[Message], wait_seconds: float
) -> Verdict:
    """Its verdict; `no answer` when none came in time. Outcomes are read from before it was sent on. Raises BrokerError."""
    headers = decode_headers(message.headers)
    failed = letter.failed
    entry = Entry(
        letter.id, headers.id, failed["destination"], failed["operation"], failed["key"], message.topic, failed["reason"],
        failed["attempts"], 0, "",
    )  # fmt: skip
    verdicts = Verdicts()
    verdicts.expect(entry, headers.correlation)
    with SyncProducer(settings.kafka.librdkafka()) as producer, Outcomes(settings, codec) as outcomes:
        producer.send_all([message])
        producer.send_all(noted)
        until = time.monotonic() + wait_seconds
        while not verdicts.answered and time.monotonic() < until:
            outcomes.read(verdicts, _TICK_SECONDS)
    (verdict,) = verdicts.all()
    return verdict


def words_of(verdict: Verdict) -> str:
    """For people: `dead (DATA): lines[0].quantity ...`."""
    reason = f" ({verdict.reason})" if verdict.reason and verdict.result not in GOOD else ""
    return f"{verdict.result}{reason}{f': {verdict.detail}' if verdict.detail else ''}"
