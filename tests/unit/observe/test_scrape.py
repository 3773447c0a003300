"""OPS-1: what processes say of themselves, read from their endpoints by plain HTTP; one that cannot be asked hides no other."""

from __future__ import annotations

import ssl
from typing import Any, NoReturn

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from connectors.kit.sandbox.server import running
from streams.observe.health import Endpoint
from streams.observe.scrape import ProcessView, look_at


def other(_request: Any) -> PlainTextResponse:
    """Some other server: whatever is asked, it is well."""
    return PlainTextResponse("<html>")


def test_each_process_is_told_in_its_place_whatever_the_others_answer() -> None:
    well, stalled = Endpoint(0, lambda: ""), Endpoint(0, lambda: "stalled")
    try:
        with running(Starlette(routes=[Route("/{path:path}", other)])) as url:
            problems = {
                "127.0.0.1:9": "does not answer (ConnectError)",
                f"127.0.0.1:{stalled.port}": "stalled",
                "127.0.0.1:port": "is not host:port",
                url.removeprefix("http://"): "does not speak Prometheus' text format",
                f"{'x' * 80}.example:1": "is not host:port",  # no name has so long a part
                f"127.0.0.1:{well.port}": "",
            }
            views = look_at(list(problems))
    finally:
        well.close()
        stalled.close()
    assert [(view.endpoint, view.problem) for view in views] == list(problems.items())


def test_no_certificates_are_read_to_ask_by_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer than all the rest, at each look of `causeway status --watch`."""

    def dear(*_args: Any, **_names: Any) -> NoReturn:
        raise AssertionError("certificates are read")

    for how in ("load_verify_locations", "load_default_certs"):
        monkeypatch.setattr(ssl.SSLContext, how, dear)
    assert look_at(["127.0.0.1:9"]) == (ProcessView("127.0.0.1:9", "does not answer (ConnectError)"),)
