"""What sends at a Box, as a process: `python -m tests.integration.edge_process CONFIG.json`. Dies when events are safe and that is not noted.

The spool, the deliverer and the senders are the agent's own; only the listening is left out.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_iotbox.clock import SystemClock
from edge_iotbox.counters import Counters
from edge_iotbox.deliverer import Deliverer, Sender
from edge_iotbox.events import Teller
from edge_iotbox.gateway import Gateway
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.kafka_sender import KafkaSender, kafka_sender, schema_id_of
from edge_iotbox.lineage import Lineage
from edge_iotbox.listener import Shared
from edge_iotbox.settings import KafkaSettings
from edge_iotbox.skew import SkewMeter
from edge_iotbox.spool import Limits, Spool
from edge_iotbox.verdicts import Taken, Verdict
from schemas.hardware import Event
from tests.edge.stage import draft


class Dying:
    """Kills this very process when the nth batch is safe: nobody notes that it is."""

    def __init__(self, sender: Sender, nth: int) -> None:
        self._sender, self._left = sender, nth

    def send(self, events: Sequence[Event]) -> Verdict:
        verdict = self._sender.send(events)
        if events and isinstance(verdict, Taken):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return verdict

    def close(self) -> None:
        self._sender.close()


def straight(bootstrap: str, registry: str, topic: str, environment: str) -> KafkaSender:
    """The agent's way to Kafka; the registry knows the schema under the topic's own name, also where a test's has a prefix."""
    asked = KafkaSettings(bootstrap=bootstrap, security="plaintext", registry=registry, environment=environment)
    number = schema_id_of(asked)
    return kafka_sender(
        KafkaSettings(bootstrap=bootstrap, topic=topic, security="plaintext", schema_id=number, environment=environment)
    )


def sender_of(plan: Mapping[str, Any]) -> Sender:
    """By the plan's way."""
    if plan["way"] == "kafka":
        return straight(plan["bootstrap"], plan["registry"], plan["topic"], plan["environment"])
    lineage = Lineage(Path(plan["folder"]))
    return Gateway(plan["url"].removesuffix("/edge/v1"), lambda: str(plan["token"]), lineage=lineage)


def main(plan: Mapping[str, Any]) -> None:
    """Takes `events` into the spool the first time, and sends until nothing is left."""
    teller = Teller(plan["box"], plan["boot"], SystemClock(True))
    spool = Spool.open(Path(plan["folder"]), Limits(), teller)
    if spool.depth().next_sequence == 1:
        spool.append([draft(f"code-{number}") for number in range(plan["events"])])
    shared = Shared(spool, teller, Counters(), Inventory(), SkewMeter(), Wanted())
    deliverer = Deliverer(Dying(sender_of(plan), plan["dies"]), shared, Path(plan["folder"]) / "refused.jsonl")
    deliverer.most_events = plan["batch"]
    while spool.depth().events:
        shared.stop.wait(deliverer.once())
    spool.close()


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
