"""A broker that is away must not fill the disk with one line."""

from __future__ import annotations

import logging

from streams.outage import Outage
from streams.runtime.logs import Sparing


def record(line: int, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord("aiokafka", level, "client.py", line, "Unable connect to node", None, None)


def test_same_line_comes_once_in_a_while_and_says_how_often_it_did_not() -> None:
    now = 0.0
    sparing = Sparing(clock=lambda: now, outage=Outage(lambda _: lambda: True))
    assert sparing.filter(record(1))
    assert [sparing.filter(record(1)) for _ in range(5)] == [False] * 5
    assert sparing.filter(record(2)), "another line is not kept back"
    assert sparing.filter(record(1, logging.CRITICAL)), "nor is what is critical"
    sparing.filter(record(1))
    now = 60.0
    later = record(1)
    assert sparing.filter(later)
    assert later.getMessage() == "Unable connect to node (and 1 like it)"
