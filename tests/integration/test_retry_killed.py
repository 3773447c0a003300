"""EVT-4: the retry worker killed at any moment repeats some records and loses none."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter

from tests.integration.failure_kit import LIMIT_SECONDS, make_settings, parked, records, send, unique
from tests.waiting import until

TARGET = "deliver.odoo.bulk"
TIERS = ("4s", "6s")
RECORDS = 3000


def start(bootstrap: str, registry_url: str, group: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.failure_process", group, *TIERS],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CAUSEWAY_KAFKA__BOOTSTRAP": bootstrap, "CAUSEWAY_REGISTRY__URL": registry_url},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(LIMIT_SECONDS)
    assert process.stdout is not None
    process.stdout.close()


def test_killed_again_and_again_it_loses_nothing(bootstrap: str, registry_url: str) -> None:
    settings = make_settings(bootstrap, registry_url, TIERS)
    name, group, chance = unique(), unique("group"), random.Random(5)
    spread = [parked("4s", TARGET, f"{name}:{i}", b"v", 4.0 * i / RECORDS) for i in range(RECORDS)]
    send(settings, spread)
    for _ in range(3):
        process = start(bootstrap, registry_url, group)
        try:
            before = len(records(settings, TARGET, name))
            at_least = min(RECORDS, before + chance.randrange(1, 900))
            until(lambda least=at_least: len(records(settings, TARGET, name)) >= least, "some came back")  # type: ignore[misc]
        finally:
            end(process)
    process = start(bootstrap, registry_url, group)
    try:
        until(lambda: len({r.key for r in records(settings, TARGET, name)}) == RECORDS, "all came back")
    finally:
        end(process)
    arrived = Counter(record.key for record in records(settings, TARGET, name))
    assert len(arrived) == RECORDS
    assert sum(arrived.values()) < 2 * RECORDS, "repeats are few: what was sent and not yet committed"
