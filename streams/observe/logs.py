"""Structured logs: one event a line on standard error, as text for people or JSON for machines, with the correlation id where one is known.

Everything logs through the standard library; structlog renders. Messages are an event name and `key=value` fields; payloads never, records by
id and checksum. Whatever text comes from outside passes the mask once more before it is written (SEC-3).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from schemas.masking import mask_text
from streams.settings import LogSettings

_NOISY = ("httpx2", "faust", "mode", "aiokafka", "httpx", "httpcore", "uvicorn.access", "kafka")


def set_up(settings: LogSettings, stage: str = "") -> None:
    """Configure the process's logging, once, at the root."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _masked,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _masked,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    if stage:
        structlog.contextvars.bind_contextvars(stage=stage)


def _masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Last guard before anything is written: personal data and secrets in any text become stars."""
    for name, value in event.items():
        if isinstance(value, str) and name not in ("timestamp", "level", "logger"):
            event[name] = mask_text(value)
    return event
