"""Structured logs: one event a line on standard error, as text for people or JSON for machines, with the correlation id where one is known.

Everything logs through the standard library; structlog renders. Messages are an event name and `key=value` fields; payloads never, records by
id and checksum. Whatever text comes from outside passes the mask once more before it is written (SEC-3).

In JSON the fields of a message are fields of the object: `"chunk_failed stage=%s"` becomes `{"event": "chunk_failed", "stage": ...}`.
Around the work on one record stands `with about(record.headers):`, and every line logged inside carries its correlation id.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextvars import ContextVar, Token
from typing import Any

import structlog

from schemas.masking import mask_text
from schemas.record import RawHeaders
from streams.settings import LogSettings

_NOISY = ("httpx2", "faust", "mode", "aiokafka", "httpx", "httpcore", "uvicorn.access", "kafka")


_headers: ContextVar[RawHeaders] = ContextVar("causeway_log_headers", default=())
_FIELD = re.compile(r"(\w+)=(\S+)")
_PLACEHOLDER = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[sdifgrx]")


class about:  # noqa: N801 - reads as a word in `with about(...)`; a class because it is entered for every record
    """While inside, lines logged carry the correlation id of these record headers. Cheap: the id is looked for only when something is logged."""

    __slots__ = ("_raw", "_token")
    _token: Token[RawHeaders]

    def __init__(self, headers: RawHeaders) -> None:
        self._raw = headers

    def __enter__(self) -> None:
        self._token = _headers.set(self._raw)

    def __exit__(self, *_error: object) -> None:
        _headers.reset(self._token)


def set_up(settings: LogSettings, stage: str = "") -> None:
    """Configure the process's logging, once, at the root."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        _with_fields if settings.format == "json" else _without_arguments,
        _with_correlation,
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
            pass_foreign_args=True,
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


def _with_correlation(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The correlation id of the record that is worked on, unless the line names one itself."""
    if not event.get("correlation"):
        event.pop("correlation", None)
        for name, content in _headers.get():
            if name == "correlation" and content:
                event["correlation"] = content.decode(errors="replace")
    return event


def _without_arguments(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """They are in the text already."""
    event.pop("positional_args", None)
    return event


def _with_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`name field=%s ...` and its arguments -> the name as event, the fields beside it. Any other text stays as it is."""
    arguments = event.pop("positional_args", ())
    record = event.get("_record")
    if record is None or not isinstance(record.msg, str) or not isinstance(arguments, tuple):
        return event
    words = record.msg.split(" ")
    try:
        fields = dict(_fields(words[1:], iter(arguments)))
    except (StopIteration, RuntimeError, TypeError, ValueError):
        return event
    if words[0].isidentifier() and (fields or len(words) == 1):
        event["event"] = words[0]
        for name, value in fields.items():
            event.setdefault(name, value)
    return event


def _fields(words: list[str], arguments: Iterator[Any]) -> Iterator[tuple[str, Any]]:
    """The fields in a message's words. Raises ValueError for a word that is none, RuntimeError when arguments run out."""
    for word in words:
        name, equals, form = word.partition("=")
        if not _PLACEHOLDER.fullmatch(form if equals else word):
            if not equals or "%" in form:
                raise ValueError(word)
            yield name, form
        elif equals:
            value = next(arguments)
            yield name, value if isinstance(value, int | float) else str(value)
        else:  # a text that holds fields itself
            yield from _FIELD.findall(str(next(arguments)))
