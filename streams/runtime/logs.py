"""Logs of the libraries underneath: only what matters, and the same line not again and again.

aiokafka writes some twenty lines a second while a broker is away. `streams.outage` tells of that; what else these loggers have to say then
follows from it. At other times the same line comes once a minute: what is kept back is counted and told with the next of its kind.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from streams.outage import OUTAGE, Outage

LIBRDKAFKA = "librdkafka"
_LEVELS = {"faust": logging.WARNING, "mode": logging.WARNING, "aiokafka": logging.ERROR, LIBRDKAFKA: logging.ERROR}
_EVERY_SECONDS = 60.0
_CANNOT_REACH = re.compile(r"[Cc]onnect|Unable to update metadata|NodeNotReady|Heartbeat|Coordinator Request failed")


class Sparing(logging.Filter):
    """Lets one record per place in the code through in a minute, none while the broker is being watched; critical ones always. With `config`,
    that of the cluster's clients, lines that say it cannot be reached begin the watch."""

    def __init__(
        self, config: Mapping[str, Any] | None = None, clock: Callable[[], float] = time.monotonic, outage: Outage = OUTAGE
    ) -> None:  # fmt: skip
        super().__init__()
        self._config = config
        self._clock = clock
        self._outage = outage
        self._last: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; adds how many like it were not."""
        if record.levelno < logging.CRITICAL:
            if self._config is not None and _CANNOT_REACH.search(record.getMessage()):
                self._outage.complain(self._config, record.getMessage()[:200])
                return False
            if self._outage.is_watched:
                return False
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


def quiet_libraries(config: Mapping[str, Any]) -> None:
    """Set levels and filters. Safe to call again. `config`: of the cluster's clients, in librdkafka's words."""
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    for name in tuple(logging.root.manager.loggerDict):
        if name.split(".", 1)[0] in _LEVELS:
            found = logging.getLogger(name)
            if not any(isinstance(each, Sparing) for each in found.filters):
                found.addFilter(Sparing(config))
