"""OPS-3, SEC-3: one JSON object a line, fields as fields, the correlation id of the record that is worked on, nothing personal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from schemas.headers import encode_headers
from streams.observe import logs
from streams.observe.logs import about
from streams.settings import LogSettings
from tests.unit.failure.samples import headers

logger = logging.getLogger("streams.test")


@pytest.fixture(autouse=True)
def root_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()


class Written:
    """What the process would have written to standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self._stream = io.StringIO()
        monkeypatch.setattr("sys.stderr", self._stream)
        logs.set_up(LogSettings(**settings), "transform")

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def only(self) -> dict[str, Any]:
        (line,) = self.text.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    return Written(monkeypatch, format="json", level="DEBUG")


def test_a_line_is_an_object_with_its_fields(written: Written) -> None:
    logger.warning("odoo_call model=%s seconds=%.3f tries=%d", "sale.order", 0.25, 3)
    line = written.only()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "odoo_call", "model": "sale.order", "seconds": 0.25, "tries": 3,
        "level": "warning", "logger": "streams.test", "stage": "transform",
    }  # fmt: skip


def test_fields_inside_a_text_are_fields_and_other_words_stay_text(written: Written) -> None:
    logger.info("chunk_failed stage=%s %s", "route", "error=KeyError at=map.py:7")
    logger.info("%s is no event name", "this")
    first, second = (json.loads(line) for line in written.text.splitlines())
    assert (first["event"], first["error"], first["at"]) == ("chunk_failed", "KeyError", "map.py:7")
    assert second["event"] == "this is no event name"


def test_extra_fields_are_written(written: Written) -> None:
    """The connectors' HTTP client logs this way."""
    logger.debug("http_call", extra={"operation": "get order", "status": 200, "correlation": "call-1"})
    line = written.only()
    assert (line["event"], line["operation"], line["status"], line["correlation"]) == (
        "http_call",
        "get order",
        200,
        "call-1",
    )


def test_the_correlation_id_is_that_of_the_record_at_work(written: Written) -> None:
    with about(encode_headers(headers(correlation="order-1"))):
        with about(encode_headers(headers(correlation="order-2"))):
            logger.info("inner")
        logger.info("outer")
        logger.info("named correlation=%s", "order-3")
    logger.info("after")
    found = [json.loads(line).get("correlation") for line in written.text.splitlines()]
    assert found == ["order-2", "order-1", "order-3", None]


@pytest.mark.parametrize("form", ["json", "text"])
def test_personal_data_and_secrets_become_stars(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    written = Written(monkeypatch, format=form, level="DEBUG")
    logger.error("refused detail=%s", "mail ava@shop.example token=abc123 Bearer abcdef123")
    try:
        int("call +15125550101 password=hunter2")
    except ValueError:
        logger.exception("unexpected")
    logger.info("called", extra={"told": "ava@shop.example"})
    for canary in ("ava@", "abc123", "abcdef123", "5125550101", "hunter2"):
        assert canary not in written.text
    assert "refused" in written.text


def test_text_keeps_the_message_as_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Written(monkeypatch, format="text", level="INFO")
    logger.info("worker_started partitions=%d", 6)
    assert "worker_started partitions=6" in written.text
    assert "positional_args" not in written.text
