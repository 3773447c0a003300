"""OPS-5, OPS-1: trace and status of all flows, on a real broker, from what the stages themselves wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.kit.ports import Delivery, Outcome, Result, failed, submitted
from schemas.codec import Codec
from schemas.headers import encode_headers
from schemas.reasons import Reason
from schemas.record import Message
from schemas.records import RawEvent
from schemas.topics import DESTINATIONS, raw
from streams.cli import app
from streams.connectors import discover, load_connected_settings
from streams.observe.standing import Following, Standing, StandingCollector
from streams.observe.status import Unknown, look
from streams.observe.trace import UnknownOrderError, find_journey
from streams.phases import Phase
from streams.settings import KafkaSettings, RegistrySettings
from streams.worker import now
from tests.integration.failure_kit import headers, now_ms, send, unique
from tests.integration.stages_kit import FakeSink, Line, registry_of, settings_of
from tests.unit.observe.bodies import body_of
from tests.unit.stages.samples import order

BUYER = "Ava Testwell"


class Walmart(FakeSink):
    """Ships, refuses refunds, and takes stock by a feed."""

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        self.written += batch
        operation = batch[0].operation
        if operation == "refund_order":
            return [failed(Reason.RULE, "no return of it")] * len(batch)
        if operation == "set_stock":
            return [submitted("feed:F1|1", 60)] * len(batch)
        return [Outcome(Result.APPLIED, remote_id="w")] * len(batch)


@pytest.fixture
def shop() -> str:
    return unique("shop")


@pytest.fixture
async def line(bootstrap: str, registry_url: str, shop: str, monkeypatch: pytest.MonkeyPatch) -> Line:
    """An order both ways and a SKU, of a shop of its own: everything is on but returns, which are in shadow."""
    settings = settings_of(
        bootstrap, registry_url, phases={"walmart": {shop: {"all": Phase.ON, "returns": Phase.SHADOW}}}
    )
    codec = Codec(registry_of(registry_url))
    sinks: dict[str, FakeSink] = {name: FakeSink(name) for name in DESTINATIONS} | {"walmart": Walmart("walmart")}
    made = Line(settings, codec, shop, ("walmart", shop), sinks, now_ms())
    for name, value in {
        "KAFKA__BOOTSTRAP": bootstrap, "REGISTRY__URL": registry_url, "PHASES": json.dumps({"walmart": {shop: {"all": "on", "returns": "shadow"}}}),
        f"WALMART__ACCOUNTS__{shop.upper()}__CLIENT_ID": "i", f"WALMART__ACCOUNTS__{shop.upper()}__CLIENT_SECRET": "s",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CAUSEWAY_{name}", value)
    monkeypatch.setattr("schemas.codec.Codec", lambda _: codec)  # one registry connection for all tests
    monkeypatch.setattr("schemas.registry.Registry", lambda _: None)
    monkeypatch.setattr("streams.observe.status.Codec", lambda _: codec)
    monkeypatch.setattr("streams.observe.status.Registry", lambda _: None)
    await play(made)
    return made


async def play(made: Line) -> None:
    key, sku = f"walmart:{made.mine}:1", sku_of(made)
    picking, note = f"odoo:picking:{made.mine}", f"odoo:account_move:{made.mine}"
    send(made.settings, [fetched(made, "picking", picking)])
    channel = f"walmart:{made.mine}"
    entities: list[tuple[str, Any]] = [
        ("order", order("1", key=key, account=made.mine)),
        ("shipment", body_of("shipment", key=picking, order_key=key)),
        ("refund", body_of("refund", key=note, order_key=key, return_key="")),
        ("return_order", body_of("return_order", key=f"walmart:{made.mine}:return:7", order_key=key)),
        ("stock_level", body_of("stock_level", key=f"sku:{sku}", sku=sku)),
        ("availability", body_of("availability", key=f"stock:{channel}:{sku}", sku=sku, channel="walmart", account=made.mine, urgent=False)),
    ]  # fmt: skip
    records = [made.canonical(entity, body) for entity, body in entities]
    send(made.settings, [Message(record.topic, record.key, record.value, record.headers) for record in records])
    await made.route(*[record for record in records if record.topic != "inventory"])
    await made.deliver()


def sku_of(made: Line) -> str:
    return f"{made.mine}-A:1"


def fetched(made: Line, entity: str, key: str) -> Message:
    event = RawEvent(
        source="odoo", account="main", entity=entity, key=key, payload=json.dumps({"name": BUYER}).encode(), content_type="application/json",
        fetched_at=now(), checksum="c", correlation=key, request="",
    )  # fmt: skip
    return Message(
        raw("odoo", f"{entity}s"), key.encode(), made.codec.encode("raw_event", event), encode_headers(headers(key))
    )


def traced(made: Line, *args: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["trace", *args, "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def standings(found: dict[str, Any]) -> dict[str, str]:
    return {one["operation"]: one["state"] for one in found["deliveries"]}


def test_an_order_is_traced_both_ways(line: Line) -> None:
    """FUL-2, RET-1, RET-2: also what has keys of its own, and what is in shadow."""
    found = traced(line, f"walmart:{line.mine}:1")
    assert (found["state"], found["reason"], found["remote_id"]) == ("dead", "rule", f"walmart:{line.mine}:1")
    assert standings(found) == {
        "upsert_order": "applied", "ship_order": "applied", "refund_order": "dead", "upsert_return": "shadow",
    }  # fmt: skip
    topics = {step["origin"].partition("/")[0] for step in found["steps"]}
    assert {
        "orders",
        "raw.odoo.pickings",
        "shipments",
        "refunds",
        "returns",
        "shadow.odoo",
        "dead.walmart",
        "deliver.walmart.critical",
    } <= topics
    assert "inventory" not in topics
    assert BUYER not in json.dumps(found)
    assert [step["origin"] for step in traced(line, "1")["steps"]] == [
        step["origin"] for step in found["steps"]
    ]  # the account is configured


def test_a_transfer_is_traced_to_the_command_it_led_to(line: Line) -> None:
    found = traced(line, f"odoo:picking:{line.mine}")
    assert standings(found) == {"ship_order": "applied"}
    assert found["state"] == "applied"
    assert not any("refund" in step["text"] for step in found["steps"])


@pytest.mark.parametrize("is_configured", [True, False])
def test_a_sku_is_traced_with_the_job_it_waits_for(
    line: Line, is_configured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INV-1, INV-6; also where no account is configured."""
    if not is_configured:
        monkeypatch.setenv("CAUSEWAY_WALMART__ACCOUNTS", "{}")
        for name in ("ID", "SECRET"):
            monkeypatch.delenv(f"CAUSEWAY_WALMART__ACCOUNTS__{line.mine.upper()}__CLIENT_{name}")
    found = traced(line, "--sku", sku_of(line))
    (waits,) = found["deliveries"]
    assert (waits["operation"], waits["state"], waits["job"]) == ("set_stock", "waiting", "feed:F1")
    texts = [step["text"] for step in found["steps"]]
    assert any(text.startswith("Odoo's stock: 2 on hand") for text in texts)
    assert any("is asked about feed:F1" in text for text in texts)


def test_what_is_not_there_and_what_is_asked_wrongly_is_said(line: Line) -> None:
    for args in (("sku:no-such-" + line.mine,), ("odoo:picking:no-such",)):
        done = CliRunner().invoke(app, ["trace", *args])
        assert (done.exit_code, "no topic holds anything of" in done.output) == (1, True)
    assert CliRunner().invoke(app, ["trace"]).exit_code == 2
    assert CliRunner().invoke(app, ["trace", "1", "--sku", "A"]).exit_code == 2
    with pytest.raises(UnknownOrderError):
        find_journey(line.settings, line.codec, f"walmart:{line.mine}:99")


def test_status_tells_of_each_flow_of_the_account(line: Line) -> None:
    """OPS-7: phases, what was written, what is in shadow, what failed and why, which jobs are open."""
    connectors = discover()
    settings = load_connected_settings(
        connectors, kafka=KafkaSettings(bootstrap=line.settings.kafka.bootstrap), registry=RegistrySettings(url=line.settings.registry.url)
    )  # fmt: skip
    found = look(settings, connectors, now=now())
    assert not isinstance(found.writes, Unknown)
    rows = {row.flow: row for row in found.writes.rows if row.account == f"walmart:{line.mine}"}
    assert len(rows) == 11
    assert {name: rows[name].phase for name in ("orders", "returns")} == {"orders": "on", "returns": "shadow"}
    assert (rows["orders"].applied, rows["shipments"].applied, rows["returns"].shadow) == (1, 1, 1)
    assert (rows["refunds"].applied, rows["refunds"].dead) == (0, {"rule": 1})
    assert (rows["stock"].waiting, [(job.job, job.records) for job in rows["stock"].jobs]) == (1, [("feed:F1", 1)])
    assert rows["prices"].is_quiet


def test_what_stands_is_scraped(line: Line) -> None:
    """OPS-1: deliveries in shadow, by account and flow."""
    following = Following(line.settings.kafka.librdkafka())
    collector = StandingCollector(Standing(line.codec), following)
    try:
        for _ in range(100):  # a scrape reads for a second at most; a busy cluster may hold much
            found = {tuple(s.labels.values()): s.value for family in collector.collect() for s in family.samples}
            if found:
                break
        assert found[f"walmart:{line.mine}", "returns"] == 1
    finally:
        collector.close()
