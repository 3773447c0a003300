"""EVT-1, OPS-5: a schema that is not known is told from an address where no schema registry answers. Who took one for the other would find nothing
readable, and call everything empty with exit code 0."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from schemas.codec import Codec, DecodeError
from schemas.headers import encode_headers
from schemas.record import Message
from schemas.registry import NoRegistryError, Registry, RegistryError
from schemas.topics import MAPPINGS, OUTCOMES, PRICE_LEDGER, STOCK_LEDGER, held, shadow, topic_table
from streams.cli import main
from streams.observe.on_the_way import OnTheWay
from streams.observe.status import Unknown, _known, _outcomes
from streams.settings import Settings
from streams.stages.demand import sku_key
from streams.worker import Ids
from tests.unit.cli.samples import CODEC, NOW, Kafka, failed, letter
from tests.unit.failure.samples import headers
from tests.unit.observe.outcomes import outcome

Answer = tuple[int, str, bytes]
JSON, HTML = "application/json", "text/html"


def nothing(_path: str) -> Answer:
    """Apicurio without its path, a proxy: nothing of that name."""
    return 404, HTML, b"<html>Resource not found</html>"


def quarkus(_path: str) -> Answer:
    """The same as JSON, with a code that is none of a schema registry."""
    return 404, JSON, b'{"message": "Could not find resource", "error_code": 404}'


def page(_path: str) -> Answer:
    """Another service that answers everything."""
    return 200, HTML, b"<html>Welcome</html>"


def empty(path: str) -> Answer:
    """A registry that has nothing."""
    if path.startswith("/subjects/"):
        return 404, JSON, b'{"error_code": 40401, "message": "Subject not found"}'
    return (
        (200, JSON, b"[]")
        if path == "/subjects"
        else (404, JSON, b'{"error_code": 40403, "message": "Schema not found"}')
    )


def ours(path: str) -> Answer:
    """One with our subjects and other ids."""
    return (200, JSON, b"[1]") if path == f"/subjects/{OUTCOMES}-value/versions" else empty(path)


def silent(path: str) -> Answer:
    """A registry whose 404 has no body, but which has a list of subjects, and ours."""
    return (
        (200, JSON, b"[]")
        if path == "/subjects"
        else (200, JSON, b"[1]")
        if path.endswith("/versions")
        else (404, HTML, b"")
    )


@contextmanager
def served(answer: Any) -> Iterator[tuple[str, list[str]]]:
    """Its address and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            asked.append(path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, kind, body = answer(path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET  # noqa: N815 - names the server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("answer", [nothing, quarkus, page])
def test_an_address_without_a_registry_is_said_whatever_is_asked(answer: Any) -> None:
    with served(answer) as (url, _), Registry({"url": url}) as registry:
        said = f"^no schema registry at {url}; is /apis/ccompat/v7 missing\\?$"
        for ask in (
            lambda: registry.schema_of(29),
            lambda: registry.id_of("order"),
            lambda: registry.register(topic_table()),
        ):
            with pytest.raises(NoRegistryError, match=said):
                ask()


def test_an_address_that_has_the_path_is_not_told_to_have_it() -> None:
    with (
        served(nothing) as (url, _),
        Registry({"url": f"{url}/apis/ccompat/v7"}) as registry,
        pytest.raises(NoRegistryError, match=r"v7; is CAUSEWAY_REGISTRY__URL wrong\?$"),
    ):
        registry.schema_of(29)


def test_a_registry_that_has_nothing_of_ours_made_no_record_unreadable() -> None:
    """It lost its data, or is another one: waits for a person, as when it is away; the records are well."""
    with served(empty) as (url, _), Registry({"url": url}) as registry:
        with pytest.raises(NoRegistryError, match="holds none of Causeway's schemas"):
            registry.schema_of(29)
        with pytest.raises(RegistryError, match="run `causeway schemas register`") as raised:
            registry.id_of("order")
        assert not isinstance(raised.value, NoRegistryError)


@pytest.mark.parametrize("answer", [ours, silent])
def test_an_unknown_schema_is_a_fault_of_the_record_and_asked_about_once(answer: Any) -> None:
    with served(answer) as (url, asked), Registry({"url": url}) as registry:
        for number in (29, 30):
            with pytest.raises(KeyError):
                registry.schema_of(number)
        assert [path for path in asked if path.startswith("/subjects")].count("/subjects") <= 1
        assert sum(path.endswith("/versions") for path in asked) == 1
        with pytest.raises(DecodeError, match="the registry knows no schema"):
            Codec(Ids(registry)).decode("order", b"\x00\x00\x00\x00\x1dx")


def _said() -> list[Message]:
    """A record on each topic that commands show, written with schemas that another registry has."""
    entry = {
        "kind": "sku", "source": "walmart", "account": "", "external": "A", "internal": "B", "actor": "ann", "at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    waiting = failed("cc1", state="held", waiting_for="sku:walmart:main:X")
    return [
        letter("aa1"),
        Message(held("odoo"), b"k", CODEC.encode("failed_record", waiting), ()),
        Message(MAPPINGS, b"sku:walmart::A", CODEC.encode("mapping", entry), ()),
        Message(PRICE_LEDGER, b"sku:A", b"\x00\x00\x00\x00\x1dx", ()),
        Message(STOCK_LEDGER, sku_key("A").encode(), b"\x00\x00\x00\x00\x1dx", encode_headers(headers())),
        Message(shadow("odoo"), b"k", b"\x00\x00\x00\x00\x1dx", encode_headers(headers())),
        Message(OUTCOMES, b"walmart:main:1", CODEC.encode("outcome", outcome("upsert_order", "applied")), ()),
    ]


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """Topics that hold something; no configuration from outside."""
    made = Kafka()
    made.messages = _said()
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    readers = (
        "failure.dead",
        "failure.held_list",
        "failure.mappings",
        "approvals",
        "shadow",
        "stages.stock.explain",
        "observe.trace",
    )
    for module in readers:
        monkeypatch.setattr(f"streams.{module}.read_to_end", made.read)
    monkeypatch.setattr("streams.observe.trace._places", lambda config, names, keys: {0: set(names)})
    monkeypatch.setattr("streams.kafka.ensure_topics", lambda settings: [])
    return made


def run(monkeypatch: pytest.MonkeyPatch, url: str, words: Sequence[str]) -> int:
    """What the program ends with."""
    monkeypatch.setenv("CAUSEWAY_REGISTRY__URL", url)
    monkeypatch.setattr("sys.argv", ["causeway", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


LISTS = (("dead", "list"), ("held", "list"), ("mapping", "list"), ("shadow", "list"))
VIEWS = (
    *LISTS, ("dead", "show", "aa1"), ("held", "show", "cc1"), ("price", "proposals"), ("price", "explain", "A"),
    ("stock", "list"), ("stock", "explain", "A"), ("trace", "walmart:main:1"),
)  # fmt: skip


@pytest.mark.usefixtures("kafka")
@pytest.mark.parametrize("words", [*VIEWS, ("schemas", "register")], ids=" ".join)
def test_every_command_says_in_one_line_that_there_is_no_registry(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: Sequence[str]
) -> None:
    with served(nothing) as (url, _):
        assert run(monkeypatch, url, words) == 3
    said = capsys.readouterr()
    assert said.err == f"no schema registry at {url}; is /apis/ccompat/v7 missing?\n"
    assert said.out == ""


@pytest.mark.usefixtures("kafka")
@pytest.mark.parametrize("words", VIEWS, ids=" ".join)
def test_what_cannot_be_read_is_never_a_total_of_zero(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: Sequence[str]
) -> None:
    """Our registry, made anew with other ids."""
    with served(ours) as (url, _):
        assert run(monkeypatch, url, words) == 1
    said = capsys.readouterr()
    assert "cannot be read" in said.err
    assert not re.search(r"(?m)^0 |none", said.out)
    assert "waiting" not in said.out
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("kafka")
@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_as_json_the_total_is_then_not_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: Sequence[str]
) -> None:
    with served(ours) as (url, _):
        assert run(monkeypatch, url, [*words, "--json"]) == 1
    assert orjson.loads(capsys.readouterr().out)["total"] is None


@pytest.mark.usefixtures("kafka")
@pytest.mark.parametrize(
    ("answer", "remedy"), [(nothing, "set CAUSEWAY_REGISTRY__URL"), (ours, "causeway schemas register")]
)
def test_verify_advises_what_helps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Any, remedy: str
) -> None:
    with served(answer) as (url, _):
        assert run(monkeypatch, url, ["verify", "registry"]) == 1
    assert f"-> run `{remedy}" in (said := capsys.readouterr().out) or f"-> {remedy}" in said
    assert ("schemas register" in said) is (answer is ours)


@pytest.mark.parametrize(
    ("answer", "says"), [(nothing, "no schema registry"), (ours, "none of 1 outcomes can be read")]
)
def test_status_says_unknown_where_it_could_not_read(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch, answer: Any, says: str
) -> None:
    class Newest:
        is_cut = False

        def __init__(self, config: Any, names: Sequence[str], **_: Any) -> None:
            self._names = names

        def records(self) -> Any:
            return kafka.read({}, self._names)

    monkeypatch.setattr("streams.observe.status.NewestReader", Newest)
    monkeypatch.setattr("streams.observe.status.orders_on_the_way", lambda *_: OnTheWay())
    with served(answer) as (url, _), Registry({"url": url}) as registry:
        found = _known(lambda: _outcomes(Settings(), (), Codec(registry), NOW))
    assert isinstance(found, Unknown)
    assert says in found.unknown
