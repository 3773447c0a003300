"""`causeway gateway`: what people do with Boxes is done, shown and written down (EDGE-4, SEC-1, SEC-6)."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams.gateway import entries
from streams.gateway.credentials import code_hash
from tests.unit.cli import samples
from tests.unit.cli.samples import CODEC, Kafka

BOX = "b8:27:eb:00:00:01"


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """Empty topics."""
    made = Kafka()
    made.stand_in(monkeypatch, ("gateway.desk",), ("gateway.desk",))
    monkeypatch.setattr("streams.gateway.desk.Registry", lambda _: contextlib.nullcontext())
    monkeypatch.setattr("streams.gateway.desk.prepare", lambda *_: None)
    return made


def causeway(*words: str, code: int = 0) -> str:
    return samples.causeway("gateway", *words, code=code)


def boxes() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(causeway("boxes", "--json"))["boxes"]
    return found


def give_token(kafka: Kafka) -> None:
    """What a gateway does when the code is typed."""
    offset = next(
        number
        for number, one in reversed(list(enumerate(kafka.messages)))
        if (one.key or b"").startswith(b"enrolment:")
    )
    entry = entries.credential(
        BOX, "a" * 12, "digest", offset, called="packing 1", agent_version="0.1.0", by="gw", at=datetime.now(UTC)
    )
    kafka.send_all([entries.message(CODEC, "edge.boxes", entry)])


def report(kafka: Kafka, at: datetime, **said: Any) -> None:
    kafka.send_all([entries.message(CODEC, "edge.boxes", entries.health(BOX, said, by="gw", at=at))])


def audited(kafka: Kafka) -> list[dict[str, Any]]:
    return [CODEC.decode("audit", message.value) for message in kafka.on("audit")]


def test_a_code_is_shown_once_and_kept_as_a_hash(kafka: Kafka) -> None:
    said = causeway("enrol", "B8:27:EB:00:00:01")
    code = said.splitlines()[0]
    assert re.fullmatch(r"(\w{4}-){3}\w{4}", code)
    (message,) = kafka.on("edge.boxes")
    entry = CODEC.decode("edge_box", message.value)
    assert (entry["box"], entry["code_hash"]) == (BOX, code_hash(code))
    assert entry["expires_at"] - entry["at"] == timedelta(minutes=15)
    assert code not in str(kafka.messages)
    (audit,) = audited(kafka)
    assert (audit["action"], audit["subject"], audit["before"]) == ("enrol", f"box:{BOX}", "expired")
    assert boxes()[0]["state"] == "waiting"


def test_a_box_that_has_a_token_keeps_it_until_the_new_code_is_used(kafka: Kafka) -> None:
    causeway("enrol", BOX)
    give_token(kafka)
    assert "goes on counting" in causeway("enrol", BOX, "--minutes", "5")
    assert json.loads(causeway("enrol", BOX, "--json"))["replaces"] is True
    assert [box["state"] for box in boxes()] == ["enrolled"]


@pytest.mark.parametrize(
    "words", [("enrol", "a/b"), ("enrol", ""), ("enrol", BOX, "--minutes", "0"), ("enrol", "x" * 65)]
)
def test_what_is_no_box_or_no_time(kafka: Kafka, words: tuple[str, ...]) -> None:
    causeway(*words, code=2)
    assert kafka.messages == []


def test_how_a_box_is_is_shown(kafka: Kafka) -> None:
    assert "there are no Boxes" in causeway("boxes")
    causeway("enrol", BOX)
    give_token(kafka)
    now = datetime.now(UTC)
    sent_at = int((now + timedelta(seconds=90)).timestamp() * 1e6)
    report(
        kafka,
        now - timedelta(seconds=30),
        spool_events=41,
        dropped=2,
        poll_gaps=1,
        skew_ms=-1500,
        sent_at=sent_at,
        agent_version="0.1.0",
    )
    kafka.send_all(
        [
            entries.message(
                CODEC, "edge.boxes", entries.through(BOX, 977, "id", "w", by="gw", at=now - timedelta(minutes=2))
            )
        ]
    )
    causeway("configure", BOX, "log_level=debug")
    (box,) = boxes()
    assert (box["through"], box["health"]["spool_events"], box["name"]) == (977, 41, "packing 1")
    assert box["clock_error_seconds"] == pytest.approx(120, abs=1)
    assert (box["has_config"], box["config"]) == (False, {"log_level": "DEBUG"})
    shown = causeway("boxes")
    for part in ("enrolled", "977", "41", "-1500 ms", "+120.0 s", "not yet there", "0.1.0"):
        assert part in shown


def test_a_box_whose_credential_two_spools_use_is_shown_until_it_is_enrolled_anew(kafka: Kafka) -> None:
    """EDGE-3"""
    causeway("enrol", BOX)
    give_token(kafka)
    assert boxes()[0]["used_twice_at"] is None
    kafka.send_all([entries.message(CODEC, "edge.boxes", entries.twice(BOX, "a" * 12, by="gw", at=datetime.now(UTC)))])
    assert boxes()[0]["used_twice_at"] is not None
    assert "used twice" in causeway("boxes")
    causeway("enrol", BOX)
    assert "used twice" in causeway("boxes"), "not before the code is used"
    number = max(place for place, one in enumerate(kafka.messages) if (one.key or b"").startswith(b"enrolment:"))
    entry = entries.credential(
        BOX, "b" * 12, "digest", number, called="", agent_version="", by="gw", at=datetime.now(UTC)
    )
    kafka.send_all([entries.message(CODEC, "edge.boxes", entry)])
    assert "used twice" not in causeway("boxes")


def test_settings_are_set_and_taken_back_one_by_one(kafka: Kafka) -> None:
    causeway("enrol", BOX)
    causeway("configure", BOX, "batch_events=100", "devices=usb_05e0:1200")
    assert "batch_events" not in causeway("configure", BOX, "batch_events=", "--note", "slow line")
    written = len(kafka.messages)
    causeway("configure", BOX, "devices=usb_05e0:1200")  # nothing changes, nothing is written
    assert len(kafka.messages) == written
    assert boxes()[0]["config"] == {"devices": ["usb_05e0:1200"]}
    last = audited(kafka)[-1]
    assert (last["action"], last["note"], last["before"]) == (
        "configure",
        "slow line",
        "batch_events=100 devices=['usb_05e0:1200']",
    )


@pytest.mark.parametrize("word", ["token=x", "batch_events=many", "batch_events"])
def test_what_cannot_be_set_is_told(kafka: Kafka, word: str) -> None:
    causeway("enrol", BOX)
    causeway("configure", BOX, word, code=2)
    assert len(kafka.on("edge.boxes")) == 1


def test_a_box_is_revoked(kafka: Kafka) -> None:
    causeway("enrol", BOX)
    give_token(kafka)
    causeway("revoke", BOX, code=2)  # nobody can be asked
    assert "was enrolled" in causeway("revoke", BOX, "--yes", "--note", "stolen")
    assert [box["state"] for box in boxes()] == ["revoked"]
    assert (audited(kafka)[-1]["action"], audited(kafka)[-1]["note"]) == ("revoke", "stolen")


@pytest.mark.parametrize("words", [("revoke", "other", "--yes"), ("configure", "other", "log_level=INFO")])
def test_a_box_nobody_knows(kafka: Kafka, words: tuple[str, ...]) -> None:
    assert "there is no Box 'other'" in causeway(*words, code=1)
    assert kafka.messages == []
