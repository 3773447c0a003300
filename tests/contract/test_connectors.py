"""The contract of `connectors.kit.ports`, over every connector folder there is."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.kit import exact_json
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Page, Result
from connectors.kit.settings import Part
from schemas.reasons import Reason
from tests.contract.connector_suite import (
    ALWAYS,
    CANARY,
    Bench,
    bench_of,
    connector,
    delivered,
    found_connectors,
    open_secrets,
    package,
)
from tests.contract.recordings import all_recorded, recorded_orders
from tests.unit.failure.samples import codec

NAMES = found_connectors()
SINKS = [name for name in NAMES if connector(name).sink]
SOURCES = [name for name in NAMES if connector(name).source]
SELLERS = [name for name in NAMES if connector(name).order_mapping]


# Imports a connector and ends with what our own code touched while it was imported.
WATCHED_IMPORT = """
import importlib, os, sys
touched = []

def ours():
    frame = sys._getframe(2)
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        if "/connectors/" in frame.f_code.co_filename or "/schemas/" in frame.f_code.co_filename:
            return True
        if "/site-packages/" in frame.f_code.co_filename:
            return False
        frame = frame.f_back
    return False

def watch(event, args):
    if event.startswith("socket.") and event != "socket.__new__" or event == "subprocess.Popen" or (event == "open" and ours()):
        touched.append(event)

class Environment(type(os.environ)):
    def __getitem__(self, key):
        if ours():
            touched.append("environment")
        return super().__getitem__(key)

sys.addaudithook(watch)
os.environ.__class__ = Environment
importlib.import_module(f"connectors.{sys.argv[1]}")
sys.exit(f"touched: {touched}" if touched else 0)
"""


@pytest.fixture(scope="module", params=SINKS)
def sink_bench(request: pytest.FixtureRequest) -> Iterator[tuple[str, Bench]]:
    with bench_of(request.param) as found:
        yield request.param, found


@pytest.fixture(scope="module", params=SOURCES)
def source_bench(request: pytest.FixtureRequest) -> Iterator[tuple[str, Bench]]:
    with bench_of(request.param) as found:
        yield request.param, found


def test_connectors_are_found_by_themselves() -> None:
    assert {"walmart", "odoo"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_has_the_files_every_connector_has(name: str) -> None:
    offer, folder = connector(name), Path(package(name).__path__[0])
    wanted = [
        *ALWAYS,
        *(["source.py"] if offer.source else []),
        *(["sink.py"] if offer.sink else []),
        *(["mapping.py"] if offer.order_mapping else []),
    ]
    packages = {f"{one.parent.name}.py" for one in folder.glob("*/__init__.py")}  # what grew out of one file
    assert sorted(set(wanted) - packages - {one.name for one in folder.iterdir()}) == []
    assert offer.name == name


@pytest.mark.parametrize("name", NAMES)
def test_settings_have_defaults_and_hide_their_secrets(name: str) -> None:
    """AUTH-6: and a typo is an error."""
    offer = connector(name)
    assert issubclass(offer.settings, Part)
    plain = offer.settings()
    assert isinstance(list(offer.accounts(plain)), list)
    assert list(open_secrets(offer.settings)) == []


@pytest.mark.parametrize("name", NAMES)
def test_importing_a_connector_touches_no_network_and_no_environment(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED_IMPORT, name], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# ---- mappings


@pytest.mark.parametrize("name", SELLERS)
def test_there_are_recorded_orders_that_say_where_they_are_from(name: str) -> None:
    assert len(recorded_orders(name)) >= 3
    for recording in all_recorded(name):
        assert {"source", "written", "persons"} <= set(recording.about)


@pytest.mark.parametrize(
    ("name", "index"), [(name, index) for name in SELLERS for index in range(len(recorded_orders(name)))]
)
def test_mapping_is_pure_and_fits_the_schema(name: str, index: int) -> None:
    """ORD-3: the same payload gives the same order, every field filled."""
    mapping, payload = connector(name).order_mapping, recorded_orders(name)[index].payload
    assert mapping is not None
    first, second = mapping(payload, "main"), mapping(payload, "main")
    assert first == second
    assert first["key"] == f"{name}:main:{first['order_id']}"
    assert codec().encode("order", first)


@pytest.mark.parametrize("name", SELLERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mapping_answers_whatever_comes_with_an_order_or_one_of_our_errors(name: str, data: st.DataObject) -> None:
    """SEC-5, SEC-3: hostile payloads end in a reason, and the reason tells nothing personal."""
    mapping = connector(name).order_mapping
    assert mapping is not None
    whole = data.draw(st.sampled_from(recorded_orders(name))).payload
    at = data.draw(st.integers(0, len(whole)))
    junk = data.draw(
        st.sampled_from([b"", b"null", b"9" * 400, b'"x"', b"[]", b"{}", b"\x00", b"\xff", f'"{CANARY}"'.encode()])
    )
    payload = whole[:at] + junk + whole[data.draw(st.integers(at, len(whole))) :]
    try:
        assert codec().encode("order", mapping(payload, "main"))
    except ConnectorError as error:
        if CANARY in str(error):
            pytest.fail("the error quotes the payload")


# ---- sinks


async def test_each_delivery_gets_its_outcome_in_order(sink_bench: tuple[str, Bench]) -> None:
    name, bench = sink_bench
    offer = connector(name)
    assert offer.sink is not None
    sink = offer.sink(bench.settings, bench.deps)
    first, second = bench.deliveries(2)
    outcomes = await delivered(sink, [first, bench.bad_delivery(), second])
    await sink.aclose()
    assert [one.result for one in outcomes] == [Result.APPLIED, Result.FAILED, Result.APPLIED]
    assert outcomes[1].reason is not None
    assert outcomes[1].detail
    assert sink.destination == name
    assert sink.batch_limit >= 1


async def test_delivering_again_changes_nothing(sink_bench: tuple[str, Bench]) -> None:
    """EVT-4."""
    name, bench = sink_bench
    offer = connector(name)
    assert offer.sink is not None
    batch = bench.deliveries(2)
    for expected in (Result.APPLIED, Result.ALREADY_APPLIED):
        sink = offer.sink(bench.settings, bench.deps)
        assert {one.result for one in await delivered(sink, batch)} == {expected}
        await sink.aclose()
    assert bench.effects(batch) == [1, 1]


async def test_an_answer_that_is_lost_doubles_nothing(sink_bench: tuple[str, Bench]) -> None:
    """EVT-4: an answer lost after commit never makes a second one."""
    name, bench = sink_bench
    offer = connector(name)
    assert offer.sink is not None
    sink = offer.sink(bench.settings, bench.deps)
    batch = bench.deliveries(3)
    bench.lose_answers(2)
    for attempt in range(1, 6):
        outcomes = await delivered(sink, [replace(one, attempt=attempt) for one in batch])
        if all(one.ok for one in outcomes):
            break
    await sink.aclose()
    assert [one.ok for one in outcomes] == [True] * 3
    assert bench.effects(batch) == [1, 1, 1]


async def test_a_connector_says_which_operations_its_sink_takes(sink_bench: tuple[str, Bench]) -> None:
    """OPS-7, AUTH-5: `causeway verify` compares what is routed with it; what is said is what is handled, no more and no less."""
    name, bench = sink_bench
    offer = connector(name)
    assert offer.sink is not None
    sink: Any = offer.sink(bench.settings, bench.deps)
    await sink.aclose()
    assert offer.operations
    taken = sink.operations.names if hasattr(sink, "operations") else set(sink._handlers)
    assert taken == offer.operations


async def test_an_unknown_operation_is_a_bug_and_harms_no_other(sink_bench: tuple[str, Bench]) -> None:
    name, bench = sink_bench
    offer = connector(name)
    assert offer.sink is not None
    sink = offer.sink(bench.settings, bench.deps)
    one, other = bench.deliveries(2)
    outcomes = await delivered(sink, [replace(one, operation="dance"), other])
    await sink.aclose()
    assert [found.reason for found in outcomes] == [Reason.BUG, None]


@pytest.mark.parametrize(
    ("which", "reasons"), [("wrong_credentials", {Reason.AUTH}), ("unreachable", {Reason.TRANSIENT})]
)
async def test_failures_have_a_reason_and_tell_no_secret_and_no_person(
    sink_bench: tuple[str, Bench], which: str, reasons: set[Reason], caplog: pytest.LogCaptureFixture
) -> None:
    """SEC-3, ERR-1: canaries in the secret and in the personal data."""
    caplog.set_level(logging.DEBUG)
    name, bench = sink_bench
    offer = connector(name)
    assert offer.sink is not None
    batch = bench.deliveries(2)
    caplog.clear()
    sink = offer.sink(getattr(bench, which)(), bench.deps)
    outcomes = await delivered(sink, batch)
    await sink.aclose()
    assert {one.reason for one in outcomes} == reasons
    told = f"{outcomes} {[record.__dict__ for record in caplog.records]} {caplog.text}"
    assert [text for text in (*bench.secrets, "wrong-secret", CANARY) if text in told] == []


async def test_nothing_resolves_what_nobody_waits_for(sink_bench: tuple[str, Bench]) -> None:
    name, bench = sink_bench
    offer = connector(name)
    assert offer.sink is not None
    sink = offer.sink(bench.settings, bench.deps)
    assert list(await sink.resolve([])) == []
    assert list(await sink.resolve([f"sku:nowhere:main:{CANARY}"])) == []
    await sink.aclose()


# ---- sources


async def everything(pages: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in pages]


def keys_in(pages: list[Page]) -> set[str]:
    return {item.key for page in pages for item in page.items}


async def test_a_source_reads_all_there_is_and_says_until_when(source_bench: tuple[str, Bench]) -> None:
    """ORD-1."""
    name, bench = source_bench
    offer = connector(name)
    assert offer.source is not None
    seeded = bench.seed(5)
    assert bench.flow in offer.flows
    for flow in offer.flows:
        source = offer.source(bench.settings, "main", flow, bench.deps)
        pages = await everything(source.pages(""))
        await source.aclose()
        assert seeded <= keys_in(pages) or flow != bench.flow
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
        assert pages[-1].read_until is not None
        assert pages[-1].read_until.tzinfo is not None
        assert (source.flow, source.account) == (flow, "main")


async def test_a_source_goes_on_from_any_page(source_bench: tuple[str, Bench]) -> None:
    """EVT-3: a crash repeats at most a page and skips none."""
    name, bench = source_bench
    offer = connector(name)
    assert offer.source is not None
    bench.seed(5)
    source = offer.source(bench.settings, "main", bench.flow, bench.deps)
    pages = await everything(source.pages(""))
    for number, page in enumerate(pages[:-1], 1):
        rest = await everything(source.pages(page.position))
        assert keys_in(pages[:number]) | keys_in(rest) >= keys_in(pages)
    await source.aclose()


async def test_a_source_tells_no_person_and_no_secret_but_in_payloads(
    source_bench: tuple[str, Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """SEC-3."""
    caplog.set_level(logging.DEBUG)
    name, bench = source_bench
    offer = connector(name)
    assert offer.source is not None
    bench.seed(1)
    source = offer.source(bench.settings, "main", bench.flow, bench.deps)
    pages = await everything(source.pages(""))
    await source.aclose()
    assert any(CANARY.encode() in item.payload for page in pages for item in page.items)
    told = f"{[(page.position, page.request, page.problems) for page in pages]} {[r.__dict__ for r in caplog.records]}"
    assert [text for text in (*bench.secrets, CANARY) if text in told] == []
    assert all(json.loads(page.position) for page in pages)
    assert all(exact_json.loads(item.payload) for page in pages for item in page.items)


async def test_a_source_fetches_by_id_and_names_what_is_not_there(source_bench: tuple[str, Bench]) -> None:
    """REC-3."""
    name, bench = source_bench
    offer = connector(name)
    assert offer.source is not None
    (key,) = bench.seed(1)
    source = offer.source(bench.settings, "main", bench.flow, bench.deps)
    pages = await everything(source.fetch([key.rpartition(":")[2], "4040404040404"]))
    await source.aclose()
    assert keys_in(pages) == {key}
    (problem,) = [problem for page in pages for problem in page.problems]
    assert problem.key == f"{key.rpartition(':')[0]}:4040404040404"


@pytest.mark.parametrize(("which", "reason"), [("wrong_credentials", Reason.AUTH), ("unreachable", Reason.TRANSIENT)])
async def test_a_source_that_cannot_read_says_why(source_bench: tuple[str, Bench], which: str, reason: Reason) -> None:
    name, bench = source_bench
    offer = connector(name)
    assert offer.source is not None
    source = offer.source(getattr(bench, which)(), "main", bench.flow, bench.deps)
    with pytest.raises(ConnectorError) as caught:
        await everything(source.pages(""))
    await source.aclose()
    assert caught.value.reason is reason
    assert not any(secret in str(caught.value) for secret in (*bench.secrets, "wrong-secret"))


# ---- verify


@pytest.mark.parametrize("which", ["wrong_credentials", "unreachable"])
async def test_verify_says_what_to_do_when_nothing_works(sink_bench: tuple[str, Bench], which: str) -> None:
    """AUTH-5."""
    name, bench = sink_bench
    offer = connector(name)
    assert offer.verifier is not None
    checks = await offer.verifier(getattr(bench, which)(), bench.deps).verify()
    assert any(not check.ok for check in checks)
    assert all(check.remedy for check in checks if not check.ok)
    assert not any(secret in str(checks) for secret in (*bench.secrets, "wrong-secret"))
