"""Looking at one failed record: all that is known of it, and that somebody saw personal data is written down first (ERR-6, SEC-4)."""

from __future__ import annotations

import orjson
import pytest

from schemas.record import Message
from schemas.topics import AUDIT, held
from tests.unit.cli.samples import CODEC, Kafka, causeway, discarded, failed, letter


@pytest.fixture(autouse=True)
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """With a dead letter of the word `aa1`, one of `bb1` that is discarded, and a held record `cc1`."""
    made = Kafka()
    made.stand_in(monkeypatch, ("failure.dead", "failure.held_list"), ("kafka",))
    waiting = failed("cc1", state="held", waiting_for="sku:walmart:main:X")
    made.messages += [letter("aa1"), letter("bb1"), discarded("bb1")]
    made.messages.append(Message(held("odoo"), b"k", CODEC.encode("failed_record", waiting), ()))
    return made


def test_all_that_is_known_of_a_letter_is_shown_and_its_record_last(kafka: Kafka) -> None:
    lines = causeway("dead", "show", "bb", code=0).splitlines()
    assert "id             bb1" in lines
    assert any(line.startswith("lies_at        dead.odoo/0/1") for line in lines)
    assert any(line.startswith("action ") and "discarded" in line for line in lines)
    assert not any(line.startswith(("waiting_for", "superseded_by")) for line in lines)  # they say nothing
    assert lines.index("value") == len(lines) - 2
    assert kafka.on(AUDIT) == []


def test_a_held_record_is_shown_the_same_way() -> None:
    lines = causeway("held", "show", "cc1", code=0).splitlines()
    assert "waiting_for    sku:walmart:main:X" in lines
    assert lines.index("value") == len(lines) - 2


def test_who_sees_personal_data_and_why_is_kept(kafka: Kafka) -> None:
    """SEC-4: with the correlation of the record, so that it is found with the order."""
    assert "say why with --reason" in causeway("dead", "show", "aa1", "--unmasked", code=2)
    assert kafka.on(AUDIT) == []
    shown = orjson.loads(causeway("dead", "show", "aa1", "--unmasked", "--reason", "the buyer asks", "--json", code=0))
    (entry,) = [CODEC.decode("audit", message.value) for message in kafka.on(AUDIT)]
    assert (entry["action"], entry["subject"], entry["note"]) == ("view_unmasked", "aa1", "the buyer asks")
    assert entry["correlation"] == shown["correlation"] == "corr-1"
