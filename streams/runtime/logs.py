"""Logs of the libraries underneath: only what matters, and the same line not again and again while a broker is away.

aiokafka writes some twenty lines a second then. What is kept back is counted and told with the next line of its kind.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

LIBRDKAFKA = "librdkafka"
_LEVELS = {"faust": logging.WARNING, "mode": logging.WARNING, "aiokafka": logging.ERROR, LIBRDKAFKA: logging.ERROR}
_EVERY_SECONDS = 10.0


class Sparing(logging.Filter):
    """Lets one record per place in the code through in ten seconds; critical ones always."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; adds how many like it were not."""
        now = self._clock()
        place = (record.pathname, record.lineno)
        since, kept_back = self._last.get(place, (-_EVERY_SECONDS, 0))
        if record.levelno < logging.CRITICAL and now - since < _EVERY_SECONDS:
            self._last[place] = (since, kept_back + 1)
            return False
        self._last[place] = (now, 0)
        if kept_back:
            record.msg = f"{record.msg} (and {kept_back} like it)"
        return True


def quiet_libraries() -> None:
    """Set levels and filters. Safe to call again."""
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    for name in tuple(logging.root.manager.loggerDict):
        if name.split(".", 1)[0] in _LEVELS:
            found = logging.getLogger(name)
            if not any(isinstance(each, Sparing) for each in found.filters):
                found.addFilter(Sparing())
