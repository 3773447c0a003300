"""A worker of the failure path as a process of its own, to be killed: `python -m tests.integration.failure_process retry GROUP TIER...`

The broker and the registry are those of CAUSEWAY_KAFKA__BOOTSTRAP and CAUSEWAY_REGISTRY__URL. Prints one line when it begins to work.
"""

from __future__ import annotations

import signal
import sys
import threading

from schemas.codec import Codec
from schemas.registry import Registry
from streams.failure.retry_worker import RetryWorker
from streams.settings import RetrySettings, load_settings


def main(group: str, tiers: list[str]) -> None:
    settings = load_settings(retry=RetrySettings(tiers=tuple(tiers)))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = RetryWorker(
        settings, Codec(Registry(settings.registry.client())), group=group, batch=50, session_seconds=6
    )
    print("working", flush=True)
    worker.run(stop)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
