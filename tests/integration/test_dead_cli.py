"""ERR-6, OPS-5: people work with dead letters, held records and mappings on the command line; what personal data they see is masked."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.codec import Codec
from schemas.headers import decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.cli import dead, held, mapping
from streams.failure.routing import FailureRouting, replays_of
from streams.settings import Settings
from tests.integration.failure_kit import headers, make_codec, make_settings, now_ms, records, send, unique

TARGET = "deliver.odoo.bulk"
CANARY = "Canary Nightingale"
AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def settings(bootstrap: str, registry_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", bootstrap)
    monkeypatch.setenv("CAUSEWAY_REGISTRY__URL", registry_url)
    return make_settings(bootstrap, registry_url, ("3s", "7s"))


@pytest.fixture
def codec(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Codec:
    made = make_codec(settings)
    monkeypatch.setattr("schemas.codec.Codec", lambda _: made)  # one registry connection for all tests
    monkeypatch.setattr("schemas.registry.Registry", lambda _: None)
    return made


def order(name: str) -> dict[str, Any]:
    money = {"amount": "10.00", "currency": "USD"}
    line = {"line_id": "1", "sku": "B-1", "quantity": "x", "name": "Box"}
    return {
        "key": name, "source": "walmart", "account": "ACME", "order_id": "1796277083022", "version": 7, "status": "created", "ordered_at": AT,
        "updated_at": AT, "currency": "USD", "total": money, "tax_total": money, "lines": [line_of(line)],
        "buyer": {"name": CANARY, "email": "canary@example.org"}, "ship_to": {"name": CANARY, "country": "US"},
    }  # fmt: skip


def line_of(values: dict[str, Any]) -> dict[str, Any]:
    """A line with every field its schema wants."""
    from schemas.codec import load_schema

    lines = next(field for field in load_schema("order")["fields"] if field["name"] == "lines")
    wanted = lines["type"]["items"]["fields"]
    money = {"amount": "10.00", "currency": "USD"}
    filled = {
        field["name"]: money if field["type"] in ("Money",) or _is_money(field) else ""
        for field in wanted
        if "default" not in field
    }
    return filled | {name: value for name, value in values.items() if name in {field["name"] for field in wanted}}


def _is_money(field: dict[str, Any]) -> bool:
    return isinstance(field["type"], dict) and field["type"].get("name") == "Money"


def fail_order(
    settings: Settings, codec: Codec, name: str, reason: Reason = Reason.DATA, waiting_for: str = ""
) -> Record:
    """An order that failed at Odoo; returns the delivery."""
    body = codec.encode("order", order(name))
    value = codec.encode(
        "deliver",
        {
            "id": "d", "destination": "odoo", "operation": "upsert_order", "source": "walmart", "account": "ACME", "key": name,
            "version": 7, "checksum": "c", "correlation": name, "created_at": AT, "schema": "order", "body": body,
        },
    )  # fmt: skip
    record = Record(TARGET, 0, now_ms() % 1_000_000, now_ms(), name.encode(), value, encode_headers(headers(name)))
    routed = FailureRouting(codec, settings).route(
        record, destination="odoo", operation="upsert_order", reason=reason, detail="quantity x is no number", now_ms=now_ms(),
        waiting_for=waiting_for,
    )  # fmt: skip
    send(settings, routed.messages)
    return record


def call(app: Any, *args: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == code, f"{args}: exit {result.exit_code}\n{result.output}\n{result.exception}"
    return result.output


def call_json(app: Any, *args: str, code: int = 0) -> Any:
    return json.loads(call(app, *args, "--json", code=code))


def test_listing_showing_and_what_is_masked(settings: Settings, codec: Codec) -> None:
    """ERR-5, SEC-3."""
    name = unique()
    fail_order(settings, codec, name)
    listed = call_json(dead.app, "list", "--key", name)
    assert (listed["total"], listed["records"][0]["reason"]) == (1, "data")
    failed_id = listed["records"][0]["id"]
    table = call(
        dead.app, "list", "--key", f"{name[:-2]}*", "--reason", "data", "--newer", "1h", "--text", "is no number"
    )
    assert failed_id[:12] in table
    assert "1 dead letters: odoo data 1" in table
    assert call_json(dead.app, "list", "--key", name, "--older", "1h")["total"] == 0
    shown = call_json(dead.app, "show", failed_id[:16])
    assert shown["value"]["body"]["order_id"] == "1796277083022"
    assert shown["value"]["body"]["lines"][0]["sku"] == "B-1"
    assert CANARY not in json.dumps(shown)
    assert CANARY not in call(dead.app, "show", failed_id)


def test_personal_data_is_shown_for_a_reason_that_is_kept(settings: Settings, codec: Codec) -> None:
    name = unique()
    fail_order(settings, codec, name)
    failed_id = call_json(dead.app, "list", "--key", name)["records"][0]["id"]
    assert "say why with --reason" in call(dead.app, "show", failed_id, "--unmasked", code=2)
    assert records(settings, "audit", failed_id) == []
    assert CANARY in call(dead.app, "show", failed_id, "--unmasked", "--reason", "the buyer called")
    (audit,) = records(settings, "audit", failed_id)
    entry = codec.decode("audit", audit.value)
    assert (entry["action"], entry["note"]) == ("view_unmasked", "the buyer called")


def test_plan_dry_run_and_replay(settings: Settings, codec: Codec, tmp_path: Path) -> None:
    name, path = unique(), tmp_path / "plan.json"
    delivery = fail_order(settings, codec, name)
    made = call_json(dead.app, "plan", "--key", name, "--out", str(path))
    assert (made["records"], made["replayable"]) == (1, 1)
    assert json.loads(path.read_text()) == made
    assert "1 to deliver.odoo.bulk" in call(dead.app, "replay", str(path), "--dry-run")
    assert records(settings, TARGET, name) == []
    assert "say --yes" in call(dead.app, "replay", str(path), code=2)
    report = call_json(
        dead.app, "replay", str(path), "--yes", "--wait", "0", "--report", str(tmp_path / "report.json"), code=1
    )
    assert report["counts"] == {"no answer": 1}
    assert json.loads((tmp_path / "report.json").read_text()) == report
    (back,) = records(settings, TARGET, name)
    assert (back.key, back.value) == (delivery.key, delivery.value)
    assert "0 of 0 dead letters" in call(dead.app, "replay", "--key", name)
    assert "replayed since the plan was made" in call(dead.app, "replay", str(path), "--yes", code=1)


def test_the_same_fault_again_is_one_dead_letter_and_the_old_one_goes_nowhere(
    settings: Settings, codec: Codec, tmp_path: Path
) -> None:
    """ERR-5, ERR-6: a resync met it again; a plan made before does not send what is older over what is newer."""
    name, path = unique(), tmp_path / "plan.json"
    fail_order(settings, codec, name)
    (old,) = call_json(dead.app, "plan", "--key", name, "--out", str(path))["entries"]
    fail_order(settings, codec, name)
    listed = call_json(dead.app, "list", "--key", name)
    (newer,) = listed["records"]
    assert (listed["total"], listed["superseded"], newer["superseded_by"]) == (1, 1, "")
    assert newer["id"] != old["failed_id"]
    both = call_json(dead.app, "list", "--key", name, "--all")["records"]
    assert {one["id"]: one["superseded_by"] for one in both} == {old["failed_id"]: newer["id"], newer["id"]: ""}
    assert f"superseded by {newer['id'][:12]}" in call(dead.app, "replay", str(path), "--yes", code=1)
    assert "edit that one" in call(dead.app, "edit", old["failed_id"], "--set", "currency=EUR", "--yes", code=1)
    assert records(settings, TARGET, name) == []
    call(dead.app, "discard", newer["id"], "--note", "wrong at the source", "--yes")
    assert call_json(dead.app, "list", "--key", name)["total"] == 0, "and the older one does not come back"


def test_a_replay_of_everything_must_be_said(settings: Settings, codec: Codec) -> None:
    assert "say which" in call(dead.app, "replay", "--yes", code=2)
    assert "say which" in call(dead.app, "discard", "--note", "x", "--yes", code=2)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("list", "--reason", "weather"), "there is no reason 'weather'"),
        (("list", "--older", "yesterday"), "is not an age"),
        (("show", "ffff0000ffff"), "there is no dead letter"),
        (("discard", "abc", "--yes"), "say why with --note"),
    ],
)
def test_wrong_usage_is_told_in_words(settings: Settings, codec: Codec, args: tuple[str, ...], problem: str) -> None:
    result = CliRunner().invoke(dead.app, list(args))
    assert result.exit_code in (1, 2)
    assert problem in result.output


def test_a_file_that_is_no_plan(settings: Settings, codec: Codec, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"format": "shopping list"}')
    assert "no replay plan" in call(dead.app, "replay", str(path), "--yes", code=2)


def test_discarding_needs_a_note_and_is_noted(settings: Settings, codec: Codec) -> None:
    name = unique()
    fail_order(settings, codec, name)
    done = call_json(dead.app, "discard", "--key", name, "--note", "a test order", "--yes")
    assert len(done["discarded"]) == 1
    assert call_json(dead.app, "list", "--key", name)["total"] == 0
    (again,) = call_json(dead.app, "list", "--key", name, "--all")["records"]
    assert (again["action"]["action"], again["action"]["note"]) == ("discarded", "a test order")
    (outcome,) = records(settings, "outcomes", name)
    assert codec.decode("outcome", outcome.value)["result"] == "discarded"
    assert records(settings, TARGET, name) == []


def test_an_edit_is_held_against_the_schema_and_sent_as_a_new_record(settings: Settings, codec: Codec) -> None:
    """ERR-6: the original is kept."""
    name = unique()
    delivery = fail_order(settings, codec, name)
    failed_id = call_json(dead.app, "list", "--key", name)["records"][0]["id"]
    assert "lines[0].colour: there is no such field" in call(
        dead.app, "edit", failed_id, "--set", "lines[0].colour=red", "--yes", code=1
    )
    assert "version: must be a whole number" in call(
        dead.app, "edit", failed_id, "--set", "version=soon", "--yes", code=1
    )
    assert "there is no entry 7" in call(dead.app, "edit", failed_id, "--set", "lines[7]=1", "--yes", code=1)
    assert "nothing was sent" in call(dead.app, "edit", failed_id, "--set", "lines[0].quantity=2", "--dry-run")
    assert records(settings, TARGET, name) == []
    done = call_json(
        dead.app, "edit", failed_id, "--set", "lines[0].quantity=2", "--note", "typing error", "--yes", "--wait", "0"
    )
    assert done["changed"] == ["lines[0].quantity"]
    (back,) = records(settings, TARGET, name)
    value = codec.decode("deliver", back.value)
    assert codec.decode("order", value["body"])["lines"][0]["quantity"] == "2"
    assert value["id"] == decode_headers(back.headers).id == done["new_id"] != decode_headers(delivery.headers).id
    assert dict(back.headers)["edited_from"].decode() == failed_id
    assert replays_of(back.headers) == 1
    original = call_json(dead.app, "show", failed_id)
    assert original["value"]["body"]["lines"][0]["quantity"] == "x"
    assert original["action"]["action"] == "edited"
    assert "was edited already" in call(dead.app, "edit", failed_id, "--set", "lines[0].quantity=3", "--yes", code=1)
    (audit,) = records(settings, "audit", failed_id)
    entry = codec.decode("audit", audit.value)
    assert (entry["before"], entry["after"]) == ('{"lines[0].quantity": "x"}', '{"lines[0].quantity": "2"}')


def answer(settings: Settings, codec: Codec, name: str, result: str) -> None:
    """What a sink does with the edited record, once it is there."""
    until = time.monotonic() + 30
    while not (found := records(settings, TARGET, name)) and time.monotonic() < until:
        pass
    known = decode_headers(found[0].headers)
    outcome = {
        "id": known.id, "destination": "odoo", "operation": "upsert_order", "source": "walmart", "account": "ACME", "key": name, "version": 7,
        "checksum": known.checksum, "result": result, "reason": "data" if result == "dead" else "", "detail": "no such country",
        "correlation": known.correlation, "status": "", "entity": "order", "fetched_at": AT, "at": AT,
    }  # fmt: skip
    send(settings, [Message("outcomes", name.encode(), codec.encode("outcome", outcome), encode_headers(known))])


@pytest.mark.parametrize(("result", "code"), [("applied", 0), ("dead", 1)])
def test_an_edit_says_what_became_of_it(settings: Settings, codec: Codec, result: str, code: int) -> None:
    """ERR-6: as a replay does; a value no destination could read is not sent at all."""
    name = unique()
    fail_order(settings, codec, name)
    failed_id = call_json(dead.app, "list", "--key", name)["records"][0]["id"]
    said = call(dead.app, "edit", failed_id, "--set", "lines[0].quantity=abc", "--yes", code=1)
    assert "lines[0].quantity: must be a number" in said
    assert records(settings, TARGET, name) == []
    with ThreadPoolExecutor(1) as sink:
        answered = sink.submit(answer, settings, codec, name, result)
        sent = CliRunner().invoke(dead.app, ["edit", failed_id, "--set", "lines[0].quantity=2", "--yes", "--json"])
        answered.result()
    told = json.loads(sent.output)
    assert sent.exit_code == code, sent.output
    assert (told["result"], told["detail"]) == (result, "no such country")


def test_editing_a_person_leaves_no_trace_of_them_in_the_audit(
    settings: Settings, codec: Codec, tmp_path: Path
) -> None:
    """SEC-3."""
    name, path = unique(), tmp_path / "order.json"
    fail_order(settings, codec, name)
    failed_id = call_json(dead.app, "list", "--key", name)["records"][0]["id"]
    document = json.loads(json.dumps(order(name), default=lambda moment: moment.isoformat()))
    path.write_text(json.dumps(document | {"buyer": {"name": "Somebody Else", "email": ""}}))
    call(dead.app, "edit", failed_id, "--file", str(path), "--yes", "--wait", "0")
    (audit,) = records(settings, "audit", failed_id)
    assert b"Somebody" not in (audit.value or b"")
    assert CANARY.encode() not in (audit.value or b"")


def test_held_records_and_mappings(settings: Settings, codec: Codec) -> None:
    """ORD-9."""
    name = unique()
    delivery = fail_order(settings, codec, name, Reason.MAPPING, f"sku:walmart:ACME:{name}")
    listed = call_json(held.app, "list", "--waiting-for", f"sku:walmart:ACME:{name}")
    assert listed["total"] == 1
    failed_id = listed["records"][0]["id"]
    assert f"sku:walmart:ACME:{name}" in call(held.app, "list", "--key", name)
    assert CANARY not in call(held.app, "show", failed_id)
    # By hand before there is a mapping: once there is one, a worker of another test may release it first.
    assert call_json(held.app, "release", failed_id, "--yes")["released"] == [failed_id]
    (back,) = records(settings, TARGET, name)
    assert back.value == delivery.value
    assert call_json(held.app, "list", "--key", name)["total"] == 0
    fail_order(settings, codec, name, Reason.MAPPING, f"sku:walmart:ACME:{name}")
    made = call_json(mapping.app, "set", "sku", "walmart", name, "OUR-1", "--note", "same box")
    assert (made["held_for_it"], made["replaced"]) == (1, None)
    assert "(was OUR-1)" in call(mapping.app, "set", "sku", "walmart", name, "OUR-2")
    entries = call_json(mapping.app, "list", "--kind", "sku")["entries"]
    assert [entry["internal"] for entry in entries if entry["external"] == name] == ["OUR-2"]
    assert "OUR-2" in call(mapping.app, "list")
    assert call_json(mapping.app, "remove", "sku", "walmart", name, "--yes")["removed"]["internal"] == "OUR-2"
    assert "there is no entry" in call(mapping.app, "remove", "sku", "walmart", name, "--yes", code=1)
    assert "there is no marketplace 'wal:mart'" in call(mapping.app, "set", "sku", "wal:mart", name, "X", code=2)


def test_a_held_record_can_be_discarded(settings: Settings, codec: Codec) -> None:
    name = unique()
    fail_order(settings, codec, name, Reason.MAPPING, "sku:walmart:ACME:gone")
    assert "say why" in call(held.app, "discard", "--key", name, "--yes", code=2)
    assert len(call_json(held.app, "discard", "--key", name, "--note", "cancelled", "--yes")["discarded"]) == 1
    assert call_json(held.app, "list", "--key", name)["total"] == 0
    assert records(settings, TARGET, name) == []
