"""SEC-3: nothing that is looked at tells a person's data or a secret: logs of every level, headers, metrics, outcomes, details of failures,
what `status`, `trace` and `dead` print, what is audited. Persons made of canaries went through everything that can go wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from schemas.record import Record
from tests.integration.observe.observed import CANARIES, EMAIL, GOOD, NAME, PASSWORD, SECRET, UNKNOWN, Observed, broken


def told(text: str) -> list[str]:
    """The canaries in a text, however it is escaped."""
    plain = text.replace("\\u0020", " ").casefold()
    return [canary for canary in CANARIES if canary.casefold() in plain]


def assert_silent(what: str, text: str) -> None:
    found = told(text)
    where = [line[:400] for line in text.splitlines() if told(line)][:5]
    assert not found, f"{what} tells {found}: {where}"


def test_the_canaries_were_there(scene: Observed) -> None:
    """Else the other tests would prove nothing."""
    payloads = b"".join(
        record.value or b"" for record in scene.records("raw.walmart.orders", "orders", "dead.transform")
    )
    assert NAME.encode() in payloads
    assert EMAIL.encode() in payloads
    assert scene.env["CAUSEWAY_ODOO__PASSWORD"] == PASSWORD
    assert SECRET in scene.env.values()


def test_logs_of_all_levels_are_silent(scene: Observed) -> None:
    logs = {path.name: path.read_text(errors="replace") for path in (scene.world.folder / "logs").glob("*.log")}
    ours = {name: text for name, text in logs.items() if name.startswith(("worker", "poller"))}
    assert any('"level": "debug"' in text for text in ours.values())
    for name, text in ours.items():
        assert_silent(name, text)


def test_every_line_is_an_object_and_failures_carry_their_correlation_id(scene: Observed) -> None:
    """OPS-3."""
    lines = [
        json.loads(line)
        for path in (scene.world.folder / "logs").glob("worker-*.log")
        for line in path.read_text().splitlines()
    ]
    assert all({"event", "level", "logger", "timestamp"} <= set(line) for line in lines)
    failed = [line for line in lines if line["event"] == "record_failed"]
    keys = {f"walmart:demo:{number}" for number, _ in broken()}
    assert keys <= {line["correlation"] for line in failed}
    assert {"dead", "held", "retry"} <= {line["result"] for line in failed}


def test_headers_and_keys_of_all_topics_are_silent(scene: Observed) -> None:
    for record in scene.records():
        shown = [f"{name}={content.decode(errors='replace')}" for name, content in record.headers]
        assert_silent(
            f"{record.origin}, headers and key", "\n".join([*shown, (record.key or b"").decode(errors="replace")])
        )


def test_topics_without_personal_data_hold_none(scene: Observed) -> None:
    """The topic table says which these are; outcomes, audit, cursors and key states are among them."""
    names = [topic.name for topic in scene.settings.topic_table() if not topic.pii]
    assert "outcomes" in names
    for record in scene.records(*names):
        assert_silent(record.origin, (record.value or b"").decode(errors="replace"))


def test_failed_records_tell_only_in_their_value(scene: Observed) -> None:
    letters = list(_failed(scene, scene.records()))
    assert len(letters) >= len(list(broken()))
    for letter in letters:
        rest = {name: value for name, value in letter.items() if name != "value"}
        assert_silent(f"failed record {letter['key']}", repr(rest))


def test_metrics_are_silent(scene: Observed) -> None:
    for name in ("worker", "poller"):
        exposition = scene.metrics(name)
        assert "causeway_build_info" in exposition
        assert_silent(f"metrics of the {name}", exposition)


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("status", "--json"),
        ("trace", GOOD),
        ("trace", UNKNOWN, "--json"),
        ("trace", GOOD, "--content"),
        ("trace", "9900000000111", "--content", "--json"),
        ("trace", "9900000000118", "--content"),
        ("dead", "list"),
        ("dead", "list", "--json"),
        ("poll", "cursors", "--json"),
        ("verify", "--json"),
    ],
)
def test_commands_print_nothing_personal(scene: Observed, command: tuple[str, ...]) -> None:
    done = scene.cli(*command)
    assert done.stdout, done.stderr
    assert_silent(" ".join(command), done.stdout + done.stderr)


def test_every_dead_letter_shows_masked(scene: Observed) -> None:
    shown = scene.cli("dead", "list", "--json", "--limit", "0")
    ids = [letter["id"] for letter in json.loads(shown.stdout)["records"]]
    assert ids
    for failed_id in ids[:6]:
        done = scene.cli("dead", "show", failed_id)
        assert done.returncode == 0, done.stderr
        assert_silent(f"dead show {failed_id}", done.stdout + done.stderr)


def test_wrong_secrets_are_not_told_back(scene: Observed) -> None:
    account = "CAUSEWAY_WALMART__ACCOUNTS__DEMO__CLIENT_SECRET"
    done = scene.cli("verify", **{account: f"x{SECRET}", "CAUSEWAY_ODOO__PASSWORD": f"x{PASSWORD}"})
    assert done.returncode == 1
    assert_silent("verify", done.stdout + done.stderr)


def _failed(scene: Observed, records: Iterable[Record]) -> Iterable[dict[str, Any]]:
    for record in records:
        if record.topic.startswith(("dead.", "held.")) and record.topic != "dead.actions" and record.value:
            yield scene.codec.decode("failed_record", record.value)
